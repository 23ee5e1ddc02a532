/** A training whose speed was published. */
export interface PublicFigure {
  /** Who measured it: figures of one source err together. */
  readonly source: string;
  /** Such as `Llama 3.1 8B`. */
  readonly model: string;
  /** A name of the table of accelerators. */
  readonly accelerator: string;
  readonly numDevices: number;
  /** Those that matrix products read. */
  readonly numParameters: number;
  /** T; null where the source does not tell. */
  readonly contextLength: number | null;
  /** Published tokens a second of one device; null where only the MFU was. */
  readonly tokensPerSecond: number | null;
  /**
   * Model FLOPs utilisation in bfloat16, as published, or from the published tokens a second by the formula of `modelFlopsPerToken`.
   */
  readonly mfu: number;
  /** Blocks were computed a second time, wholly or in part. */
  readonly recomputes: boolean;
  readonly url: string;
}

const figure = (
  source: string,
  url: string,
  [accelerator, numDevices]: readonly [string, number],
  [model, numParameters, contextLength]: readonly [string, number, number | null],
  [tokensPerSecond, mfu]: readonly [number | null, number],
  recomputes: boolean,
): PublicFigure => ({
  source,
  url,
  accelerator,
  numDevices,
  model,
  numParameters,
  contextLength,
  tokensPerSecond,
  mfu,
  recomputes,
});

const titan = 'https://github.com/pytorch/torchtitan/blob/main/benchmarks/llama3_h100_202412_torchtitan.md';
const foundry = 'https://github.com/mosaicml/llm-foundry/blob/main/scripts/train/benchmarking/README.md';
const olmo = 'https://github.com/allenai/OLMo-core/tree/v1.2.0';
const levanter = 'https://levanter.readthedocs.io/en/latest/Levanter-1.0-Release/';
const nanochat = 'https://github.com/karpathy/nanochat/blob/master/dev/LEADERBOARD.md';
const maxtextV5e = 'https://github.com/google/maxtext/blob/main/MaxText/configs/v5e/README.md';
const maxtextTiers = 'https://maxtext.readthedocs.io/en/latest/reference/models/tiering.html';

/**
 * Speeds of trainings in bfloat16 that others published, dense models, no float8. What they call MFU counts no discount for causal attention in
 * any of them. Where a range was published, its middle stands here.
 *
 * torchtitan's H100 were held to 500 W of their 700, with slower memory: its figures are low for an H100.
 */
export const publicFigures: readonly PublicFigure[] = [
  figure('torchtitan', titan, ['h100', 8], ['Llama 3.1 8B, eager', 7.505e9, 8192], [5762, 0.337], true),
  figure('torchtitan', titan, ['h100', 8], ['Llama 3.1 8B, compiled', 7.505e9, 8192], [6667, 0.39], true),
  figure('torchtitan', titan, ['h100', 128], ['Llama 3.1 8B, compiled', 7.505e9, 8192], [6514, 0.381], true),
  figure('llm-foundry', foundry, ['h100', 8], ['MPT 760M', 0.7605e9, 2048], [63147, 0.349], false),
  figure('llm-foundry', foundry, ['h100', 32], ['MPT 760M', 0.7605e9, 2048], [67971, 0.3757], false),
  figure('llm-foundry', foundry, ['h100', 8], ['MPT 1B', 1.316e9, 2048], [45455, 0.4182], false),
  figure('llm-foundry', foundry, ['h100', 64], ['MPT 1B', 1.316e9, 2048], [44402, 0.4085], false),
  figure('llm-foundry', foundry, ['h100', 64], ['MPT 3B', 2.652e9, 2048], [22525, 0.408], false),
  figure('llm-foundry', foundry, ['h100', 8], ['MPT 7B', 6.659e9, 2048], [10643, 0.4644], false),
  figure('llm-foundry', foundry, ['h100', 8], ['MPT 7B', 6.667e9, 4096], [8611, 0.4042], true),
  figure('llm-foundry', foundry, ['h100', 8], ['MPT 7B', 6.684e9, 8192], [6935, 0.3714], true),
  figure('llm-foundry', foundry, ['h100', 64], ['MPT 13B', 12.854e9, 2048], [4800, 0.3986], false),
  figure('llm-foundry', foundry, ['h100', 32], ['MPT 30B', 29.975e9, 2048], [2308, 0.4392], true),
  figure('llm-foundry', foundry, ['h100', 64], ['MPT 70B', 64.862e9, 2048], [1039, 0.4257], true),
  figure('OLMo-core', olmo, ['h100', 8], ['OLMo 1B', 1.279e9, 4096], [46000, 0.4], false),
  figure('OLMo-core', olmo, ['h100', 8], ['OLMo 7B', 6.888e9, 4096], [9850, 0.475], false),
  figure('OLMo-core', olmo, ['h100', 8], ['OLMo 13B', 13.202e9, 4096], [4500, 0.415], true),
  figure('OLMo-core', olmo, ['h100', 1024], ['OLMo 2 32B', 31.7e9, 4096], [1800, 0.38], true),
  figure('nanochat', nanochat, ['h100', 8], ['nanochat d24', 0.73e9, 2048], [null, 0.5], false),
  figure('llm-foundry', foundry, ['a100', 8], ['MPT 125M', 0.1253e9, 2048], [142830, 0.4479], false),
  figure('llm-foundry', foundry, ['a100', 8], ['MPT 350M', 0.356e9, 2048], [58782, 0.5162], false),
  figure('llm-foundry', foundry, ['a100', 8], ['MPT 760M', 0.7605e9, 2048], [32434, 0.5685], false),
  figure('llm-foundry', foundry, ['a100', 8], ['MPT 1B', 1.316e9, 2048], [20513, 0.5986], false),
  figure('llm-foundry', foundry, ['a100', 8], ['MPT 3B', 2.652e9, 2048], [10811, 0.6211], false),
  figure('llm-foundry', foundry, ['a100', 8], ['MPT 7B', 6.659e9, 2048], [4641, 0.6423], false),
  figure('llm-foundry', foundry, ['a100', 8], ['MPT 7B', 6.684e9, 8192], [3206, 0.5447], true),
  figure('llm-foundry', foundry, ['a100', 8], ['MPT 13B', 12.854e9, 2048], [2262, 0.5957], false),
  figure('llm-foundry', foundry, ['a100', 8], ['MPT 30B', 29.975e9, 2048], [916, 0.553], true),
  figure('llm-foundry', foundry, ['a100', 64], ['MPT 70B', 64.862e9, 2048], [410, 0.5333], true),
  figure('llm-foundry', foundry, ['a100-40gb', 8], ['MPT 7B', 6.659e9, 2048], [3679, 0.5092], true),
  figure('llm-foundry', foundry, ['a100-40gb', 128], ['MPT 13B', 12.854e9, 2048], [1972, 0.5193], true),
  figure('levanter', levanter, ['tpu-v3', 256], ['GPT-2 345M', 0.345e9, null], [null, 0.351], true),
  figure('levanter', levanter, ['tpu-v3', 256], ['GPT-2 1.4B', 1.4e9, null], [null, 0.417], true),
  figure('levanter', levanter, ['tpu-v3', 256], ['GPT-2 6.7B', 6.7e9, null], [null, 0.473], true),
  figure('levanter', levanter, ['tpu-v3', 256], ['GPT-2 13B', 13e9, null], [null, 0.544], true),
  figure('levanter', levanter, ['tpu-v3', 256], ['GPT-2 65B', 65e9, null], [null, 0.446], true),
  figure('MaxText', maxtextV5e, ['tpu-v5e', 256], ['16B', 16e9, null], [null, 0.611], true),
  figure('MaxText', maxtextV5e, ['tpu-v5e', 256], ['32B', 32e9, null], [null, 0.6686], true),
  figure('MaxText', maxtextV5e, ['tpu-v5e', 256], ['64B', 64e9, null], [null, 0.599], true),
  figure('MaxText', maxtextV5e, ['tpu-v5e', 256], ['128B', 128e9, null], [null, 0.5606], true),
  figure('MaxText', maxtextTiers, ['tpu-v5p', 512], ['Llama 2 70B', 68.7e9, 4096], [692, 0.654], true),
  figure('MaxText', maxtextTiers, ['tpu-v6e', 256], ['Llama 3.1 8B', 7.505e9, 8192], [7207, 0.4546], true),
  figure('MaxText', maxtextTiers, ['tpu-v6e', 256], ['Llama 3.1 70B', 69.5e9, 8192], [960, 0.5033], true),
];
