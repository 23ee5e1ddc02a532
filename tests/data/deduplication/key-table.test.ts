import fc from 'fast-check';
import { expect, test } from 'vitest';
import { KeyTable } from '../../../src/data/deduplication/key-table.ts';
import { runsOf } from '../../support/full-tests.ts';

test('a key table is a map by both halves of a key, however its slots collide, before and after it grows', () => {
  // Low halves that share a slot, and high halves of zero, as long as the key is not zero.
  const key = fc.tuple(
    fc.integer({ min: -3, max: 3 }).map((n) => n << 20),
    fc.integer({ min: -900, max: 900 }),
  );
  const keys = fc.array(
    key.filter(([low, high]) => low !== 0 || high !== 0),
    { maxLength: 1500, size: 'max' },
  );
  fc.assert(
    fc.property(keys, (list) => {
      const [table, map] = [new KeyTable(), new Map<string, number>()];
      list.forEach(([low, high], i) => {
        const known = map.get(`${low} ${high}`);
        if (known === undefined) map.set(`${low} ${high}`, i);
        if (table.find(low, high) !== (known ?? -1)) expect(table.find(low, high)).toBe(known ?? -1);
        if (table.insert(low, high, i) !== (known ?? i)) expect(table.insert(low, high, i)).toBe(known ?? i);
      });
      expect(table.size).toBe(map.size);
      const again = KeyTable.fromData(structuredClone(table.data));
      for (const [low, high] of list) expect(again.find(low, high)).toBe(map.get(`${low} ${high}`));
    }),
    { numRuns: runsOf(30) },
  );
});
