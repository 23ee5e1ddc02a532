import type { ParameterCounts } from '../ladder-record.ts';
import type { ProgramFlops } from './program-flops.ts';

/** The sizes of a decoder-only transformer, as far as the published counts of its arithmetic go by them. */
export interface TransformerShape {
  /** L */
  readonly numLayers: number;
  /** d */
  readonly width: number;
  /** T */
  readonly contextLength: number;
  /** V */
  readonly vocabularySize: number;
  /** h */
  readonly numHeads: number;
  /** d_h */
  readonly headWidth: number;
  /** Heads of keys and values. */
  readonly numGroups: number;
  /** f, of the MLP. */
  readonly hiddenWidth: number;
  /** The MLP has three matrices instead of two. */
  readonly isGated: boolean;
  /** T_eff: positions that a query sees, one number for each layer, where they are not all of T. */
  readonly windows?: readonly number[];
}

export const flopsConventions = [
  '6N total',
  '6N non-embedding',
  '6N matmul',
  '6N active',
  'Kaplan',
  'Chinchilla, appendix F',
  'PaLM, nanochat',
  'OLMo',
  'Levanter',
  'Porian, effective N',
] as const;
export type FlopsConvention = (typeof flopsConventions)[number];

/** What a published rule says that training on one token costs. */
export interface ConventionalFlops {
  readonly convention: FlopsConvention;
  /** Floating-point operations of training, forward and backward, for each token. */
  readonly perToken: number;
}

/**
 * The arithmetic of training on one token by every published rule, in the order of `flopsConventions`. The backward pass counts twice
 * the forward pass in all of them; none counts the update.
 *
 * - 6N with N under each of the four conventions of `parameterCounts` (Kaplan et al. 2020, 2001.08361, section 2.1; Hoffmann et al. 2022).
 * - Kaplan, with context: 3 · (2N + 2·L·T·d_attn), N without embeddings and head, half of the attention matrix (table 1).
 * - Chinchilla, appendix F (2203.15556): embeddings 2Vd, projections, scores 2·T·h·d_h, softmax 3·h·T, values, MLP, logits 2Vd; times 3.
 * - PaLM (2204.02311, appendix B) and nanochat: 6·N_matmul + 12·Σ_layers h·d_h·T_eff.
 * - OLMo (the constants of 2412.04403): 6N + 12·L·d·T + 4·V·d with N of all but the embedding, the head included.
 * - Levanter (`lm_flops_per_token`, times 3): matrices, the whole of attention, 3·T·h of its mask, head.
 * - Porian et al. 2024 (2406.19146): 6·(N + L·T·d) with N of all but the embedding: attention as more parameters.
 *
 * Only PaLM's rule goes by windows. All results are whole numbers where the shape is.
 */
export function conventionalFlops(shape: TransformerShape, counts: ParameterCounts): readonly ConventionalFlops[] {
  const { numLayers: L, width: d, contextLength: T, vocabularySize: V, numHeads: h, headWidth, numGroups } = shape;
  const { hiddenWidth: f, isGated, windows } = shape;
  const attentionWidth = h * headWidth;
  const seenPositions = windows?.reduce((sum, window) => sum + Math.min(window, T), 0) ?? L * T;
  // A tied head is counted as if it were one of its own.
  const withHead = counts.nonEmbedding + V * d;
  const mlp = 2 * (isGated ? 3 : 2) * d * f;
  const queriesKeysValues = 2 * d * (attentionWidth + 2 * numGroups * headWidth);
  const output = 2 * attentionWidth * d;
  const scoresAndValues = 4 * T * attentionWidth;
  const head = 2 * V * d;
  const chinchilla = head + L * (queriesKeysValues + scoresAndValues + 3 * h * T + output + mlp) + head;
  const levanter = L * (queriesKeysValues + scoresAndValues + 3 * T * h + output + mlp) + head;
  const perToken: { readonly [convention in FlopsConvention]: number } = {
    '6N total': 6 * counts.total,
    '6N non-embedding': 6 * counts.nonEmbedding,
    '6N matmul': 6 * counts.matmul,
    '6N active': 6 * counts.active,
    Kaplan: 3 * (2 * counts.nonEmbedding + 2 * L * T * attentionWidth),
    'Chinchilla, appendix F': 3 * chinchilla,
    'PaLM, nanochat': 6 * counts.matmul + 12 * attentionWidth * seenPositions,
    OLMo: 6 * withHead + 12 * L * d * T + 4 * V * d,
    Levanter: 3 * levanter,
    'Porian, effective N': 6 * (withHead + L * T * d),
  };
  return flopsConventions.map((convention) => ({ convention, perToken: perToken[convention] }));
}

/** Every published count beside the exact one. */
export interface FlopsComparison {
  /** Of forward and backward pass for each token, which is what the rules count. */
  readonly exactPerToken: number;
  /** Of the update for each token of a step, which no rule counts. */
  readonly updatePerToken: number;
  readonly rows: readonly (ConventionalFlops & {
    /** Over `exactPerToken`. */
    readonly ratio: number;
  })[];
  /** Where counts differ much, and why, a sentence each. */
  readonly sentences: readonly string[];
}

/** What is more than this share of the arithmetic deserves a sentence. */
const muchShare = 0.1;

/**
 * Puts the published counts beside what the graph computes.
 *
 * @param exact from `programFlops` of the training step
 */
export function flopsComparison(
  shape: TransformerShape,
  counts: ParameterCounts,
  exact: Pick<ProgramFlops, 'forward' | 'backward' | 'update' | 'tokensPerStep'>,
): FlopsComparison {
  const exactPerToken = (exact.forward + exact.backward) / exact.tokensPerStep;
  const updatePerToken = exact.update / exact.tokensPerStep;
  const rows = conventionalFlops(shape, counts).map(({ convention, perToken }) => ({
    convention,
    perToken,
    ratio: perToken / exactPerToken,
  }));
  const { numLayers, contextLength, vocabularySize, width, numHeads, headWidth } = shape;
  const attention = 12 * numLayers * contextLength * numHeads * headWidth;
  const sentences: string[] = [];
  const far = rows.filter(({ ratio }) => Math.abs(ratio - 1) > muchShare);
  if (far.length > 0) {
    const list = far.map(({ convention, ratio }) => `${convention} ${signedPercent(ratio - 1)}`).join(', ');
    sentences.push(`Of ${rows.length} published counts ${far.length} are off by more than 10 % here: ${list}.`);
  }
  const tell = (flops: number, sentence: (share: string) => string): void => {
    if (flops > muchShare * exactPerToken) sentences.push(sentence(percent(flops / exactPerToken)));
  };
  tell(
    6 * vocabularySize * width,
    (share) =>
      `The head alone is ${share} of forward and backward pass: a count that leaves it out gives other exponents than one that has it.`,
  );
  tell(
    attention,
    (share) =>
      `Attention over ${contextLength.toLocaleString('en-US')} positions is ${share} of forward and backward pass; 6N knows nothing of it.`,
  );
  tell(
    exactPerToken - 6 * counts.matmul - attention,
    (share) => `${share} is neither a product with a matrix nor attention: softmax, norms, activations.`,
  );
  tell(
    updatePerToken,
    (share) =>
      `The update adds ${share}, since a step has ${exact.tokensPerStep.toLocaleString('en-US')} tokens to share it; no published count has it.`,
  );
  return { exactPerToken, updatePerToken, rows, sentences };
}

const percent = (share: number): string => `${Math.round(100 * share)} %`;
const signedPercent = (share: number): string => `${share > 0 ? '+' : '−'}${percent(Math.abs(share))}`;
