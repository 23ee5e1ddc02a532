import { type GptSettings, isGated } from './gpt-config.ts';

/** Where a trained model can be taken to. */
export const exportTargets = ['huggingFace', 'gguf', 'onnx'] as const;
export type ExportTarget = (typeof exportTargets)[number];

/** For each target, true or the options that stand in its way, in words that a person reads. */
export type ExportSupport = { readonly [target in ExportTarget]: true | readonly string[] };

/**
 * What a model may have that some architecture elsewhere has no place for: whether this one has it, and how to say so.
 *
 * Not listed is what folds into the weights of every architecture: factors on queries and keys before their product and on logits,
 * into matrices or gains (NanoChat has no gains: `scoreFactor`); residual scales without input scales, into output matrices,
 * because norms undo a scale but for their epsilon; missing biases and gains, as zeros and ones. Where positions are learned, none are
 * a table of zeros. `tests/model/foldings.test.ts` holds each to its numbers.
 */
const features = {
  valueEmbeddings: [(s) => s.hasValueEmbeddings, () => 'value embeddings (hasValueEmbeddings)'],
  inputScales: [(s) => s.hasInputScales, () => 'the embedding mixed into every block (hasInputScales)'],
  parallelBlocks: [(s) => s.hasParallelBlocks, () => 'parallel blocks (hasParallelBlocks)'],
  windows: [hasWindows, (s) => `windows that differ by layer (windowPattern ${s.windowPattern})`],
  softcap: [(s) => s.logitSoftcap !== null, (s) => `a softcap on logits (logitSoftcap ${s.logitSoftcap})`],
  alibi: [(s) => s.positions === 'alibi', () => 'ALiBi (positions alibi)'],
  noPositions: [(s) => s.positions === 'none', () => 'a model without positions (positions none)'],
  learnedPositions: [(s) => s.positions === 'learned', () => 'learned positions (positions learned)'],
  rotaryPositions: [(s) => s.positions === 'rotary', () => 'rotary positions (positions rotary)'],
  layerNorm: [(s) => s.norm === 'layerNorm', () => 'LayerNorm (norm layerNorm)'],
  rmsNorm: [(s) => s.norm === 'rmsNorm', () => 'RMSNorm (norm rmsNorm)'],
  normGains: [(s) => s.hasNormGains, () => 'gains in norms (hasNormGains)'],
  biases: [(s) => s.hasBiases, () => 'biases (hasBiases)'],
  qkNorm: [(s) => s.qkNorm !== 'none', (s) => `normalised queries and keys (qkNorm ${s.qkNorm})`],
  plainQk: [(s) => s.qkNorm === 'none', () => 'queries and keys without a norm (qkNorm none)'],
  qkGains: [(s) => s.qkNorm !== 'none' && s.hasQkNormGains, () => 'gains on queries and keys (hasQkNormGains)'],
  lateQkGains: [
    (s) => s.qkNorm === 'afterRotary' && s.hasQkNormGains && s.positions === 'rotary',
    () => 'gains on queries and keys after rotary positions (qkNorm afterRotary with hasQkNormGains)',
  ],
  scoreFactor: [
    (s) => s.qkScale !== 1 || (s.scaling?.baseHeadWidth ?? s.headWidth) !== s.headWidth,
    () => 'a factor on queries and keys (qkScale, or scaling with a baseHeadWidth)',
  ],
  embeddingNorm: [(s) => s.hasEmbeddingNorm, () => 'a norm after the embedding (hasEmbeddingNorm)'],
  noEmbeddingNorm: [(s) => !s.hasEmbeddingNorm, () => 'an embedding without a norm after it (hasEmbeddingNorm false)'],
  tiedEmbeddingNorm: [
    (s) => s.hasEmbeddingNorm && s.isHeadTied,
    () => 'a norm after an embedding that is the head too (hasEmbeddingNorm with isHeadTied)',
  ],
  tiedMultiplier: [
    (s) => s.isHeadTied && s.scaling !== null && s.scaling.baseWidth !== s.width,
    () => 'a factor on the logits of a tied head (scaling with isHeadTied)',
  ],
  gatedMlp: [(s) => isGated(s.mlp), (s) => `a gated MLP (mlp ${s.mlp})`],
  geluMlp: [(s) => s.mlp === 'gelu' || s.mlp === 'geluTanh', (s) => `an MLP without gate (mlp ${s.mlp})`],
  exactGelu: [(s) => s.mlp === 'gelu', () => 'exact GELU (mlp gelu)'],
  gatedGelu: [(s) => s.mlp === 'geglu', () => 'a gated GELU (mlp geglu)'],
  reluSquared: [(s) => s.mlp === 'reluSquared', () => 'relu² (mlp reluSquared)'],
  groupedHeads: [(s) => s.numGroups !== s.numHeads, () => 'grouped heads (numGroups)'],
  headsDoNotDivideWidth: [
    (s) => s.width % s.numHeads !== 0,
    (s) => `a width that its heads do not divide (width ${s.width}, numHeads ${s.numHeads})`,
  ],
  freeHeadWidth: [(s) => s.numHeads * s.headWidth !== s.width, () => 'heads that do not fill the width (headWidth)'],
} as const satisfies Record<string, readonly [(s: GptSettings) => boolean, (s: GptSettings) => string]>;

type Feature = keyof typeof features;

/** What none of the architectures has. */
const foreign = ['valueEmbeddings', 'inputScales', 'parallelBlocks', 'alibi'] as const;
const unlikeLlama = [
  ...foreign,
  'noPositions',
  'layerNorm',
  'learnedPositions',
  'softcap',
  'tiedEmbeddingNorm',
] as const;
const unlikeGpt2 = [
  ...foreign,
  'rmsNorm',
  'rotaryPositions',
  'qkNorm',
  'windows',
  'softcap',
  'gatedMlp',
  'embeddingNorm',
  'groupedHeads',
  'freeHeadWidth',
] as const;

/**
 * The architectures of each target, and what each has no place for. Hugging Face's classes read the activation from the config,
 * also relu² as gate = up with relu; llama.cpp fixes it.
 */
const architectures = {
  huggingFace: {
    Qwen3: [...unlikeLlama, 'plainQk', 'lateQkGains', 'biases', 'geluMlp'],
    Llama: [...unlikeLlama, 'qkNorm', 'windows', 'geluMlp', 'headsDoNotDivideWidth'],
    Arcee: [...unlikeLlama, 'qkNorm', 'windows', 'gatedMlp', 'headsDoNotDivideWidth'],
    NanoChat: [
      ...foreign,
      'noPositions',
      'layerNorm',
      'learnedPositions',
      'normGains',
      'plainQk',
      'qkGains',
      'scoreFactor',
      'noEmbeddingNorm',
      'tiedMultiplier',
      'biases',
      'windows',
      'gatedMlp',
    ],
    GPT2: unlikeGpt2,
  },
  gguf: {
    qwen3: [...unlikeLlama, 'plainQk', 'lateQkGains', 'biases', 'windows', 'geluMlp', 'reluSquared', 'gatedGelu'],
    llama: [...unlikeLlama, 'qkNorm', 'windows', 'geluMlp', 'reluSquared', 'gatedGelu'],
    arcee: [...unlikeLlama, 'qkNorm', 'windows', 'biases', 'gatedMlp', 'geluMlp'],
    gpt2: [...unlikeGpt2, 'exactGelu', 'reluSquared'],
  },
} as const satisfies { readonly [target: string]: { readonly [architecture: string]: readonly Feature[] } };

const platforms = { huggingFace: 'Hugging Face', gguf: 'GGUF' } as const;

/** The architecture of a target that can hold a model. */
export interface ArchitectureMatch {
  /** The first that has a place for everything, or the one that lacks least. */
  readonly architecture: string;
  /** What it has no place for; empty where the model fits. */
  readonly obstacles: readonly string[];
}

/** The architecture of Hugging Face or of llama.cpp that comes nearest to a model. */
export function nearestArchitecture(settings: GptSettings, target: 'huggingFace' | 'gguf'): ArchitectureMatch {
  const lacking = Object.entries<readonly Feature[]>(architectures[target]).map(([architecture, names]) => ({
    architecture,
    obstacles: names.flatMap((name) => {
      const [isUsed, say]: readonly [(s: GptSettings) => boolean, (s: GptSettings) => string] = features[name];
      return isUsed(settings) ? [say(settings)] : [];
    }),
  }));
  return lacking.reduce((best, next) => (next.obstacles.length < best.obstacles.length ? next : best));
}

/** Where a GPT can be taken to. ONNX holds whatever the language can say. */
export function exportsOf(settings: GptSettings): ExportSupport {
  const support = (target: 'huggingFace' | 'gguf'): true | readonly string[] => {
    const { architecture, obstacles } = nearestArchitecture(settings, target);
    if (obstacles.length === 0) return true;
    return obstacles.map((what) => `${what}: not in ${architecture}, the nearest architecture of ${platforms[target]}`);
  };
  return { huggingFace: support('huggingFace'), gguf: support('gguf'), onnx: true };
}

function hasWindows({ windowPattern, numLayers, shortWindow, contextLength }: GptSettings): boolean {
  return shortWindow < contextLength && windowPattern.slice(0, numLayers - 1).includes('S');
}
