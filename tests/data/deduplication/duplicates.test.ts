import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  type DuplicateKeys,
  type DuplicateOptions,
  fate,
  findDuplicates,
} from '../../../src/data/deduplication/duplicates.ts';
import { numBands } from '../../../src/data/deduplication/min-hash.ts';
import { runsOf } from '../../support/full-tests.ts';

/** Keys from small numbers, so that generated documents collide: 0 stands for a key of zeros. */
interface Labels {
  readonly exact: readonly number[];
  readonly bands: readonly (readonly number[])[];
}

const spread = (labels: readonly number[], width: number): Uint32Array =>
  Uint32Array.from({ length: labels.length * width }, (_, i) => {
    const label = labels[Math.floor(i / width)] as number;
    // Labels that differ may still agree in all but the last number of their keys.
    return label === 0 ? 0 : i % width === width - 1 ? label : Math.imul(label >> 2, 0x9e3779b1) + 1;
  });

const keysOf = ({ exact, bands }: Labels): DuplicateKeys => ({
  numDocuments: exact.length,
  readExactKeys: () => spread(exact, 4),
  readBand: async (band) => spread(bands[band] as number[], 2),
});

/** Groups by repeated sweeps over all pairs until nothing changes. */
function slowGroups({ exact, bands }: Labels, options: DuplicateOptions) {
  const isRepeat = exact.map((label, i) => options.exact !== false && label !== 0 && exact.indexOf(label) < i);
  const lists = [...(options.exact === false ? [] : [exact]), ...(options.near === false ? [] : bands)];
  const keptFor = exact.map((_, i) => i);
  for (let changed = true; changed; ) {
    changed = false;
    for (const labels of lists) {
      for (let i = 0; i < labels.length; i++) {
        for (let j = 0; j < labels.length; j++) {
          if (labels[i] === 0 || labels[i] !== labels[j] || (keptFor[i] as number) >= (keptFor[j] as number)) continue;
          keptFor[j] = keptFor[i] as number;
          changed = true;
        }
      }
    }
  }
  const fates = keptFor.map((kept, i) =>
    isRepeat[i] ? fate.exactDuplicate : kept === i ? fate.kept : fate.nearDuplicate,
  );
  const groups = keptFor
    .flatMap((kept, i) => (kept === i ? [i] : []))
    .map((kept) => ({ kept, members: keptFor.flatMap((k, i) => (k === kept && i !== kept ? [i] : [])) }))
    .filter(({ members }) => members.length > 0)
    .sort((a, b) => b.members.length - a.members.length || a.kept - b.kept)
    .map(({ kept, members }) => ({ numDocuments: members.length + 1, kept, removed: members.slice(0, 3) }));
  return { fates, keptFor, groups: groups.slice(0, 4) };
}

/** Documents that are equal have the bands in common, as real ones do. */
const labelled = fc
  .integer({ min: 0, max: 40 })
  .chain((n) =>
    fc.record({
      text: fc.array(fc.integer({ min: 0, max: 2 * n }), { minLength: n, maxLength: n }),
      bands: fc.array(fc.array(fc.integer({ min: 0, max: 20 * n }), { minLength: 2 * n + 1, maxLength: 2 * n + 1 }), {
        minLength: numBands,
        maxLength: numBands,
      }),
    }),
  )
  .map(
    ({ text, bands }): Labels => ({
      exact: text.map((label) => label + 1),
      bands: bands.map((byText) => text.map((label) => byText[label] as number)),
    }),
  );

/** Keys for speed: each number of a key is drawn from a bijection of the label. */
const largeKeys = (numDocuments: number, label: (document: number, band: number) => number): DuplicateKeys => {
  const read = (width: number, band: number) => () => {
    const keys = new Uint32Array(width * numDocuments);
    for (let i = 0; i < numDocuments; i++) {
      for (let k = 0; k < width; k++) keys[width * i + k] = Math.imul(label(i, band) + 1, 0x9e3779b1) + band;
    }
    return keys;
  };
  return { numDocuments, readExactKeys: read(4, -1), readBand: (band) => read(2, band)() };
};

describe('duplicates', () => {
  test('are the groups that the slow reference finds, with any options', async () => {
    const options = fc.record({ exact: fc.boolean(), near: fc.boolean() });
    await fc.assert(
      fc.asyncProperty(labelled, options, async (labels, chosen) => {
        const found = await findDuplicates(keysOf(labels), { ...chosen, maxGroups: 4, maxMembers: 3 });
        const slow = slowGroups(labels, chosen);
        expect([...found.fates]).toEqual(slow.fates);
        expect([...found.keptFor]).toEqual(slow.keptFor);
        expect(found.groups).toEqual(slow.groups);
        expect(found.numExact).toBe(slow.fates.filter((one) => one === fate.exactDuplicate).length);
        expect(found.numNear).toBe(slow.fates.filter((one) => one === fate.nearDuplicate).length);
      }),
      { numRuns: runsOf(600) },
    );
  });

  test('of none and of one document are none', async () => {
    for (const numDocuments of [0, 1]) {
      const found = await findDuplicates(largeKeys(numDocuments, (i) => i));
      expect(found).toMatchObject({ numExact: 0, numNear: 0, groups: [] });
      expect(found.fates.length).toBe(numDocuments);
    }
  });

  test('reach through a chain: the first document is kept for all', async () => {
    const bands = Array.from({ length: numBands }, (_, band) =>
      band === 3 ? [4, 4, 12] : band === 5 ? [4, 8, 8] : [4, 8, 12],
    );
    const chain: Labels = { exact: [4, 8, 12], bands };
    expect([...(await findDuplicates(keysOf(chain))).keptFor]).toEqual([0, 0, 0]);
  });

  test('without words are near duplicates of nothing, but exact ones of their equals', async () => {
    const empty = Array.from({ length: numBands }, () => [0, 0, 0]);
    const found = await findDuplicates(keysOf({ exact: [5, 6, 5], bands: empty }));
    expect([...found.fates]).toEqual([fate.kept, fate.kept, fate.exactDuplicate]);
  });

  test('switched off are not read', async () => {
    const never = () => {
      throw new Error('read');
    };
    const keys = { ...largeKeys(10, () => 0), readBand: never };
    expect((await findDuplicates(keys, { near: false })).numExact).toBe(9);
    const near = { ...largeKeys(10, () => 0), readExactKeys: never };
    expect((await findDuplicates(near, { exact: false })).numNear).toBe(9);
  });

  test('are refused where a list of keys has another length', async () => {
    const keys = { ...largeKeys(10, (i) => i), readBand: () => new Uint32Array(18) };
    await expect(findDuplicates(keys)).rejects.toThrow(/band 0/);
  });

  test('among a million equal documents are found as one group', async () => {
    const found = await findDuplicates(
      largeKeys(1_000_000, () => 0),
      { maxMembers: 2 },
    );
    expect(found.numExact).toBe(999_999);
    expect(found.groups).toEqual([{ numDocuments: 1_000_000, kept: 0, removed: [1, 2] }]);
  });

  test('among two hundred thousand documents that share one band are found as one group', async () => {
    const found = await findDuplicates(largeKeys(200_000, (i, band) => (band === 6 ? 0 : i)));
    expect(found).toMatchObject({ numExact: 0, numNear: 199_999 });
  });

  test('in many parts are found as in one', async () => {
    const n = 200_000;
    const found = await findDuplicates(largeKeys(n, (i) => i % 150_000));
    expect(found.numExact).toBe(50_000);
    for (let i = 150_000; i < n; i += 997) expect(found.keptFor[i]).toBe(i - 150_000);
  });
});
