import { describe, expect, test } from 'vitest';
import { present } from '../../../src/core/index.ts';
import { thinned } from '../../../src/training/report/curves.ts';
import { happeningsOf } from '../../../src/training/report/happenings.ts';
import { commandText, parameterGroups, repetitionText } from '../../../src/training/report/recipe-section.ts';
import { runReport } from '../../../src/training/report/run-report.ts';
import type { RunEvent } from '../../../src/training/run/events.ts';
import { runManifestSchema } from '../../../src/training/run/run-manifest.ts';
import { exampleForecast, exampleVerdict } from './example-forecast.ts';
import { exampleEvents, exampleManifest, exampleModel, examplePlan } from './example-run.ts';

const stepEvent = (step: number): Extract<RunEvent, { type: 'step' }> => ({
  type: 'step',
  step,
  loss: 3,
  gradientNorm: 1,
  isApplied: true,
  scheduleFactor: 1,
  tokens: step,
  durationMs: 10,
  elapsedMs: 10 * step,
});
const folder = 'runs/presidents-2026-11-23';
const html = runReport({
  folder,
  manifest: exampleManifest,
  events: exampleEvents(),
  model: exampleModel,
  baseline: 2.41,
});

describe('the report of a run', () => {
  test('tells what was reached, at what cost, beside the baseline', () => {
    expect(runManifestSchema.safeParse(exampleManifest).success).toBe(true);
    for (const text of ['1.612', 'a bigram model: 2.410', '6.82 M', '8.19 M', '340 T', 'baseline', 'Muon']) {
      expect(html).toContain(text);
    }
  });

  test('draws loss and bits per byte over tokens and compute, learning rate, gradient norm and throughput', () => {
    for (const title of [
      'Loss over tokens',
      'Bits per byte over tokens',
      'Loss over compute',
      'Bits per byte over compute',
      'Learning rate',
      'Gradient norm',
      'Throughput',
    ]) {
      expect(html).toContain(`<strong>${title}</strong>`);
    }
  });

  test('holds text of users and models as text only', () => {
    expect(html).not.toContain('<b>letters');
    expect(html).toContain('&lt;b&gt;letters');
    expect(html).not.toContain('<script>document');
    expect(html).toContain('␛[2J');
  });

  test('tells skips, notes, stops and resumes with their steps', () => {
    expect(happeningsOf(exampleEvents()).map(({ step, what }) => [step, what])).toEqual([
      [0, 'started'],
      [500, 'note'],
      [500, 'stopped'],
      [500, 'resumed'],
      [600, 'skipped'],
      [1000, 'finished'],
    ]);
    expect(html).toContain('1 step was skipped');
  });

  test('sums parameters up by scope, layers together', () => {
    expect(parameterGroups(exampleModel.parameters)).toEqual([
      { name: 'embedding', shape: '8192 × 256', count: 1, numParameters: 2_097_152 },
      { name: 'layers.*.attention.query', shape: '256 × 256', count: 2, numParameters: 131_072 },
      { name: 'norm.gain', shape: '256', count: 1, numParameters: 256 },
    ]);
  });

  test('gives the command that began it and one that repeats it, as a shell takes them', () => {
    expect(commandText(exampleManifest)).toBe(`groundwork pretrain --budget 5m --prompt 'It'\\''s a <test>'`);
    expect(repetitionText(exampleManifest, examplePlan, 'runs/presidents-2026-11-23')).toBe(
      "groundwork pretrain --data datasets/presidents:3 --data 'datasets/<b>letters</b>:1' --recipe baseline --size 6x256 " +
        '--context 256 --batch 32 --micro-batch 16 --steps 1000 --seed 1 --engine cpu --threads 2',
    );
  });

  test('tells the time of training apart from all of the time, and the speed from the first', () => {
    // 1,000 steps of about 280 ms; the run took 281 s.
    expect(html).toMatch(/training<.*?4\.7 min.*?29,2\d\d tokens\/s/s);
    const slow = {
      ...exampleManifest,
      result: { ...present(exampleManifest.result, 'a result'), durationMs: 7_200_000 },
    };
    const page = runReport({ folder, manifest: slow, events: exampleEvents() });
    expect(page).toMatch(/29,2\d\d tokens\/s/);
    expect(page).toMatch(/in all<.*?2\.00? h/s);
  });

  test('repeats a run in its own place, with the recipe that lies in it', () => {
    const { recipe } = exampleManifest;
    const own = { ...exampleManifest, recipe: { ...recipe, file: 'recipe/my recipe.ts' } };
    const text = repetitionText(own, examplePlan, '/lab/runs/first');
    expect(text).toContain("--recipe '/lab/runs/first/recipe/my recipe.ts'");
    expect(text).toMatch(/ --out \/lab\/runs$/);
  });

  test('shows the decay that the clock decided, not the planned one', () => {
    const reason = 'the learning rate falls from here on';
    const rescheduled = { type: 'rescheduled', step: 700, numSteps: 1000, reason } as const;
    const page = runReport({ folder, manifest: exampleManifest, events: [...exampleEvents(), rescheduled] });
    expect(page).toContain('flat, then a line over the last 300 steps, which the clock decided');
    expect(page).toContain('Its learning rate falls over the last 400 steps; here it was the last 300');
  });

  test('folds steps in a row that were skipped, and lists no more than a few of a kind', () => {
    const skip = (step: number): RunEvent[] => [
      { ...stepEvent(step), loss: Number.NaN, isApplied: false },
      { type: 'warning', step, message: `step ${step} was skipped: its loss is NaN` },
    ];
    const inRow = [...skip(1), ...skip(2), ...skip(3), stepEvent(4), ...skip(5)];
    expect(happeningsOf(inRow).map(({ step, what }) => [step, what])).toEqual([
      [3, 'skipped'],
      [5, 'skipped'],
    ]);
    const everySecond = Array.from({ length: 60 }, (_, i) => [...skip(2 * i + 1), stepEvent(2 * i + 2)]).flat();
    const page = runReport({ folder, manifest: exampleManifest, events: everySecond });
    expect(page.match(/<td[^>]*>skipped/g)).toHaveLength(21);
    expect(page).toContain('40 more of this kind from here on');
    expect(page).toContain('60 steps were skipped');
  });

  test('says what was foretold and how that came, with the band behind the evaluations', () => {
    const forecast = { forecast: exampleForecast, verdict: exampleVerdict, problems: [] };
    const page = runReport({ folder, manifest: exampleManifest, events: exampleEvents(), forecast });
    expect(page).toContain('Forecast and verdict');
    expect(page).toMatch(/bits per byte<.*?1\.6123.*?not as foretold/s);
    expect(page).toMatch(/memory<.*?900 MB.*?910 MB.*?1\.1 % above.*?as foretold/s);
    expect(page).toContain('Why bits per byte came otherwise, most likely cause first: ');
    expect(page).toContain('<strong>Bits per byte as foretold and as they came</strong>');
    expect(page).toMatch(/class="band quiet"/);
    expect(page).not.toContain('<b>presidents</b>');
    // Before the end there is a forecast alone, and of runs of before neither.
    const before = runReport({
      folder,
      manifest: exampleManifest,
      events: [],
      forecast: { ...forecast, verdict: undefined },
    });
    expect(before).toContain('What was foretold');
    expect(before).not.toContain('Off by');
    expect(html).not.toContain('Forecast and verdict');
    const changed = { problems: ['forecast.json: found another text.'] };
    expect(runReport({ folder, manifest: exampleManifest, events: [], forecast: changed })).toContain(
      'forecast.json: found another text.',
    );
  });

  test('stays small for a long run', () => {
    const long = runReport({ folder, manifest: exampleManifest, events: exampleEvents(30_000), model: exampleModel });
    expect(long.length).toBeLessThan(400_000);
  });

  test('does without what a run does not have yet', () => {
    const manifest = { ...exampleManifest, status: 'running' as const, result: null, plan: null };
    expect(runReport({ folder, manifest, events: [] })).toContain('The run was at work');
    const failure = { code: 'diverged', message: 'the loss left', hint: 'Lower the learning rate.', step: 3 };
    const failed = runReport({
      folder,
      manifest: { ...manifest, status: 'failed', failure },
      events: exampleEvents(3),
    });
    expect(failed).toContain('Lower the learning rate.');
    expect(failed).toContain('The run failed after 3 of 1,000 steps');
  });
});

describe('a curve that is thinned out', () => {
  test('keeps its ends, its means and its extremes', () => {
    const points = Array.from({ length: 10_000 }, (_, x) => [x + 1, x === 5010 ? 100 : x % 2] as const);
    const { points: means, band = [] } = thinned(points);
    expect(means.length).toBeLessThanOrEqual(400);
    expect(means.at(-1)?.[0]).toBe(10_000);
    expect(Math.max(...band.map(([, , high]) => high))).toBe(100);
    expect(means[0]?.[1]).toBeCloseTo(0.5, 1);
  });

  test('is left alone where it is short, and broken where it has no numbers', () => {
    expect(
      thinned([
        [1, 2],
        [2, Number.NaN],
      ]),
    ).toEqual({
      points: [
        [1, 2],
        [2, Number.NaN],
      ],
    });
    const points = Array.from({ length: 4000 }, (_, x) => [x, x < 2000 ? Number.NaN : 1] as const);
    const { points: means, band } = thinned(points);
    expect(means[0]?.[1]).toBeNaN();
    expect(means.at(-1)?.[1]).toBe(1);
    expect(band).toHaveLength(200);
  });

  test('has no more points than a page shows, also where millions of steps fall into one, or all into the same place', () => {
    const many = Array.from({ length: 300_000 }, (_, x) => [x < 299_000 ? 1 + x / 1e9 : x, 1] as const);
    expect(thinned(many).points.length).toBeLessThanOrEqual(400);
    expect(thinned(Array.from({ length: 1000 }, () => [5, 2] as const))).toEqual({
      points: [[5, 2]],
      band: [[5, 2, 2]],
    });
    const flat = exampleEvents(1000).map((event) =>
      event.type === 'step' ? { ...stepEvent(event.step), tokens: 0 } : event,
    );
    expect(runReport({ folder, manifest: exampleManifest, events: flat })).not.toContain('NaN');
  });

  test('has parts of equal width on a logarithm', () => {
    const points = Array.from({ length: 100_000 }, (_, x) => [x, 1] as const);
    const { points: means } = thinned(points, 'log');
    expect(means[0]?.[0]).toBe(1);
    expect(means.filter(([x]) => x <= 316).length).toBeGreaterThan(60);
  });
});
