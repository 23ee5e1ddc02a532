import { z } from 'zod';

const leastNormal = 2 ** -126;

/** Optimizers compute in float32, where a smaller number loses its digits or becomes 0, and a larger one is infinite. */
function isNormalFloat32(x: number): boolean {
  const rounded = Math.fround(x);
  return rounded >= leastNormal && Number.isFinite(rounded);
}

const positive = z
  .number()
  .positive()
  .refine(isNormalFloat32, { error: 'expected a number from 1.2e-38 to 3.4e38, as float32 holds it' });

const share = z
  .number()
  .min(0)
  .refine((x) => Math.fround(x) < 1, { error: 'expected a number below 1, as float32 rounds it' });

/** AdamW (Loshchilov & Hutter 2019). */
const adamWGroupSchema = z.strictObject({
  algorithm: z.literal('adamw'),
  /** The roles of the parameters that it updates. Each role belongs to exactly one group. */
  roles: z.array(z.string()).min(1),
  /** Peak learning rate: what the schedule's factor is multiplied by. */
  learningRate: positive,
  beta1: share,
  beta2: share,
  epsilon: positive,
  /** Decoupled: each step multiplies a parameter by 1 − learning rate · weight decay. */
  weightDecay: z.number().min(0),
});

/** Muon (Jordan et al. 2024): momentum, orthogonalised by Newton–Schulz. For matrices. */
const muonGroupSchema = z.strictObject({
  algorithm: z.literal('muon'),
  roles: z.array(z.string()).min(1),
  learningRate: positive,
  momentum: share,
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
