/** What the compiler must know of the CPU kernels of ONNX Runtime, besides what they compute. */

/** Kernels whose result is the memory of their first operand. */
export const viewKernels: ReadonlySet<string> = new Set(['Reshape', 'Identity']);
