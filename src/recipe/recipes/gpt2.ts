import { gptModel } from '../../model/index.ts';
import { defineRecipe, type Recipe } from '../recipe.ts';

/** The rate at which GPT-3 trained the size of GPT-2 (Brown et al. 2020, table 2.1), and the width of that size. */
const tuned = { learningRate: 6e-4, width: 768 };

/**
 * GPT-2 (Radford et al. 2019): LayerNorm, learned positions, GELU by tanh, biases, the embedding as head, trained as GPT-3 was: AdamW with
 * a linear warm-up and half a cosine down to a tenth. The rate rises as the width falls, so that it serves small sizes too.
 */
export const gpt2: Recipe = defineRecipe({
  name: 'gpt2',
  summary: 'GPT-2 as it was: LayerNorm, learned positions, GELU, biases, a tied head, AdamW.',
  model: (size) =>
    gptModel({
      ...size,
      norm: 'layerNorm',
      positions: 'learned',
      mlp: 'geluTanh',
      hasBiases: true,
      qkNorm: 'none',
      isHeadTied: true,
      embeddingDeviation: 0.02,
      matrixDeviation: 0.02,
      outputInitialization: 'scaled',
    }),
  optimizer: ({ size }) => {
    const learningRate = (tuned.learningRate * tuned.width) / size.width;
    const adamW = { algorithm: 'adamw', learningRate, beta1: 0.9, beta2: 0.95, epsilon: 1e-8 } as const;
    return {
      groups: [
        { ...adamW, roles: ['matrix', 'embedding'], weightDecay: 0.1 },
        { ...adamW, roles: ['gain', 'bias'], weightDecay: 0 },
      ],
      clipNorm: 1,
    };
  },
  schedule: { kind: 'cosine', warmupSteps: 100, finalFactor: 0.1, decayShare: 0 },
});
