import { gptModel } from '../../model/index.ts';
import { defineRecipe, type Recipe } from '../recipe.ts';

/** Width at which nanochat tuned the rates of AdamW; they fall with the root of the width. */
const tunedWidth = 768;

/**
 * The model of nanochat (Karpathy, autumn of 2025): squared ReLU, norms without gain, also after the embedding, queries and keys
 * normalised after rotary positions, an untied head that begins at zero with its logits capped at 15, Muon for the matrices. Rates,
 * betas and the schedule are those of its base training; its ramp of Muon's momentum over the first 300 steps is left out.
 */
export const nanochat2025: Recipe = defineRecipe({
  name: 'nanochat-2025',
  summary: 'nanochat of autumn 2025: squared ReLU, norms without gain, capped logits, Muon for the matrices.',
  model: (size) =>
    gptModel({
      ...size,
      mlp: 'reluSquared',
      hasNormGains: false,
      qkNorm: 'afterRotary',
      hasEmbeddingNorm: true,
      isHeadTied: false,
      logitSoftcap: 15,
      embeddingDeviation: 1,
      headDeviation: 0,
      outputInitialization: 'zero',
    }),
  optimizer: ({ size }) => {
    const adamW = { algorithm: 'adamw', beta1: 0.8, beta2: 0.95, epsilon: 1e-10, weightDecay: 0 } as const;
    const scale = Math.sqrt(tunedWidth / size.width);
    return {
      groups: [
        { algorithm: 'muon', roles: ['matrix'], learningRate: 0.02, momentum: 0.95, weightDecay: 0, numIterations: 5 },
        { ...adamW, roles: ['embedding'], learningRate: 0.2 * scale },
        { ...adamW, roles: ['head'], learningRate: 0.004 * scale },
      ],
      clipNorm: 1,
    };
  },
  schedule: { kind: 'warmupStableDecay', warmupSteps: 0, finalFactor: 0, decayShare: 0.2 },
});
