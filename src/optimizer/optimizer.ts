import { z } from 'zod';

const positive = z.number().positive();

/** AdamW (Loshchilov & Hutter 2019). */
export const adamWGroupSchema = z.strictObject({
  algorithm: z.literal('adamw'),
  /** The roles of the parameters that it updates. Each role belongs to exactly one group. */
  roles: z.array(z.string()).min(1),
  /** Peak learning rate: what the schedule's factor is multiplied by. */
  learningRate: positive,
  beta1: z.number().min(0).lt(1),
  beta2: z.number().min(0).lt(1),
  epsilon: positive,
  /** Decoupled: each step multiplies a parameter by 1 − learning rate · weight decay. */
  weightDecay: z.number().min(0),
});

/** Muon (Jordan et al. 2024): momentum, orthogonalised by Newton–Schulz. For matrices. */
export const muonGroupSchema = z.strictObject({
  algorithm: z.literal('muon'),
  roles: z.array(z.string()).min(1),
  learningRate: positive,
  momentum: z.number().min(0).lt(1),
  weightDecay: z.number().min(0),
  /** Steps of the Newton–Schulz iteration. */
  numIterations: z.int().min(1),
});

const groupsSchema = z
  .array(z.discriminatedUnion('algorithm', [adamWGroupSchema, muonGroupSchema]))
  .min(1)
  .superRefine((groups, context) => {
    const roles = groups.flatMap((group) => group.roles);
    const repeated = roles.find((role, index) => roles.indexOf(role) !== index);
    if (repeated !== undefined) {
      context.addIssue({ code: 'custom', message: `the role ${repeated} stands in two groups, expected in one` });
    }
  });

export const optimizerSchema = z.strictObject({
  /** Each role of the model's parameters stands in exactly one. */
  groups: groupsSchema,
  /** Gradients are scaled down to this global norm; null: never. */
  clipNorm: positive.nullable(),
});

export type AdamWGroup = z.infer<typeof adamWGroupSchema>;
export type MuonGroup = z.infer<typeof muonGroupSchema>;
export type OptimizerGroup = AdamWGroup | MuonGroup;
export type OptimizerSpec = z.infer<typeof optimizerSchema>;
