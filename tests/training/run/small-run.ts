import { type FileSystem, randomStream, sha256Hex } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { serializeTokenizer } from '../../../src/tokenizer/index.ts';
import type { CheckpointContents } from '../../../src/training/run/checkpoint.ts';
import type { RunEvent } from '../../../src/training/run/events.ts';
import type { RunManifest } from '../../../src/training/run/run-manifest.ts';
import type { TensorArray } from '../../../src/training/run/safetensors.ts';
import { byteTokenizer } from '../../data/store/small-dataset.ts';

/** A SHA-256 that stands for something. */
export const digest = (digit: string): string => digit.repeat(64);

const tokenizer = byteTokenizer(257);
export const fingerprints = { program: digest('1'), tokenizer: tokenizer.fingerprint, batches: digest('3') };

/** What lies beside the manifest of a small run, by name. */
export const smallParts: { readonly [file: string]: string } = {
  'tokenizer.json': serializeTokenizer(tokenizer),
  'recipe.json': '{}\n',
};

/** A manifest of a run that is small in every way. */
export function smallManifest(change: Partial<RunManifest> = {}): RunManifest {
  return {
    format: 'groundwork-run',
    version: 1,
    name: 'small',
    createdAt: '2026-11-23T10:00:00.000Z',
    recipe: { name: 'baseline', file: null, options: { tied: true }, sha256: sha256Hex('{}') },
    size: { vocabularySize: 257, contextLength: 16, numLayers: 2, width: 32 },
    programHash: fingerprints.program,
    modelHash: digest('b'),
    batch: { batchSize: 4, microBatchSize: 2, contextLength: 16, packing: 'stream', documentMask: false },
    datasets: [{ folder: 'datasets/small', name: 'small', fingerprint: digest('c'), weight: 1 }],
    batchesFingerprint: fingerprints.batches,
    tokenizerFingerprint: fingerprints.tokenizer,
    seed: 1,
    numSteps: 20,
    schedule: { kind: 'warmupStableDecay', warmupSteps: 2, finalFactor: 0.1, decayShare: 0.2 },
    optimizer: {
      groups: [
        {
          algorithm: 'adamw',
          roles: ['matrix'],
          learningRate: 0.001,
          beta1: 0.9,
          beta2: 0.95,
          epsilon: 1e-8,
          weightDecay: 0.1,
        },
      ],
      clipNorm: 1,
    },
    engine: { provider: 'cpu', numThreads: 1, name: 'onnx', versions: { onnxruntime: '1.0.0' } },
    environment: { node: 'v20.20.0', platform: 'linux-x64', cpu: 'a CPU', groundwork: '0.1.0' },
    plan: { reasons: ['It is small.'] },
    command: ['pretrain', 'datasets/small'],
    status: 'running',
    failure: null,
    result: null,
    ...change,
  };
}

function arrays(step: number, names: readonly string[]): Map<string, TensorArray> {
  return new Map(
    names.map((name) => {
      const stream = randomStream(step, name);
      return [name, { shape: [3, 5], data: Float32Array.from({ length: 15 }, () => stream.nextUniform() - 0.5) }];
    }),
  );
}

/** Contents of a checkpoint: other numbers at every step. */
export function smallContents(step: number): CheckpointContents {
  return {
    step,
    parameters: arrays(step, ['layers.0.weight', 'layers.1.weight', 'norm']),
    optimizer: arrays(step, ['optimizer.layers.0.weight.first', 'optimizer.step']),
    training: { step, tokens: 64 * step, skipped: [] },
    fingerprints,
  };
}

/** The files of this machine without the waiting for the disk: only a loss of power could tell the difference. */
export const unflushedFileSystem: FileSystem = {
  ...nodeFileSystem,
  open: (path, mode) => ({ ...nodeFileSystem.open(path, mode), sync: () => undefined }),
  syncFolder: () => undefined,
};

/** Files whose folders are removed one file after another, as they are in truth, so that a crash can come between. */
export function pieceByPiece<Files extends FileSystem>(files: Files): Files {
  const remove = (path: string): void => {
    if (files.exists(path) && files.stat(path).isFolder) {
      for (const name of files.list(path)) remove(`${path}/${name}`);
    }
    files.remove(path);
  };
  return { ...files, remove };
}

/** A log with an event of every kind. */
export const fixtureEvents: readonly RunEvent[] = [
  { type: 'started' },
  {
    type: 'step',
    step: 1,
    loss: 5.545177459716797,
    gradientNorm: Number.NaN,
    isApplied: false,
    scheduleFactor: 0.5,
    tokens: 64,
    durationMs: 3.5,
    elapsedMs: 3.5,
  },
  {
    type: 'evaluation',
    step: 1,
    tokens: 64,
    bitsPerByte: 3.5,
    numDocuments: 7,
    numValidationDocuments: 9,
    isFinal: false,
  },
  { type: 'sample', step: 1, prompt: 'The "people"\n', text: 'of\u2028 Ünïted\t😀 \u0000' },
  { type: 'checkpoint', step: 1, sizeBytes: 12_345 },
  { type: 'stopped', step: 1, signal: 'SIGTERM' },
  { type: 'resumed', step: 1 },
  { type: 'warning', step: 2, message: 'a step was skipped' },
  { type: 'rescheduled', step: 2, numSteps: 30, reason: 'slower than planned' },
  { type: 'failed', code: 'diverged', message: 'the loss has left', step: 2 },
  { type: 'finished' },
];
