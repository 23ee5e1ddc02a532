import { randomStream } from '../../../src/core/index.ts';
import {
  effectiveAmount,
  type LadderPoint,
  type LadderRecord,
  lossOf,
  type ScalingLaw,
} from '../../../src/theory/index.ts';

/** A law as small models on a small text have it, in bits per byte. */
export const syntheticLaw: ScalingLaw = { E: 0.9, A: 11, alpha: 0.3, B: 60, beta: 0.36 };

/** Layers, width and parameters (all, those of matrix products) of the sizes of the ladder. */
const sizes = [
  { numLayers: 2, width: 32, total: 540_000, matmul: 280_000 },
  { numLayers: 4, width: 64, total: 1_250_000, matmul: 720_000 },
  { numLayers: 4, width: 96, total: 2_000_000, matmul: 1_230_000 },
  { numLayers: 4, width: 128, total: 2_900_000, matmul: 1_850_000 },
] as const;

/** What a rate that has not fallen yet leaves on top, relative. */
export const syntheticExcess = 0.05;

export interface SyntheticOptions {
  readonly name?: string;
  readonly fingerprint?: string;
  readonly corpusName?: string;
  readonly recipeSha256?: string;
  readonly law?: ScalingLaw;
  /** Standard deviation of ln bits per byte between seeds. */
  readonly noise?: number;
  readonly bigramBitsPerByte?: number;
  readonly uniqueTokens?: number;
  readonly seed?: number;
}

/** The factor of a rate that is flat for half of a run and falls in a line to nothing. */
export const halfDecay = (step: number, numSteps: number): number =>
  step < numSteps / 2 ? 1 : 1 - (step - numSteps / 2) / (numSteps / 2);

/** A ladder of four sizes, three lengths each, two seeds on the smaller two, whose losses follow a law up to some noise. */
export function syntheticLadder(options: SyntheticOptions = {}): LadderRecord {
  const { law = syntheticLaw, noise = 0.002, uniqueTokens = 2_000_000, seed = 1 } = options;
  const random = randomStream(seed, 'synthetic-ladder');
  const points: LadderPoint[] = [];
  for (const [index, size] of sizes.entries()) {
    for (const numSteps of [100, 200, 400].map((steps) => steps * (1 + index))) {
      for (let replicate = 0; replicate < (index < 2 ? 2 : 1); replicate++) {
        const batchTokens = 2048;
        const lossAt = (step: number) => lossOf(law, size.matmul, effectiveAmount(step * batchTokens, uniqueTokens));
        const luck = Math.exp(noise * random.nextNormal());
        const bitsPerByte = lossAt(numSteps) * luck;
        let sum = 0;
        const curve: [number, number, number][] = [];
        for (let step = 1; step <= numSteps; step++) {
          const factor = halfDecay(step - 1, numSteps);
          sum += factor;
          if (step % (numSteps / 20) !== 0) continue;
          const left = step === numSteps ? 0 : factor;
          curve.push([step, sum, lossAt(step) * luck * (1 + syntheticExcess * left)]);
        }
        points.push({
          rung: `${index + 1}: ${size.numLayers}x${size.width}, ${numSteps} steps`,
          seed: replicate,
          numLayers: size.numLayers,
          width: size.width,
          contextLength: 128,
          batchTokens,
          numSteps,
          numTokens: numSteps * batchTokens,
          parameters: {
            total: size.total,
            nonEmbedding: size.matmul - 8192 * size.width,
            matmul: size.matmul,
            active: size.matmul + size.width,
          },
          flops: 6.5 * size.matmul * numSteps * batchTokens,
          bitsPerByte,
          loss: bitsPerByte * 2.9,
          numDocuments: 1263,
          curve,
        });
      }
    }
  }
  return {
    format: 'groundwork-ladder',
    version: 1,
    name: options.name ?? 'baseline-presidents',
    createdAt: '2026-11-23T14:00:00.000Z',
    corpus: {
      name: options.corpusName ?? 'presidents',
      fingerprint: options.fingerprint ?? 'a'.repeat(64),
      vocabularySize: 8192,
      uniqueTokens,
      validationBytes: 680_000,
      validationTokens: 161_000,
      numValidationDocuments: 1263,
      bigramBitsPerByte: options.bigramBitsPerByte ?? 1.51,
    },
    recipe: { name: 'baseline', sha256: options.recipeSha256 ?? 'b'.repeat(64) },
    environment: { node: 'v20', platform: 'linux-x64', cpu: 'a CPU', groundwork: '0.1.0' },
    points,
  };
}
