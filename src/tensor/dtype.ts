/**
 * The element types of tensors. All arithmetic is defined on `float32`, `int32` and `bool`; `float16` and `bfloat16` are
 * storage types that an engine may or may not compute in (see `Engine.dtypes`). Where it does, composite ops (norms, softmax,
 * attention) and sums are to be computed in float32 and rounded once at their end.
 */
export const dtypes = ['float32', 'float16', 'bfloat16', 'int32', 'bool'] as const;
export type DType = (typeof dtypes)[number];

/** Size of one element in bytes. */
export const dtypeBytes: Readonly<Record<DType, number>> = { float32: 4, float16: 2, bfloat16: 2, int32: 4, bool: 1 };

/** True for the types that carry gradients. */
export function isFloating(dtype: DType): boolean {
  return dtype === 'float32' || dtype === 'float16' || dtype === 'bfloat16';
}
