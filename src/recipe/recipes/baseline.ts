import { gptModel } from '../../model/index.ts';
import { defineRecipe, type Recipe } from '../recipe.ts';

/**
 * The numbers of the default recipe, all in one place. They are what reached the fewest bits per byte at equal cost on `presidents`,
 * at sizes of one to five minutes on two cores; docs/notebook.md has the measurements.
 */
const tuned = {
  /** The width at which they were found; muP carries them to others. */
  baseWidth: 64,
  /** Widths below this have heads of 32. */
  wideHeadsFrom: 128,
  embeddingDeviation: 0.5,
  headDeviation: 0,
  muon: { learningRate: 0.02, momentum: 0.95, weightDecay: 0, numIterations: 5 },
  adamW: { beta1: 0.9, beta2: 0.95, epsilon: 1e-10, weightDecay: 0 },
  embeddingLearningRate: 0.06,
  headLearningRate: 0.02,
  vectorLearningRate: 0.01,
  clipNorm: 1,
  schedule: { kind: 'warmupStableDecay', warmupSteps: 10, finalFactor: 0, decayShare: 0.5 },
} as const;

/** The default: the layout of Qwen 3, which exports everywhere, with Muon for the matrices. */
export const baseline: Recipe = defineRecipe({
  name: 'baseline',
  summary: 'The layout of Qwen 3 with Muon for the matrices and AdamW for the rest; exports everywhere.',
  model: (size) =>
    gptModel({
      ...size,
      headWidth: size.width < tuned.wideHeadsFrom && size.width % 32 === 0 ? 32 : null,
      embeddingDeviation: tuned.embeddingDeviation,
      headDeviation: tuned.headDeviation,
      scaling: { baseWidth: tuned.baseWidth, matrices: 'muon' },
    }),
  optimizer: () => {
    const adamW = { algorithm: 'adamw', ...tuned.adamW } as const;
    return {
      groups: [
        { algorithm: 'muon', roles: ['matrix'], ...tuned.muon },
        { ...adamW, roles: ['embedding'], learningRate: tuned.embeddingLearningRate },
        { ...adamW, roles: ['head'], learningRate: tuned.headLearningRate },
        { ...adamW, roles: ['gain', 'bias', 'scale'], learningRate: tuned.vectorLearningRate },
      ],
      clipNorm: tuned.clipNorm,
    };
  },
  schedule: tuned.schedule,
});
