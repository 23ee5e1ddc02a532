import { describe, expect, test } from 'vitest';
import * as t from '../../src/tensor/index.ts';

let numLeaves = 0;
/** A tensor of a shape and type to try ops on. */
function leaf(shape: t.Shape, dtype: t.DType): t.Tensor {
  numLeaves += 1;
  return t.makeTensor('input', [], { name: `x${numLeaves}`, shape, dtype });
}
const int = (...shape: number[]) => leaf(shape, 'int32');
const bool = (...shape: number[]) => leaf(shape, 'bool');
const float = (...shape: number[]) => leaf(shape, 'float32');
const half = (...shape: number[]) => leaf(shape, 'float16');

describe('shapes and types', () => {
  test('broadcast from the last axis on', () => {
    expect(t.add(float(2, 1, 4), float(3, 1)).shape).toEqual([2, 3, 4]);
    expect(t.add(float(), float(2)).shape).toEqual([2]);
    expect(t.where(bool(3, 1), float(4), 0).shape).toEqual([3, 4]);
  });

  test('a number takes the type of the other operand', () => {
    expect(t.add(int(2), 1).dtype).toBe('int32');
    expect(t.add(1, half(2)).dtype).toBe('float16');
    expect(t.add(1, 2).dtype).toBe('float32');
  });

  test('comparisons give bool, argMax gives int32', () => {
    expect([t.less(float(2), 1).dtype, t.equal(int(2), 1).dtype, t.argMax(float(2)).dtype]).toEqual([
      'bool',
      'bool',
      'int32',
    ]);
  });

  test('axes count from either end', () => {
    expect(t.reduceSum(float(2, 3, 4), [-1, 0]).shape).toEqual([3]);
    expect(t.reduceSum(float(2, 3, 4), [-1, 0], { keepDimensions: true }).shape).toEqual([1, 3, 1]);
    expect(t.reduceSum(float(2, 3, 4)).shape).toEqual([]);
    expect(t.concatenate([float(2, 3), float(2, 1)], -1).shape).toEqual([2, 4]);
    expect(t.transpose(float(2, 3, 4), [-1, 0, 1]).shape).toEqual([4, 2, 3]);
  });

  test('reshape works out one open extent', () => {
    expect(t.reshape(float(2, 6), [-1, 4]).shape).toEqual([3, 4]);
    expect(t.reshape(float(), [-1]).shape).toEqual([1]);
  });

  test('matmul broadcasts batch axes and transposes what it is told to', () => {
    expect(t.matmul(float(5, 1, 2, 3), float(4, 6, 3), { transposeRight: true }).shape).toEqual([5, 4, 2, 6]);
    expect(t.matmul(float(3, 2), float(3, 5), { transposeLeft: true }).shape).toEqual([2, 5]);
  });

  test('an op that would change nothing makes no node', () => {
    const x = float(2, 3);
    expect(t.reshape(x, [-1, 3])).toBe(x);
    expect(t.transpose(x, [0, -1])).toBe(x);
    expect(t.broadcastTo(x, [2, 3])).toBe(x);
    expect(t.slice(x, 1, 0, 3)).toBe(x);
    expect(t.cast(x, 'float32')).toBe(x);
    expect(t.sumTo(x, [2, 3])).toBe(x);
    expect(t.concatenate([x], 1)).toBe(x);
  });

  test('a window that reaches over the whole context is none', () => {
    const q = float(1, 1, 4, 2);
    expect(t.attention(q, q, q, { window: 4 }).attributes).toEqual(t.attention(q, q, q).attributes);
    expect(t.attention(q, q, q, { window: 3 }).attributes).not.toEqual(t.attention(q, q, q).attributes);
  });

  test('the norm of no tensors is 0', () => {
    expect(t.globalNorm([])).toMatchObject({ op: 'constant', attributes: { value: 0 } });
  });

  test('a tensor keeps its attributes and operands, whatever its maker does to the arrays later', () => {
    const target = [2, 3];
    const y = t.broadcastTo(float(1, 3), target);
    const parts = [float(2), float(2)];
    const z = t.concatenate(parts, 0);
    target[0] = 99;
    parts.pop();
    expect(y.attributes).toEqual({ shape: [2, 3] });
    expect(y.shape).toEqual([2, 3]);
    expect(z.inputs).toHaveLength(2);
  });
});
