import { expect, test } from 'vitest';
import { extentsOf } from '../../src/model/extents.ts';
import { iota, reshape, trace } from '../../src/tensor/index.ts';

test('a tensor is taken apart by its rank, and another rank is a fault, not a one', () => {
  trace(
    () => {
      const x = reshape(iota(6), [2, 3]);
      expect(extentsOf(x, 2)).toEqual([2, 3]);
      expect(() => extentsOf(x, 3)).toThrow('expected 3 axes, found [2, 3]');
      return { outputs: { x } };
    },
    { inputs: {} },
  );
});
