import { present } from '../../../src/core/index.ts';
import {
  expandComposites,
  isPrimitive,
  type NumericArray,
  type Program,
  signatureOf,
  sizeOf,
} from '../../../src/tensor/index.ts';

const single = new Float32Array(1);
const bits = new Uint32Array(single.buffer);

/** The nearest bfloat16, ties to even. */
export function toBfloat16(x: number): number {
  single[0] = x;
  const word = bits[0] ?? 0;
  if (Number.isNaN(x) || !Number.isFinite(single[0])) return single[0];
  bits[0] = (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000;
  return single[0];
}

/**
 * The outputs of a Program whose floats are rounded to their own type after every primitive op, as the least exact engine would.
 *
 * @param given inputs and states by name
 */
export function roundedOutputs(
  program: Program,
  given: { readonly [name: string]: ArrayLike<number> },
): { readonly [name: string]: Float64Array } {
  const expanded = expandComposites(program);
  const values: NumericArray[] = [];
  for (const { op, inputs, attributes, shape, dtype } of expanded.nodes) {
    const operands = inputs.map((position) => present(values[position], 'an operand'));
    const round = dtype === 'bfloat16' ? toBfloat16 : dtype === 'float32' ? Math.fround : (x: number) => x;
    const isGiven = op === 'input' || op === 'state';
    if (!isPrimitive(op)) throw new TypeError(`${op} was not expanded`);
    const data = isGiven
      ? Float64Array.from({ length: sizeOf(shape) }, (_, i) => given[String(attributes.name)]?.[i] ?? Number.NaN)
      : signatureOf(op).evaluate(operands, attributes, { shape, dtype });
    values.push({ shape, dtype, data: data.map(round) });
  }
  return Object.fromEntries(
    Object.entries(expanded.outputs).map(([name, position]) => [name, present(values[position], name).data]),
  );
}
