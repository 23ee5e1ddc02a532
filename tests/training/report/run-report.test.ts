import { describe, expect, test } from 'vitest';
import { thinned } from '../../../src/training/report/curves.ts';
import { happeningsOf } from '../../../src/training/report/happenings.ts';
import { commandText, parameterGroups, repetitionText } from '../../../src/training/report/recipe-section.ts';
import { runReport } from '../../../src/training/report/run-report.ts';
import { runManifestSchema } from '../../../src/training/run/run-manifest.ts';
import { exampleEvents, exampleManifest, exampleModel, examplePlan } from './example-run.ts';

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

  test('has parts of equal width on a logarithm', () => {
    const points = Array.from({ length: 100_000 }, (_, x) => [x, 1] as const);
    const { points: means } = thinned(points, 'log');
    expect(means[0]?.[0]).toBe(1);
    expect(means.filter(([x]) => x <= 316).length).toBeGreaterThan(60);
  });
});
