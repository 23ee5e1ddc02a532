import { add, iota, matmul, multiply, type Program, reduceSum, scope, trace } from '../../src/tensor/index.ts';

/** y = Σ (x · [0, 1, 2] + 1), without state. */
export function weightedSum(): Program {
  return trace(
    ({ x }) => ({ outputs: { y: scope('sum', () => reduceSum(add(multiply(x, iota(3, 'float32')), 1))) } }),
    { inputs: { x: { shape: [3] } } },
  );
}

/** A counter and a matrix that a step multiplies by its input. */
export function countedProduct(): Program {
  return trace(
    ({ x }, { count, matrix }) => ({
      outputs: { before: matrix },
      state: { count: add(count, 1), matrix: scope('layer', () => matmul(matrix, x, { transposeRight: true })) },
    }),
    {
      inputs: { x: { shape: [2, 2] } },
      state: { count: { shape: [], dtype: 'int32', kind: 'other' }, matrix: { shape: [2, 2] } },
    },
  );
}
