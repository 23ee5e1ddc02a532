import { z } from 'zod';
import { GroundworkError } from '../core/index.ts';

/**
 * What a GPT may be, as plain data. Every option has a default; together the defaults are the layout of Qwen 3 (RMSNorm with
 * gain, queries and keys normalised per head before rotary positions, gated SiLU MLP, no biases), which exports everywhere.
 *
 * Axes: B batch, T time, D model width, H heads, G groups of key/value heads, K head width, F hidden width, V vocabulary.
 */
export const mlpKinds = ['swiglu', 'geglu', 'reluSquared', 'gelu', 'geluTanh'] as const;
export type MlpKind = (typeof mlpKinds)[number];

const extent = z.int().min(1);
const deviation = z.number().min(0);

/** Widths and learning rates that carry over from one width to the next: see `scaling.ts`. */
export const scalingSchema = z.strictObject({
  /** The width at which the learning rate was tuned; there the rules change nothing. */
  baseWidth: extent,
  /** Head width at the base. Default: the same as here, heads growing in number only. */
  baseHeadWidth: extent.nullable().default(null),
  /** Heads at the base. Default: as many as fill the width, there as here. */
  baseNumHeads: extent.nullable().default(null),
  /** Groups at the base. Default: in proportion to heads. */
  baseNumGroups: extent.nullable().default(null),
  /** Hidden width at the base. Default: in proportion to the width. */
  baseHiddenWidth: extent.nullable().default(null),
  /** Which algorithm updates the matrices of the blocks: its rule is followed. */
  matrices: z.enum(['adamw', 'muon']).default('adamw'),
});

export const gptConfigSchema = z.strictObject({
  /** V */
  vocabularySize: extent,
  /** T, the most positions that it reads at once. */
  contextLength: extent,
  numLayers: extent,
  /** D */
  width: extent,

  /** K. Default: D / H where `numHeads` is given, rounded up to an even width; else 64 where it divides the width, see `defaultHeadWidth`. */
  headWidth: extent.nullable().default(null),
  /** H. Default: as many as fill the width. */
  numHeads: extent.nullable().default(null),
  /** G, which divides H. Default: as many as heads. */
  numGroups: extent.nullable().default(null),
  /** F. Default 8/3 · D rounded up to a multiple of 32 where the MLP is gated, else 4 · D. */
  hiddenWidth: extent.nullable().default(null),

  /** Gated: `swiglu`, `geglu` (tanh approximation); plain: `reluSquared`, `gelu`, `geluTanh`. */
  mlp: z.enum(mlpKinds).default('swiglu'),
  norm: z.enum(['rmsNorm', 'layerNorm']).default('rmsNorm'),
  hasNormGains: z.boolean().default(true),
  /** Default 1e-6 for rmsNorm, 1e-5 for layerNorm. */
  normEpsilon: z.number().positive().nullable().default(null),
  /** Biases in every matrix but the head and the gates of value embeddings, and in layerNorm. */
  hasBiases: z.boolean().default(false),
  positions: z.enum(['rotary', 'learned', 'alibi', 'none']).default('rotary'),
  rotaryBase: z.number().positive().default(10_000),
  /** RMSNorm of each head's queries and keys. */
  qkNorm: z.enum(['beforeRotary', 'afterRotary', 'none']).default('beforeRotary'),
  /** Gains in it. Default: as in the other norms. */
  hasQkNormGains: z.boolean().nullable().default(null),
  /** Fixed factor on queries and on keys: above 1 it sharpens attention. */
  qkScale: z.number().positive().default(1),
  /** Norm without gain right after the embedding. */
  hasEmbeddingNorm: z.boolean().default(false),
  /** Windows by layer, repeated over the depth: L sees everything before it, S `shortWindow`; the last layer is L. */
  windowPattern: z
    .string()
    .regex(/^[LS]+$/, 'letters L (long) and S (short), such as SSSL')
    .default('L'),
  /** Positions that a layer S sees, its own included. Default: a quarter of the context. */
  shortWindow: extent.nullable().default(null),
  /** Logits become c · tanh(logits / c). */
  logitSoftcap: z.number().positive().nullable().default(null),
  /** Tables of the vocabulary added to the values of every second layer, through a learned gate. */
  hasValueEmbeddings: z.boolean().default(false),
  /** A learned factor on the residual stream before each block. */
  hasResidualScales: z.boolean().default(false),
  /** A learned share of the embedding added to the residual stream before each block. */
  hasInputScales: z.boolean().default(false),
  /** Attention and MLP read the same normalised input and are added at once. */
  hasParallelBlocks: z.boolean().default(false),
  /** The head is the embedding. */
  isHeadTied: z.boolean().default(false),

  embeddingDeviation: deviation.default(0.02),
  /** Of an untied head. */
  headDeviation: deviation.default(0.02),
  /** Of all other matrices. Default 1/√fan-in. */
  matrixDeviation: deviation.nullable().default(null),
  /** Matrices that write to the residual stream begin at zero, or at 1/√(2 · layers) of the others' deviation. */
  outputInitialization: z.enum(['zero', 'scaled']).default('zero'),
  scaling: scalingSchema.nullable().default(null),
});

/** What one writes: sizes, and the options that differ from the defaults. */
export type GptConfig = z.input<typeof gptConfigSchema>;

type Parsed = z.output<typeof gptConfigSchema>;
type Derived =
  | 'headWidth'
  | 'numHeads'
  | 'numGroups'
  | 'hiddenWidth'
  | 'normEpsilon'
  | 'hasQkNormGains'
  | 'shortWindow';

/** A config with every default filled in: nothing is left to derive. It is a config again, and stands for the same model. */
export type GptSettings = Readonly<Omit<Parsed, Derived> & { [Name in Derived]: NonNullable<Parsed[Name]> }>;

/**
 * Checks a config and fills in the defaults.
 *
 * @throws GroundworkError `invalid-recipe` if an option is unknown or out of range, or two do not fit
 */
export function gptSettings(config: GptConfig): GptSettings {
  const parsed = gptConfigSchema.safeParse(config);
  if (!parsed.success) {
    const [issue] = parsed.error.issues;
    const where = issue?.path.join('.') || 'the config';
    throw new GroundworkError('invalid-recipe', `GPT: ${where}: ${issue?.message ?? 'not as expected'}`, {
      hint: `The options are: ${Object.keys(gptConfigSchema.shape).join(', ')}.`,
    });
  }
  const options = parsed.data;
  const { width, contextLength, positions, norm } = options;
  const headWidth = options.headWidth ?? defaultHeadWidth(width, options.numHeads);
  const numHeads = options.numHeads ?? defaultNumHeads(width, headWidth);
  const settings: GptSettings = {
    ...options,
    headWidth,
    numHeads,
    numGroups: options.numGroups ?? numHeads,
    hiddenWidth: options.hiddenWidth ?? defaultHiddenWidth(options),
    normEpsilon: options.normEpsilon ?? (norm === 'rmsNorm' ? 1e-6 : 1e-5),
    hasQkNormGains: options.hasQkNormGains ?? options.hasNormGains,
    shortWindow: options.shortWindow ?? Math.ceil(contextLength / 4),
  };
  if (settings.numHeads % settings.numGroups !== 0) {
    fail(
      `${settings.numGroups} groups of keys and values for ${settings.numHeads} heads, expected a divisor`,
      'Each group serves the same number of heads: choose numGroups so that it divides numHeads.',
    );
  }
  if (positions === 'rotary' && headWidth % 2 !== 0) {
    fail(
      `heads of width ${headWidth}, expected an even width`,
      'Rotary positions turn pairs: choose an even headWidth.',
    );
  }
  requireBases(settings);
  return settings;
}

/**
 * Scaling rules go by how much each axis has grown since the base. Of an axis that is not what the width makes it, only the config
 * can tell.
 */
function requireBases(settings: GptSettings): void {
  const { width, headWidth, numHeads, numGroups, hiddenWidth, scaling } = settings;
  if (scaling === null) return;
  const fillsWidth = numHeads === defaultNumHeads(width, headWidth) || headWidth === defaultHeadWidth(width, numHeads);
  const axes = [
    ['numHeads', numHeads, 'baseNumHeads', fillsWidth],
    ['numGroups', numGroups, 'baseNumGroups', numGroups === numHeads],
    ['hiddenWidth', hiddenWidth, 'baseHiddenWidth', hiddenWidth === defaultHiddenWidth(settings)],
  ] as const;
  for (const [name, found, base, isDefault] of axes) {
    if (isDefault || scaling[base] !== null) continue;
    fail(
      `scaling with ${name} ${found} and without ${base}`,
      `Say in scaling.${base} what ${name} is at width ${scaling.baseWidth}: the rules follow how much it has grown since.`,
    );
  }
}

function fail(message: string, hint: string): never {
  throw new GroundworkError('invalid-recipe', `GPT: ${message}`, { hint });
}

/** Whether an MLP multiplies two projections of its input. */
export function isGated(mlp: MlpKind): boolean {
  return mlp === 'swiglu' || mlp === 'geglu';
}

function defaultHiddenWidth({ mlp, width }: { readonly mlp: MlpKind; readonly width: number }): number {
  return isGated(mlp) ? Math.ceil((8 * width) / 3 / 32) * 32 : 4 * width;
}

function defaultNumHeads(width: number, headWidth: number): number {
  return Math.max(1, Math.round(width / headWidth));
}

/**
 * The even divisor of the width from 32 to 128 that is nearest to 64 (the smaller of two); a width without one, such as 16 or
 * 74, is shared by round(D / 64) heads, each rounded up to an even width.
 */
function defaultHeadWidth(width: number, numHeads: number | null): number {
  const even = (x: number) => 2 * Math.ceil(x / 2);
  if (numHeads !== null) return even(width / numHeads);
  let best: number | undefined;
  for (let candidate = 32; candidate <= 128; candidate += 2) {
    if (width % candidate !== 0) continue;
    if (best === undefined || Math.abs(candidate - 64) < Math.abs(best - 64)) best = candidate;
  }
  return best ?? even(width / Math.max(1, Math.round(width / 64)));
}

/** The window of each layer; undefined sees everything before it. The last layer always does. */
export function windowOf(settings: GptSettings, layer: number): number | undefined {
  const { windowPattern, shortWindow, numLayers } = settings;
  const isShort = windowPattern[layer % windowPattern.length] === 'S' && layer < numLayers - 1;
  return isShort ? shortWindow : undefined;
}
