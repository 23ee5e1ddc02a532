import { gptModel } from 'groundwork-lm/model';
import { defineRecipe } from 'groundwork-lm/recipe';

/**
 * A recipe of one's own. Train it with `groundwork pretrain FOLDER --recipe ./my-recipe.ts`.
 *
 * It decides what the model is, how it starts, how it is updated and how the learning rate goes; size, batch and length come from
 * the plan, text and loss from the lab.
 */
export default defineRecipe({
  name: 'my-recipe',
  summary: 'A GPT with parallel blocks and squared ReLU, trained by Muon.',

  // Every option of a GPT has a default; what is named here differs from it.
  model: (size) =>
    gptModel({
      ...size,
      mlp: 'reluSquared',
      hasParallelBlocks: true,
      isHeadTied: false,
      logitSoftcap: 15,
    }),

  // Each role of a parameter belongs to one group. The numbers may follow the extent of the run.
  optimizer: ({ numSteps }) => {
    const adamW = { algorithm: 'adamw', beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0 } as const;
    return {
      groups: [
        {
          algorithm: 'muon',
          roles: ['matrix'],
          learningRate: 0.02,
          momentum: numSteps < 100 ? 0.9 : 0.95,
          weightDecay: 0.1,
          numIterations: 5,
        },
        { ...adamW, roles: ['embedding', 'head'], learningRate: 0.006 },
        { ...adamW, roles: ['gain', 'bias', 'scale'], learningRate: 0.003 },
      ],
      clipNorm: 1,
    };
  },

  // The factor on all learning rates: up over ten steps, flat, and down in a line over the last 40 %.
  schedule: { kind: 'warmupStableDecay', warmupSteps: 10, finalFactor: 0, decayShare: 0.4 },
});
