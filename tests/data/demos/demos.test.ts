import { expect, test } from 'vitest';
import { runProcess } from '../../../src/core/node.ts';
import { recordsOf } from '../../../src/data/demos/demo.ts';
import { demoNamed, demos } from '../../../src/data/demos/demos.ts';
import { readDemo } from './demo-records.ts';

test('there are five demos, and each says what it is and how it is built', () => {
  expect([...demos.keys()]).toEqual(['presidents', 'dictionary', 'novels', 'names', 'typescript']);
  for (const [name, demo] of demos) {
    expect(demo.name).toBe(name);
    expect(demo.summary.length).toBeGreaterThan(40);
    expect(demo.licence).not.toBe('');
    expect(demo.packages.length).toBeGreaterThan(0);
    expect(demo.settings.validationFraction).toBeGreaterThan(0);
    expect(demo.settings.validationFraction).toBeLessThanOrEqual(0.1);
    expect(demo.settings.vocabularySize).toBeGreaterThan(256);
  }
});

test('an unknown name is answered with those that there are', () => {
  expect(demoNamed('novels').name).toBe('novels');
  expect(() => demoNamed('poems')).toThrow(
    expect.objectContaining({
      code: 'usage',
      message: 'there is no demo "poems"',
      hint: 'Choose one of: presidents, dictionary, novels, names, typescript.',
    }),
  );
});

test('records come in batches of about a mebibyte that count the bytes read', async () => {
  const text = (line: number) => ({ source: 's', line, byteOffset: 0, fields: { text: 'x'.repeat(300_000) } });
  const skipped = { source: 't', reason: 'minified' } as const;
  async function* files() {
    yield { sizeBytes: 5, texts: [1, 2, 3, 4, 5].map(text) };
    yield { sizeBytes: 7, texts: [], skipped };
    yield { sizeBytes: 9, texts: [6].map(text) };
  }
  const batches = [];
  for await (const { records, faults, bytesRead, skipped } of recordsOf(files())) {
    expect(faults).toEqual([]);
    batches.push({ lines: records.map(({ line }) => line), bytesRead, skipped });
  }
  expect(batches).toEqual([
    { lines: [1, 2, 3, 4], bytesRead: 5, skipped: undefined },
    { lines: [5, 6], bytesRead: 21, skipped: [skipped] },
  ]);
});

test.runIf(process.env.GROUNDWORK_NETWORK_TESTS).each([
  ['dictionary', 117_791, 12_331_031],
  ['names', 8849, 52_913],
  ['typescript', 705, 21_357_170],
])('the demo %s fetches its packages and is the text that was read and found good', async (name, count, numBytes) => {
  const { records } = await readDemo(demoNamed(name), { run: runProcess });
  expect(records).toHaveLength(count);
  expect(records.reduce((sum, { fields }) => sum + Buffer.byteLength(fields.text ?? ''), 0)).toBe(numBytes);
});
