import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { hostname, tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { canonicalJson, type GroundworkError, type JsonValue, sha256Hex } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { publishCheckpoint } from '../../src/training/run/checkpoint-publication.ts';
import { openEventLog, readEvents } from '../../src/training/run/event-log.ts';
import { eventLine, type RunEvent } from '../../src/training/run/events.ts';
import { lockRun } from '../../src/training/run/run-lock.ts';
import { signedText } from '../../src/training/run/signed-json.ts';
import { firstTrainingState } from '../../src/training/training-state.ts';
import { describeWithJax } from '../support/jax-python.ts';
import { askPython } from './support/ask-python.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'records-'));
});
afterAll(() => rmSync(root, { recursive: true, force: true }));

const bitsOf = (x: number): string => {
  const bytes = Buffer.alloc(8);
  bytes.writeDoubleBE(x);
  return bytes.toString('hex');
};

/** Values as they lie in records: any string, any finite number, nested. */
const jsonValues = fc.jsonValue({ maxDepth: 4, noUnicodeString: false }) as fc.Arbitrary<JsonValue>;
const strings = fc.string({ unit: fc.integer({ min: 0, max: 0xffff }).map((unit) => String.fromCharCode(unit)) });

describeWithJax('records of the runner', () => {
  test('numbers are written as ECMAScript writes them', () => {
    const doubles = fc.sample(fc.double({ noNaN: true, noDefaultInfinity: true }), { numRuns: 4000, seed: 1 });
    const powers = Array.from({ length: 60 }, (_, i) => 10 ** (i - 30));
    const edges = [0, -0, 1, -1, 0.1, 1 / 3, 1e21, 999999999999999900000, 1e-6, 1e-7, 123456789012345680000, 5e-324];
    const float32s = fc.sample(fc.float({ noNaN: true, noDefaultInfinity: true }), { numRuns: 1000, seed: 2 });
    const limits = [Number.MAX_VALUE, Number.MIN_VALUE, Number.MAX_SAFE_INTEGER, 2 ** 53, 2 ** 64, -(2 ** 70)];
    const all = [...doubles, ...powers, ...powers.map((x) => x * 1.7), ...edges, ...float32s, ...limits];
    expect(askPython('number_texts', all.map(bitsOf))).toEqual(all.map((x) => JSON.stringify(x)));
  });

  test('JSON, its canonical form, its hash and its signature are those of TypeScript', () => {
    const record = fc.dictionary(strings, fc.oneof(jsonValues, strings));
    const values = [
      ...fc.sample(record, { numRuns: 300, seed: 3 }),
      { é: 1, z: [], a: {}, '\u{1f600}': '\ud800', '\uffff': '\u2028\u007f\u0001"\\\n', empty: [{}], big: 2 ** 60 },
      { whole: Number('9007199254740993'), tiny: 1e-300 },
    ];
    const texts = values.map((value) => JSON.stringify(value));
    const expected = texts.map((text) => {
      const value = JSON.parse(text) as { [key: string]: JsonValue };
      return [canonicalJson(value), sha256Hex(canonicalJson(value)), signedText(value)];
    });
    // What JavaScript reads of an object has whole numbers as names first; Python keeps the order that was written.
    expect(askPython('json_forms', texts)).toEqual(expected);
  });

  test('events are written as TypeScript writes them', () => {
    const step = { type: 'step', step: 3, gradientNorm: Number.POSITIVE_INFINITY, isApplied: false, scheduleFactor: 1 };
    const events: RunEvent[] = [
      { type: 'started' },
      { ...step, type: 'step', loss: Number.NaN, tokens: 12, durationMs: 1.25, elapsedMs: 1e-7 },
      { ...step, type: 'step', loss: Math.fround(3.3), tokens: 12, durationMs: 0, elapsedMs: 12345.678 },
      { type: 'warning', step: 1, message: 'an “old” checkpoint\ncould not be removed: \u{1f600}' },
    ];
    const lines = events.map(eventLine);
    expect(askPython('event_lines', lines)).toEqual(lines);
  });

  test('a checkpoint that is written from the same numbers has the same bytes', () => {
    const random = (length: number) => Float32Array.from({ length }, (_, i) => Math.fround(Math.sin(i) * 1e-3));
    const parameters = new Map([
      ['embedding', { shape: [7, 4], data: random(28) }],
      ['blocks.10.attention.query', { shape: [4, 4], data: random(16) }],
      ['blocks.2.attention.query', { shape: [4, 4], data: random(16) }],
      ['Zeta', { shape: [], data: random(1) }],
    ]);
    const optimizer = new Map([['optimizer.embedding.firstMoment', { shape: [7, 4], data: random(28) }]]);
    const fingerprints = { program: sha256Hex('p'), tokenizer: sha256Hex('t'), batches: sha256Hex('b') };
    const losses = { ...firstTrainingState.losses, average: 0.1 + 0.2, weight: 1e-7, best: null };
    const training = { ...firstTrainingState, losses, tokens: 123456789 };
    const [source, target] = [join(root, 'source'), join(root, 'target')];
    for (const folder of [source, target]) mkdirSync(folder);
    publishCheckpoint(nodeFileSystem, source, { step: 12, parameters, optimizer, training, fingerprints });
    askPython('publish', source, target, 12);
    for (const name of ['model.safetensors', 'optimizer.safetensors', 'training.json', 'manifest.json']) {
      const path = join('checkpoints', 'step-00000012', name);
      expect(readFileSync(join(target, path)).equals(readFileSync(join(source, path))), name).toBe(true);
    }
  });

  test('a path that cannot be written is a fault with its exit code', () => {
    const answer = askPython('fault', 'publish', [join(root, 'source'), '/dev/null', 12]);
    expect(answer).toMatchObject({ code: 'file-not-found', exitCode: 5 });
  });

  test('a log is opened, mended and refused as in TypeScript, wherever it was cut off', () => {
    const step = { gradientNorm: 1, isApplied: true, scheduleFactor: 1, tokens: 12, durationMs: 0, elapsedMs: 0 };
    const events: RunEvent[] = [
      { type: 'started' },
      { type: 'step', step: 1, loss: Number.NaN, ...step },
      {
        type: 'evaluation',
        step: 1,
        tokens: 12,
        bitsPerByte: 2,
        numDocuments: 1,
        numValidationDocuments: 2,
        isFinal: false,
      },
      { type: 'step', step: 2, loss: 3, ...step },
      { type: 'warning', step: 2, message: 'é\u2028' },
      { type: 'step', step: 3, loss: 3, ...step },
    ];
    const whole = Buffer.from(events.map((event) => `${eventLine(event)}\n`).join(''));
    const cuts = Array.from({ length: 40 }, (_, i) => whole.subarray(0, Math.floor((i * whole.length) / 39)));
    const zeros = Buffer.from(whole);
    zeros.fill(0, whole.length - 9, whole.length - 1);
    const broken = Buffer.from(whole);
    broken[30] = 0x7b;
    const texts = [...cuts, zeros, Buffer.concat([zeros, whole]), broken];
    for (const afterStep of [1, 2]) {
      const paths = texts.map((text, i) => {
        for (const name of ['there', 'here']) writeFileSync(join(root, `${name}-${i}.jsonl`), text);
        return join(root, `there-${i}.jsonl`);
      });
      const found = askPython('open_logs', paths, afterStep) as unknown[];
      texts.forEach((_, i) => {
        const here = join(root, `here-${i}.jsonl`);
        let expected: unknown;
        try {
          openEventLog(nodeFileSystem, here, { afterStep }).close();
          expected = readEvents(nodeFileSystem, here).map((event) => JSON.parse(eventLine(event)) as unknown);
        } catch (error) {
          expected = (error as GroundworkError).code;
        }
        expect(found[i], `log ${i} after step ${afterStep}`).toEqual(expected);
        expect(readFileSync(join(root, `there-${i}.jsonl`)).equals(readFileSync(here)), `log ${i}`).toBe(true);
      });
    }
  });

  test('a lock of another machine is taken over by the same job of a scheduler, and by no other', () => {
    const path = join(root, 'run.lock');
    const said = JSON.parse(askPython('lock', path, 'set/small') as string) as { process: number };
    expect(said).toMatchObject({ machine: hostname(), job: 'GROUNDWORK_JOB=set/small' });
    const elsewhere = JSON.stringify({ ...said, machine: 'another-node' });
    writeFileSync(path, elsewhere);
    expect(askPython('fault', 'lock', [path, 'set/large'])).toMatchObject({ code: 'locked', exitCode: 5 });
    expect(askPython('fault', 'lock', [path, 'set/small'])).toHaveProperty('answer');
    // One of this machine whose process is gone is nobody's.
    writeFileSync(path, JSON.stringify(said));
    expect(askPython('fault', 'lock', [path, 'set/large'])).toHaveProperty('answer');
    lockRun(root).release();
  });

  test('a lock needs no disk that gives a file two names', () => {
    mkdirSync(join(root, 'bucket'));
    expect(askPython('lock_without_links', join(root, 'bucket', 'run.lock'))).toEqual([true, true]);
  });

  test('a lock of the same job of Slurm is taken over only where the job was started again', () => {
    const path = join(root, 'slurm.lock');
    expect(askPython('fault', 'slurm_lock', [path, 0])).toMatchObject({ code: 'locked' });
    expect(askPython('fault', 'slurm_lock', [path, 1])).toEqual({ answer: 'taken' });
  });

  test('who has lost a lock learns of it', () => {
    const other = { process: 1, startedAt: null, machine: 'another-node', token: 'another', job: null };
    for (const holder of [other, null]) {
      const path = join(root, `lost-${holder === null}.lock`);
      expect(askPython('fault', 'lost_lock', [path, holder])).toMatchObject({ code: 'locked', exitCode: 5 });
    }
  });

  test('a line that was written by half is gone before the next one', () => {
    const lines = [{ type: 'started' }, { type: 'stopped', step: 0, signal: 'SIGTERM' }];
    const text = lines.map((line) => `${JSON.stringify(line)}\n`).join('');
    expect(askPython('cut_log', join(root, 'cut.jsonl'))).toBe(text);
  });
});
