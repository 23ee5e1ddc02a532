import { describe, expect, test } from 'vitest';
import {
  type Cause,
  type Forecast,
  type ForecastBasis,
  forecastRun,
  judgeForecast,
  judgementSentence,
  type RunOutcome,
  type Verdict,
  verdictSchema,
} from '../../../src/theory/index.ts';
import { smallSubject } from './small-subject.ts';
import { syntheticLadder } from './synthetic-ladder.ts';

const forecast = forecastRun(smallSubject(), {
  records: [syntheticLadder()],
  registeredAt: '2026-11-23T15:00:00.000Z',
});
const basis = forecast.basis as ForecastBasis;
const foretold = forecast.bitsPerByte?.value ?? Number.NaN;
const asForetold: RunOutcome = {
  bitsPerByte: foretold,
  numDocuments: 1263,
  numValidationDocuments: 1263,
  durationMs: 160_000,
  peakMemoryBytes: 400_000_000,
  numSteps: 1500,
  numTokens: 1500 * 2048,
  numSkipped: 0,
  medianStepMs: 100,
  fastStepMs: 99,
  changes: [],
};
const sha256 = '9'.repeat(64);
const judge = (changes: Partial<RunOutcome>, about: Forecast = forecast): Verdict =>
  judgeForecast(about, { ...asForetold, ...changes }, sha256);
/** A forecast that knows of something in which the run differs. */
const withDifference = (cause: Cause, effect: number | null): Forecast => ({
  ...forecast,
  basis: { ...basis, differences: [{ cause, text: `About ${cause}.`, effect }] },
});
const first = ({ diagnosis }: Verdict) => diagnosis[0];

describe('a verdict', () => {
  test('is within 80 %, within 95 % or failed, as the intervals say', () => {
    const [[low, high], [lowest, highest]] = [forecast.durationMs.interval80, forecast.durationMs.interval95];
    const at = (durationMs: number) =>
      judge({ durationMs }).judgements.find((one) => one.quantity === 'durationMs')?.outcome;
    expect([lowest - 1, lowest, low, high, highest, highest + 1].map(at)).toEqual([
      'failed',
      'within-95',
      'within-80',
      'within-80',
      'within-95',
      'failed',
    ]);
  });

  test('names the forecast by its hash, keeps to its schema, and diagnoses nothing that held', () => {
    const verdict = judge({});
    expect(verdictSchema.parse(verdict)).toEqual(verdict);
    expect(verdict.forecastSha256).toBe(sha256);
    expect(verdict.judgements.map(({ outcome }) => outcome)).toEqual(['within-80', 'within-80', 'within-80']);
    expect(verdict.diagnosis).toEqual([]);
  });

  test('leaves out what could not be measured or was not foretold', () => {
    expect(judge({ peakMemoryBytes: null, bitsPerByte: null }).judgements.map(({ quantity }) => quantity)).toEqual([
      'durationMs',
    ]);
    expect(judge({}, { ...forecast, bitsPerByte: null, basis: null }).judgements).toHaveLength(2);
    expect(judge({ bitsPerByte: Number.NaN }).judgements).toHaveLength(2);
  });

  test('is a sentence for each quantity', () => {
    const [bits, time] = judge({ bitsPerByte: foretold * 1.003, durationMs: 300_000 }).judgements;
    expect(bits && judgementSentence(bits)).toMatch(
      /^1\.\d{4} bits per byte, as foretold \(within 80 %: 0\.3 % above\)$/,
    );
    expect(time && judgementSentence(time)).toBe('5 min 00 s, not as foretold (outside 95 %: 88 % above)');
  });
});

describe('the diagnosis of bits per byte that are not as foretold', () => {
  const above = { bitsPerByte: foretold * 1.08 };

  test.each<[Cause, number | null]>([
    ['schedule', 0.07],
    ['learning-rate', 0.09],
    ['batch', 0.08],
    ['repetition', 0.06],
    ['data', null],
    ['recipe', null],
  ])('%s: what the run was known to differ in, and what fits in size', (cause, effect) => {
    expect(first(judge(above, withDifference(cause, effect)))).toEqual({
      quantity: 'bitsPerByte',
      cause,
      text: `About ${cause}.`,
    });
  });

  test('an effect that goes the other way, or is far too small, explains nothing', () => {
    for (const effect of [-0.08, 0.004]) {
      expect(judge(above, withDifference('schedule', effect)).diagnosis.map(({ cause }) => cause)).not.toContain(
        'schedule',
      );
    }
  });

  test('what fits better comes first', () => {
    const both: Forecast = {
      ...forecast,
      basis: {
        ...basis,
        differences: [
          { cause: 'batch', text: 'Little.', effect: 0.02 },
          { cause: 'schedule', text: 'As much.', effect: 0.08 },
        ],
      },
    };
    expect(
      judge(above, both)
        .diagnosis.slice(0, 2)
        .map(({ cause }) => cause),
    ).toEqual(['schedule', 'batch']);
  });

  test('length: fewer steps than were foretold, with what the law gives for those', () => {
    const atHalf = basis.scale * (forecast.curve[0]?.bitsPerByte.value ?? 0);
    expect(atHalf).toBeGreaterThan(foretold);
    const verdict = judge({ numSteps: 750, numTokens: 750 * 2048, bitsPerByte: foretold * 1.06 });
    expect(first(verdict)).toMatchObject({
      cause: 'length',
      text: expect.stringMatching(
        /^750 steps were done, and 1,500 were foretold: for 1\.54 M tokens the law gives 1\.\d{4} bits per byte\.$/,
      ),
    });
  });

  test('noise: a miss within what seeds differ, or on a few documents only', () => {
    const narrow: Forecast = {
      ...forecast,
      bitsPerByte: {
        value: foretold,
        interval80: [foretold * 0.9999, foretold * 1.0001],
        interval95: [foretold * 0.9998, foretold * 1.0002],
      },
      basis: { ...basis, differences: [] },
    };
    expect(first(judge({ bitsPerByte: foretold * 1.002 }, narrow))).toMatchObject({
      cause: 'noise',
      text: expect.stringMatching(/seed only lie 0\.\d % apart .*the miss is 0\.2 %/),
    });
    const few = judge({ bitsPerByte: foretold * 1.05, numDocuments: 20 }, narrow);
    expect(first(few)).toMatchObject({ cause: 'noise', text: expect.stringContaining('20 of 1,263 documents') });
  });

  test('accounting: another convention of counting parameters would have had it', () => {
    const flipped: Forecast = {
      ...forecast,
      basis: {
        ...basis,
        differences: [],
        conventions: [
          { convention: 'matmul', bitsPerByte: foretold },
          { convention: 'total', bitsPerByte: foretold * 1.07 },
        ],
      },
    };
    expect(first(judge(above, flipped))).toMatchObject({
      cause: 'accounting',
      text: expect.stringContaining('fitted to all parameters'),
    });
  });

  test('a learning rate that is too high shows in steps that were left out', () => {
    expect(
      judge({ ...above, numSkipped: 30 }, withDifference('schedule', null)).diagnosis.map(({ cause }) => cause),
    ).toContain('learning-rate');
  });

  test('a run that went on with something else is told so first', () => {
    const changes = ['it goes on with another recipe, as allowed: the head is tied'];
    expect(first(judge({ ...above, changes }, withDifference('batch', 0.06)))).toMatchObject({
      cause: 'recipe',
      text: expect.stringContaining('the head is tied'),
    });
  });

  test('extrapolation: when nothing else is known, how far the law reached', () => {
    expect(first(judge(above))?.cause).toBe('extrapolation');
    expect(first(judge(above))?.text).toMatch(/takes \d(\.\d)? times the compute of the largest in the ladder/);
  });

  test('nothing known at all is told as such', () => {
    const inside: Forecast = {
      ...forecast,
      basis: { ...basis, differences: [], seedDeviation: null, conventions: [] },
    };
    expect(judge(above, inside).diagnosis).toEqual([
      {
        quantity: 'bitsPerByte',
        cause: 'noise',
        text: expect.stringContaining('Nothing in the records explains a miss of 8.0 %'),
      },
    ]);
  });
});

describe('the diagnosis of time and memory', () => {
  test('a busy machine: steps took longer than was measured before the run', () => {
    expect(first(judge({ durationMs: 310_000, medianStepMs: 200, fastStepMs: 110 }))).toMatchObject({
      quantity: 'durationMs',
      cause: 'busy-machine',
      text: expect.stringMatching(
        /A step took 200 ms, 2 times what was measured before the run .* the machine had other work, too/,
      ),
    });
  });

  test('length: more steps than were foretold', () => {
    expect(first(judge({ durationMs: 310_000, numSteps: 3000 }))).toMatchObject({
      cause: 'length',
      text: '3,000 steps were done, and 1,500 were foretold: 2 min 30 s more.',
    });
  });

  test('a wrong estimate: evaluations and the rest took longer', () => {
    expect(first(judge({ durationMs: 310_000 }))).toMatchObject({
      cause: 'estimate',
      text: expect.stringContaining('took 2 min 40 s, and 10 s were foretold'),
    });
  });

  test('memory: by how much, and what the estimate does not know of', () => {
    expect(first(judge({ peakMemoryBytes: 900_000_000 }))).toMatchObject({
      quantity: 'peakMemoryBytes',
      cause: 'estimate',
      text: expect.stringContaining('grew by 900 MB at its peak, and 400 MB were estimated'),
    });
  });
});
