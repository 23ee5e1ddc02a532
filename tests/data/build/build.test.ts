import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { nodeFileSystem } from '../../../src/core/node.ts';
import {
  buildDataset,
  buildSettingsSchema,
  openDataset,
  type RecordStream,
  verifyDataset,
} from '../../../src/data/index.ts';
import { readTokenizer } from '../../../src/tokenizer/node.ts';
import { Crash, faultingFileSystem } from '../../support/faulting-file-system.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { contentsOf, smallBuild, smallRecords, smallTexts } from './small-corpus.ts';

// Every point at which a build may die takes a minute to try.
const step = runsEverything ? 1 : 7;

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'build-'));
});
afterEach(() => rmSync(folder, { recursive: true }));
const at = (name: string) => join(folder, name);

describe('a build', () => {
  test('balances its books and passes its own verification', async () => {
    const { report, manifest } = await buildDataset(smallBuild(at('a')));
    const removed = report.removed.reduce((sum, { numDocuments }) => sum + numDocuments, 0);
    expect(report.read.numDocuments).toBe(90);
    expect(report.kept.numDocuments + removed).toBe(90);
    expect(report.removed.map(({ rule }) => rule)).toEqual(['duplicate/exact', 'duplicate/near']);
    expect(manifest.train.numDocuments + manifest.validation.numDocuments).toBe(report.kept.numDocuments);
    expect(verifyDataset(nodeFileSystem, at('a'), { deep: true })).toEqual([]);
    expect(existsSync(at('a.building'))).toBe(false);
  });

  test('gives the same bytes for any number of workers', async () => {
    await buildDataset(smallBuild(at('one/a')));
    await buildDataset(smallBuild(at('three/a'), { numWorkers: 3 }));
    expect(contentsOf(at('three/a'))).toEqual(contentsOf(at('one/a')));
  });

  test('keeps every text that is no duplicate, whole and in order', async () => {
    await buildDataset(smallBuild(at('a')));
    const dataset = openDataset(nodeFileSystem, at('a'));
    const tokenizer = readTokenizer(at('a/tokenizer.json'));
    const stored: string[] = [];
    for (let i = 0; i < dataset.train.numDocuments; i++) {
      stored.push(tokenizer.decode(dataset.train.documentTokens(i).subarray(1)));
    }
    const texts = smallTexts(90).map(({ text }) => text);
    const positions = stored.map((text) => texts.indexOf(text));
    expect(positions).not.toContain(-1);
    expect(positions).toEqual([...positions].sort((a, b) => a - b));
  });

  test('holds whole groups out, as bytes that do not depend on the tokenizer', async () => {
    const first = await buildDataset(smallBuild(at('a')));
    const settings = buildSettingsSchema.parse({ ...smallBuild('').settings, vocabularySize: 400 });
    const second = await buildDataset(smallBuild(at('b'), { settings }));
    expect(second.manifest.fingerprints.tokenizer).not.toBe(first.manifest.fingerprints.tokenizer);
    const held = readFileSync(at('a/validation.text'), 'utf8');
    expect(readFileSync(at('b/validation.text'), 'utf8')).toBe(held);
    const dataset = openDataset(nodeFileSystem, at('a'));
    const tokenizer = readTokenizer(at('a/tokenizer.json'));
    const textsOf = (part: typeof dataset.train) =>
      Array.from({ length: part.numDocuments }, (_, i) => tokenizer.decode(part.documentTokens(i).subarray(1)));
    const groupOf = new Map(smallTexts(90).map(({ text, group }) => [text, group]));
    const groupsOf = (part: typeof dataset.train) => new Set(textsOf(part).map((text) => groupOf.get(text)));
    const [trained, tested] = [groupsOf(dataset.train), groupsOf(dataset.validation)];
    expect(tested.size).toBeGreaterThan(0);
    expect(trained.size + tested.size).toBe(new Set([...trained, ...tested]).size);
    expect(textsOf(dataset.validation).join('')).toBe(held);
  });

  test('puts a header before each document, and takes an existing tokenizer', async () => {
    await buildDataset(smallBuild(at('a')));
    const tokenizer = readTokenizer(at('a/tokenizer.json'));
    const settings = buildSettingsSchema.parse({ ...smallBuild('').settings, header: '[{group}] ' });
    const { manifest } = await buildDataset(smallBuild(at('b'), { settings, tokenizer }));
    expect(manifest.fingerprints.tokenizer).toBe(tokenizer.fingerprint);
    const { train } = openDataset(nodeFileSystem, at('b'));
    expect(tokenizer.decode(train.documentTokens(3).subarray(1))).toMatch(/^\[g\d+\] \w/);
  });

  test('removes what an evaluation holds', async () => {
    const leaked = smallTexts(90)[5]?.text ?? '';
    const evaluations = [{ name: 'quiz', texts: [leaked.split(' ').slice(3, 20).join(' ')] }];
    const { report } = await buildDataset(smallBuild(at('a'), { evaluations }));
    expect(report.removed.find(({ rule }) => rule === 'contaminated/quiz')?.numDocuments).toBeGreaterThanOrEqual(1);
  });

  test('removes training documents that are like one held out, also where duplicates are kept', async () => {
    const settings = buildSettingsSchema.parse({
      vocabularySize: 300,
      validationFraction: 0.3,
      removeExactDuplicates: false,
      removeNearDuplicates: false,
    });
    const { report } = await buildDataset(smallBuild(at('a'), { settings, records: smallRecords(400) }));
    expect(report.removed.map(({ rule }) => rule)).toEqual(['split/leak']);
    const held = readFileSync(at('a/validation.text'), 'utf8');
    const dataset = openDataset(nodeFileSystem, at('a'));
    const tokenizer = readTokenizer(at('a/tokenizer.json'));
    for (let i = 0; i < dataset.train.numDocuments; i++) {
      const text = tokenizer.decode(dataset.train.documentTokens(i).subarray(1)).replace(/ Indeed$/, '');
      expect(held.includes(text)).toBe(false);
    }
  });

  test('has another fingerprint with any other setting that changes what it holds', async () => {
    const { manifest } = await buildDataset(smallBuild(at('a')));
    const tokenizer = readTokenizer(at('a/tokenizer.json'));
    const fingerprints = [manifest.fingerprint];
    for (const [i, change] of [
      { textField: 'group' },
      { header: '[{group}] ' },
      { groupField: undefined },
      { onFault: 'stop' },
      { removeExactDuplicates: false },
      { removeNearDuplicates: false },
      { validationFraction: 0.4 },
      { maximumValidationBytes: 4000 },
      { leakSimilarity: 0.5 },
    ].entries()) {
      const settings = buildSettingsSchema.parse({ ...smallBuild('').settings, ...change });
      const built = await buildDataset(smallBuild(at(`b${i}`), { settings, tokenizer }));
      fingerprints.push(built.manifest.fingerprint);
    }
    const built = await buildDataset(smallBuild(at('c'), { cleaning: { preset: 'prose' }, tokenizer }));
    fingerprints.push(built.manifest.fingerprint);
    expect(new Set(fingerprints).size).toBe(fingerprints.length);
  });

  test('refuses a folder that exists, and replaces it when told to', async () => {
    await buildDataset(smallBuild(at('a')));
    const before = contentsOf(at('a'));
    await expect(buildDataset(smallBuild(at('a')))).rejects.toMatchObject({ code: 'file-access' });
    expect(contentsOf(at('a'))).toEqual(before);
    await buildDataset(smallBuild(at('a'), { replace: true, records: smallRecords(100) }));
    expect(contentsOf(at('a'))).not.toEqual(before);
    expect(readdirSync(folder)).toEqual(['a']);
  });

  test('replaces nothing that is no dataset, and removes nothing that it did not make', async () => {
    mkdirSync(at('notes'));
    writeFileSync(at('notes/precious.txt'), 'x');
    writeFileSync(at('notes/dataset.json'), '{"mine":1}');
    mkdirSync(at('a.replaced-mine'));
    writeFileSync(at('a.replaced-mine/dataset.json'), '{}');
    symlinkSync('notes', at('link'));
    await buildDataset(smallBuild(at('real')));
    symlinkSync('real', at('link-to-dataset'));
    for (const name of ['notes', 'notes/precious.txt', 'link', 'link-to-dataset']) {
      const request = smallBuild(at(name), { replace: true });
      await expect(buildDataset(request), name).rejects.toMatchObject({ code: 'file-access' });
    }
    await expect(buildDataset(smallBuild('.', { replace: true }))).rejects.toThrow(/this command runs in/);
    await buildDataset(smallBuild(at('a')));
    await buildDataset(smallBuild(at('a'), { replace: true }));
    expect(readFileSync(at('notes/precious.txt'), 'utf8')).toBe('x');
    expect(existsSync(at('a.replaced-mine/dataset.json'))).toBe(true);
  });

  test('leaves alone what came to lie at its place while it worked', async () => {
    const onProgress = () => {
      mkdirSync(at('a'), { recursive: true });
      writeFileSync(at('a/precious.txt'), 'x');
    };
    await expect(buildDataset(smallBuild(at('a'), { onProgress }))).rejects.toMatchObject({ code: 'file-access' });
    expect(readdirSync(at('a'))).toEqual(['precious.txt']);
    rmSync(at('a'), { recursive: true });
    // Its work was not lost.
    const { report } = await buildDataset(smallBuild(at('a')));
    expect(report.read.numDocuments).toBe(90);
  });

  test('says so when nothing is left, or only one document', async () => {
    const none = { records: smallRecords(0) };
    await expect(buildDataset(smallBuild(at('a'), none))).rejects.toMatchObject({ code: 'empty-corpus' });
    await expect(buildDataset(smallBuild(at('b'), { records: smallRecords(1) }))).rejects.toThrow(
      /one document is left of 1; expected two groups/,
    );
    const strict = { records: smallRecords(30), cleaning: { preset: 'web' } as const };
    await expect(buildDataset(smallBuild(at('c'), strict))).rejects.toThrow(
      /left of 30 \(removed by [\w-]+\/[\w-]+: \d+/,
    );
    // There is nothing to go on from.
    expect(readdirSync(folder)).toEqual([]);
  });
});

describe('a build that is resumed', () => {
  const expected = async () => {
    await buildDataset(smallBuild(at('expected/a')));
    return contentsOf(at('expected/a'));
  };

  test('ends with the same bytes after a crash at any call that changes the disk', async () => {
    const bytes = await expected();
    const counting = faultingFileSystem(nodeFileSystem, Number.POSITIVE_INFINITY, 'crash');
    await buildDataset(smallBuild(at('counted/a'), { fs: counting }));
    const numCalls = counting.numCalls();
    expect(numCalls).toBeGreaterThan(50);
    for (let k = 1; k <= numCalls; k += step) {
      const target = at(`crash-${k}/a`);
      const fs = faultingFileSystem(nodeFileSystem, k, 'crash');
      await expect(buildDataset(smallBuild(target, { fs })), `call ${k}`).rejects.toThrow(Crash);
      if (!existsSync(target)) await buildDataset(smallBuild(target));
      expect(contentsOf(target), `call ${k}`).toEqual(bytes);
      rmSync(at(`crash-${k}`), { recursive: true });
    }
  });

  test('that replaces leaves the old dataset or the new one at any crash while it publishes', async () => {
    const bytes = await expected();
    const counting = faultingFileSystem(nodeFileSystem, Number.POSITIVE_INFINITY, 'crash');
    const old = smallRecords(40);
    await buildDataset(smallBuild(at('counted/a'), { records: old }));
    await buildDataset(smallBuild(at('counted/a'), { fs: counting, replace: true }));
    // From the manifest on: its five calls, dropping the work, two renamings, and what follows them.
    for (let k = counting.numCalls() - 16; k <= counting.numCalls(); k++) {
      const target = at(`replace-${k}/a`);
      await buildDataset(smallBuild(target, { records: smallRecords(40) }));
      const before = contentsOf(target);
      const fs = faultingFileSystem(nodeFileSystem, k, 'crash');
      await expect(buildDataset(smallBuild(target, { fs, replace: true })), `call ${k}`).rejects.toThrow(Crash);
      if (existsSync(target)) expect([before, bytes]).toContainEqual(contentsOf(target));
      await buildDataset(smallBuild(target, { replace: true }));
      expect(contentsOf(target), `call ${k}`).toEqual(bytes);
      expect(readdirSync(join(target, '..')), `call ${k}`).toEqual(['a']);
      rmSync(at(`replace-${k}`), { recursive: true });
    }
  });

  test('and was finished but for its name is not taken for one of other text, and is begun anew when told to', async () => {
    await buildDataset(smallBuild(at('a')));
    renameSync(at('a'), at('a.building'));
    const other = { records: smallRecords(60, 100_000) };
    await expect(buildDataset(smallBuild(at('a'), other))).rejects.toMatchObject({ code: 'dataset-mismatch' });
    const { report } = await buildDataset(smallBuild(at('a'), { records: smallRecords(60, 100_000), restart: true }));
    expect(report.read.numDocuments).toBe(60);
    renameSync(at('a'), at('a.building'));
    const finished = await buildDataset(smallBuild(at('a'), { records: smallRecords(60, 100_000) }));
    expect(finished.report).toEqual(report);
    expect(readdirSync(folder)).toEqual(['a']);
  });

  test('ends with the same bytes after the disk was full at any call', async () => {
    const bytes = await expected();
    const counting = faultingFileSystem(nodeFileSystem, Number.POSITIVE_INFINITY, 'disk-full');
    await buildDataset(smallBuild(at('counted/a'), { fs: counting }));
    for (let k = 1; k <= counting.numCalls(); k += 3 * step) {
      const target = at(`full-${k}/a`);
      const fs = faultingFileSystem(nodeFileSystem, k, 'disk-full');
      const outcome = await buildDataset(smallBuild(target, { fs })).catch((fault) => fault);
      if (outcome instanceof Error) expect(outcome, `call ${k}`).toMatchObject({ code: 'disk-full' });
      if (!existsSync(target)) await buildDataset(smallBuild(target));
      expect(contentsOf(target), `call ${k}`).toEqual(bytes);
      rmSync(at(`full-${k}`), { recursive: true });
    }
  });

  test('stops at a signal with what is done kept', async () => {
    const bytes = await expected();
    for (const stage of ['clean', 'survey', 'tokenize'] as const) {
      const stop = new AbortController();
      const onProgress = (progress: { stage: string }) => {
        if (progress.stage === stage) stop.abort();
      };
      const target = at(`${stage}/a`);
      const request = { signal: stop.signal, onProgress };
      await expect(buildDataset(smallBuild(target, request))).rejects.toMatchObject({
        code: 'interrupted',
        exitCode: 7,
      });
      await buildDataset(smallBuild(target));
      expect(contentsOf(target)).toEqual(bytes);
    }
  });

  test('does broken work again', async () => {
    const bytes = await expected();
    for (const broken of [
      'work/settings.note',
      'work/blocks/000001.block',
      'work/survey.note',
      'train/00000.tokens',
      'work/shard-train-00000.note',
    ]) {
      const target = at(`${broken.replaceAll('/', '-')}/a`);
      const stop = new AbortController();
      const onProgress = ({ stage }: { stage: string }) => {
        if (stage === 'publish') stop.abort();
      };
      const fs = faultingFileSystem(nodeFileSystem, Number.POSITIVE_INFINITY, 'crash');
      // The build ends here with everything but its manifest.
      const dying = {
        ...fs,
        rename: (from: string, to: string) => (to.endsWith('dataset.json') ? stopHere() : fs.rename(from, to)),
      };
      await expect(buildDataset(smallBuild(target, { fs: dying, onProgress }))).rejects.toThrow('here');
      const path = join(`${target}.building`, broken);
      const content = readFileSync(path);
      content[content.length >> 1] = (content[content.length >> 1] ?? 0) ^ 4;
      writeFileSync(path, content);
      await buildDataset(smallBuild(target));
      expect(contentsOf(target), broken).toEqual(bytes);
    }
  });

  test('notices that the corpus has changed since', async () => {
    const stop = new AbortController();
    const onProgress = ({ stage }: { stage: string }) => {
      if (stage === 'tokenize') stop.abort();
    };
    const request = smallBuild(at('a'), { signal: stop.signal, onProgress });
    await expect(buildDataset(request)).rejects.toMatchObject({ code: 'interrupted' });
    await buildDataset(smallBuild(at('a'), { records: smallRecords(60, 100_000) }));
    await buildDataset(smallBuild(at('fresh/a'), { records: smallRecords(60, 100_000) }));
    expect(contentsOf(at('a'))).toEqual(contentsOf(at('fresh/a')));
  });

  test('is refused with other settings, which are named', async () => {
    const stop = new AbortController();
    const request = { signal: stop.signal, onProgress: () => stop.abort() };
    await expect(buildDataset(smallBuild(at('a'), request))).rejects.toMatchObject({ code: 'interrupted' });
    const settings = buildSettingsSchema.parse({ ...smallBuild('').settings, vocabularySize: 400 });
    await expect(buildDataset(smallBuild(at('a'), { settings }))).rejects.toMatchObject({
      code: 'dataset-mismatch',
      message: expect.stringContaining('build.vocabularySize: 300 → 400'),
    });
    await buildDataset(smallBuild(at('a'), { settings, restart: true }));
    await buildDataset(smallBuild(at('fresh/a'), { settings }));
    expect(contentsOf(at('a'))).toEqual(contentsOf(at('fresh/a')));
  });

  test('is refused while another build is at work there', async () => {
    let second: unknown;
    const onProgress = async () => {
      second ??= await buildDataset(smallBuild(at('a'))).catch((fault) => fault);
    };
    await buildDataset(smallBuild(at('a'), { onProgress }));
    expect(second).toMatchObject({ code: 'locked' });
  });
});

function stopHere(): never {
  throw new Error('here');
}

test('a record that cannot be read is counted, or ends the build', async () => {
  async function* records(): RecordStream {
    for await (const batch of smallRecords(50)) {
      const bad = { source: 'part-1.jsonl', line: 9, byteOffset: 77, format: 'json' as const };
      const [invalid, truncated] = ['{"text": 5', '{"text": "\xff"}'].map((text) => Buffer.from(text, 'latin1'));
      yield {
        ...batch,
        records: [...batch.records, { ...bad, bytes: invalid as Buffer }, { ...bad, bytes: truncated as Buffer }],
        faults: [{ ...bad, kind: 'oversized', message: 'found 9 GB' }],
      };
    }
  }
  const { report } = await buildDataset(smallBuild(at('a'), { records: records() }));
  expect(report.read.numDocuments).toBe(53);
  const rules = report.removed.filter(({ rule }) => rule.startsWith('unreadable/'));
  expect(rules.map(({ rule }) => rule)).toEqual([
    'unreadable/invalid-json',
    'unreadable/invalid-utf8',
    'unreadable/oversized',
  ]);
  const settings = buildSettingsSchema.parse({ ...smallBuild('').settings, onFault: 'stop' });
  await expect(buildDataset(smallBuild(at('b'), { records: records(), settings }))).rejects.toMatchObject({
    code: 'invalid-document',
    message: expect.stringContaining('part-1.jsonl:9:77'),
  });
});
