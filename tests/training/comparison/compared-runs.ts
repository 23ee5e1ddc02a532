import { randomStream, sha256Hex } from '../../../src/core/index.ts';
import type { LadderRecord } from '../../../src/theory/index.ts';
import type { ComparedRun } from '../../../src/training/comparison/arms.ts';
import type { RunManifest } from '../../../src/training/run/run-manifest.ts';
import { digest, smallManifest } from '../run/small-run.ts';

export interface RunChanges {
  readonly name?: string;
  readonly seed?: number;
  readonly bitsPerByte?: number;
  readonly numSteps?: number;
  /** A change of the recipe: another arm. */
  readonly learningRate?: number;
  readonly numDocuments?: number;
  readonly trainingMs?: number;
  readonly manifest?: Partial<RunManifest>;
}

/** A finished run that is made up. */
export function comparedRun(changes: RunChanges = {}): ComparedRun {
  const {
    seed = 0,
    bitsPerByte = 2,
    numSteps = 20,
    learningRate = 0.001,
    numDocuments = 7,
    trainingMs = 100,
  } = changes;
  const base = smallManifest();
  const [group] = base.optimizer.groups;
  if (group === undefined) throw new Error('a small run has an optimizer');
  const name = changes.name ?? `rate${learningRate}-${seed}`;
  const manifest = smallManifest({
    name,
    seed,
    numSteps,
    recipe: { ...base.recipe, sha256: sha256Hex(`rate ${learningRate}`) },
    optimizer: { ...base.optimizer, groups: [{ ...group, learningRate }] },
    batchesFingerprint: sha256Hex(`batches ${seed}`),
    plan: { budget: { kind: 'steps', numSteps }, numSteps, expected: { flopsPerStep: 1e6 } },
    status: 'finished',
    result: {
      step: numSteps,
      tokens: 64 * numSteps,
      bitsPerByte,
      numDocuments,
      numValidationDocuments: 7,
      loss: 2,
      durationMs: 1000,
    },
    ...changes.manifest,
  });
  return { folder: `runs/${name}`, manifest, trainingMs };
}

/** Runs of one arm: seeds from 0 on, around a mean. */
export function arm(values: readonly number[], changes: Omit<RunChanges, 'seed' | 'bitsPerByte'> = {}): ComparedRun[] {
  return values.map((bitsPerByte, seed) => comparedRun({ ...changes, seed, bitsPerByte }));
}

/**
 * A ladder that follows L = 1 + 3·N^(−0.3) + 40·D^(−0.4) with three seeds a point, which scatter by `sigma`.
 *
 * @param fingerprint of its text; that of the small runs unless told
 */
export function smallLadder({ sigma = 0.002, fingerprint = digest('c') } = {}): LadderRecord {
  const random = randomStream(1, 'ladder');
  const points = [1e3, 3e3, 1e4].flatMap((numParameters) =>
    [1000, 4000, 16_000].flatMap((numTokens) =>
      [0, 1, 2].map((seed) => ({
        rung: `${numParameters} ${numTokens}`,
        seed,
        numLayers: 1,
        width: 8,
        contextLength: 16,
        batchTokens: 64,
        numSteps: Math.round(numTokens / 64),
        numTokens,
        parameters: { total: numParameters, nonEmbedding: numParameters, matmul: numParameters, active: numParameters },
        flops: 6 * numParameters * numTokens,
        bitsPerByte: 1 + 3 * numParameters ** -0.3 + 40 * numTokens ** -0.4 + sigma * random.nextNormal(),
        loss: 3,
        numDocuments: 7,
        curve: [],
      })),
    ),
  );
  return {
    format: 'groundwork-ladder',
    version: 1,
    name: 'small-ladder',
    createdAt: '2026-11-23T10:00:00.000Z',
    corpus: {
      name: 'small',
      fingerprint,
      vocabularySize: 257,
      uniqueTokens: 1e6,
      validationBytes: 1000,
      validationTokens: 1000,
      numValidationDocuments: 7,
      bigramBitsPerByte: 3,
    },
    recipe: { name: 'baseline', sha256: digest('e') },
    environment: { node: '20', platform: 'test', cpu: 'test', groundwork: '0' },
    points,
  } as unknown as LadderRecord;
}
