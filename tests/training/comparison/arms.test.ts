import { describe, expect, test } from 'vitest';
import { groupIntoArms } from '../../../src/training/comparison/arms.ts';
import { digest, smallManifest } from '../run/small-run.ts';
import { arm, comparedRun } from './compared-runs.ts';

describe('runs in arms', () => {
  test('are put together where they differ in nothing but the seed, in the order in which they were named', () => {
    const runs = [...arm([2.1, 2.2], { learningRate: 0.002 }), ...arm([2.3, 2.4, 2.5])];
    const { arms, numDocuments, leftOut } = groupIntoArms(runs);
    expect(arms.map(({ name, runs: members }) => [name, members.map((run) => [run.seed, run.bitsPerByte])])).toEqual([
      [
        'rate0.002',
        [
          [0, 2.1],
          [1, 2.2],
        ],
      ],
      [
        'rate0.001',
        [
          [0, 2.3],
          [1, 2.4],
          [2, 2.5],
        ],
      ],
    ]);
    expect({ numDocuments, leftOut }).toEqual({ numDocuments: 7, leftOut: [] });
    expect(arms[0]?.runs[0]).toMatchObject({ numSteps: 20, numTokens: 1280, flops: 2e7, trainingMs: 100 });
  });

  test('micro-batches, machine and speed make no other arm; batch, length, data and packing do', () => {
    const { batch, environment, engine } = smallManifest();
    const same = [
      { batch: { ...batch, microBatchSize: 1 }, programHash: digest('9') },
      { environment: { ...environment, cpu: 'another' }, engine: { ...engine, numThreads: 2 } },
    ];
    for (const manifest of same) {
      expect(() => groupIntoArms([comparedRun(), comparedRun({ seed: 1, manifest })])).toThrow(
        'nothing but their seeds',
      );
    }
    const others = [
      { batch: { ...batch, batchSize: 8 } },
      { batch: { ...batch, packing: 'documents' as const } },
      { batch: { ...batch, precision: 'bfloat16' as const } },
      { numSteps: 21 },
      { modelHash: digest('9') },
    ];
    for (const manifest of others) {
      expect(groupIntoArms([comparedRun(), comparedRun({ seed: 1, manifest })]).arms).toHaveLength(2);
    }
  });

  test('runs for a time are one arm whatever steps the machine found time for', () => {
    const timed = (seed: number, numSteps: number, durationMs: number) => {
      const plan = { budget: { kind: 'time', durationMs }, numSteps: 30, expected: { flopsPerStep: 1e6 } };
      return comparedRun({ name: `t${durationMs}-${seed}`, seed, numSteps, manifest: { plan } });
    };
    const { arms } = groupIntoArms([timed(0, 20, 1000), timed(1, 23, 1000), timed(0, 40, 2000)]);
    expect(arms.map(({ name, runs }) => [name, runs.length])).toEqual([
      ['t1000', 2],
      ['t2000', 1],
    ]);
  });

  test('a second run of the same seed is left out, and named', () => {
    const again = comparedRun({ name: 'again', seed: 1, bitsPerByte: 9 });
    const { arms, leftOut } = groupIntoArms([...arm([2.3, 2.4]), again, ...arm([2.1], { learningRate: 0.002 })]);
    expect(arms[0]?.runs.map(({ bitsPerByte }) => bitsPerByte)).toEqual([2.3, 2.4]);
    expect(leftOut).toEqual(['runs/again is left out: runs/rate0.001-1 is the same run with the same seed (1).']);
  });

  test('arms whose names do not tell them apart are called by their first run', () => {
    const runs = [comparedRun({ name: 'a-1' }), comparedRun({ name: 'a-2', learningRate: 0.1 })];
    expect(groupIntoArms(runs).arms.map(({ name }) => name)).toEqual(['a-1', 'a-2']);
  });

  test('a name that ends in a letter is kept as it is', () => {
    const runs = [comparedRun({ name: 'less' }), comparedRun({ name: 'more', learningRate: 0.1 })];
    expect(groupIntoArms(runs).arms.map(({ name }) => name)).toEqual(['less', 'more']);
  });

  const other = [{ folder: 'datasets/other', name: 'other', fingerprint: digest('d'), weight: 1 }];
  test.each([
    ['one arm', arm([1, 2]), 'usage', 'found 2 runs that differ in nothing but their seeds'],
    [
      'other text',
      [comparedRun(), comparedRun({ learningRate: 1, manifest: { datasets: other } })],
      'run-mismatch',
      'was measured on other (dddddddddddd), expected small',
    ],
    [
      'other documents',
      [comparedRun(), comparedRun({ learningRate: 1, numDocuments: 5 })],
      'run-mismatch',
      'was measured on 5 validation documents, expected 7',
    ],
    [
      'a run at work',
      [comparedRun(), comparedRun({ learningRate: 1, manifest: { status: 'running' } })],
      'run-mismatch',
      'runs/rate1-0 is running',
    ],
    [
      'a run that failed',
      [comparedRun({ manifest: { status: 'failed' } }), comparedRun({ learningRate: 1 })],
      'run-mismatch',
      'is failed',
    ],
    [
      'a run without held-out text',
      [
        comparedRun({ manifest: { result: { ...comparedRun().manifest.result, bitsPerByte: null } as never } }),
        comparedRun({ learningRate: 1 }),
      ],
      'run-mismatch',
      'measured on no validation documents',
    ],
    [
      'a plan that is none',
      [comparedRun({ manifest: { plan: {} } }), comparedRun({ learningRate: 1 })],
      'invalid-run',
      'the plan of the run',
    ],
  ])('%s cannot be compared, and it is said why', (_, runs, code, message) => {
    expect(() => groupIntoArms(runs)).toThrow(
      expect.objectContaining({ code, message: expect.stringContaining(message) }),
    );
  });
});
