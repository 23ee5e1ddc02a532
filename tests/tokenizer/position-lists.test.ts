import fc from 'fast-check';
import { expect, test } from 'vitest';
import { PositionLists } from '../../src/tokenizer/position-lists.ts';

test('lists keep their places while others come and go and the pool is squeezed and grows', () => {
  const step = fc.record({
    lengths: fc.array(fc.integer({ min: 0, max: 20_000 }), { maxLength: 4 }),
    removed: fc.array(fc.nat(), { maxLength: 5 }),
  });
  fc.assert(
    fc.property(fc.array(step, { minLength: 1, maxLength: 30 }), (steps) => {
      const lists = new PositionLists();
      const lengths: number[] = [];
      for (const { lengths: added, removed } of steps) {
        lists.reserve(added.reduce((sum, length) => sum + length, 0));
        for (const length of added) {
          const start = lists.add(length);
          for (let i = 0; i < length; i++) lists.positions[start + i] = lengths.length * 31 + i;
          lengths.push(length);
        }
        for (const number of lengths.length === 0 ? [] : removed) {
          lists.remove(number % lengths.length);
          lengths[number % lengths.length] = 0;
        }
      }
      for (const [list, length] of lengths.entries()) {
        const view = lists.view(list);
        expect(view.length).toBe(length);
        if (length > 0) expect([view[0], view[length - 1]]).toEqual([list * 31, list * 31 + length - 1]);
      }
    }),
    { numRuns: 60, seed: 3 },
  );
});
