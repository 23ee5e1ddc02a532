import type { Model } from '../../src/model/index.ts';
import type { DeviceMesh, KeptActivations, TrainingWorkload } from '../../src/theory/index.ts';
import { llama8B, llama70B, mpt, nanochatD24, olmo3, olmo32B, olmoOfLadder, workloadOf } from './public-models.ts';

const gib = 2 ** 30;
const titan = 'https://github.com/pytorch/torchtitan/blob/main/benchmarks/llama3_h100_202412_torchtitan.md';
const foundry = 'https://github.com/mosaicml/llm-foundry/blob/main/scripts/train/benchmarking/README.md';

/** The memory of one device of a training that others published. */
export interface MemoryCase {
  readonly name: string;
  readonly url: string;
  readonly workload: TrainingWorkload;
  readonly mesh: DeviceMesh;
  readonly rowsPerDevice: number;
  readonly numMicroBatches: number;
  readonly splitsResidual?: boolean;
  /** As published, or `ran on` devices of so many bytes, which is an upper end. */
  readonly published: { readonly bytes: number; readonly isUpperEnd: boolean };
  /** Why formula and figure differ. */
  readonly why: string;
}

const split = (fsdp: number, model = 1): DeviceMesh => ({ data: 1, fsdp, model });
const keeping = (workload: TrainingWorkload, kept: KeptActivations): TrainingWorkload => ({ ...workload, kept });

function titanCase(numDevices: number, gibibytes: number, why: string): MemoryCase {
  return {
    name: `torchtitan, Llama 3.1 8B, ${numDevices} × H100, FSDP, compiled`,
    url: titan,
    workload: keeping(workloadOf(llama8B, { batchSize: 2 * numDevices }), 'selective'),
    mesh: split(numDevices),
    rowsPerDevice: 2,
    numMicroBatches: 1,
    published: { bytes: gibibytes * gib, isUpperEnd: false },
    why,
  };
}

/** A row of MosaicML's table: what ran on 8 devices of 80 GB. */
function foundryCase(
  name: string,
  model: Model,
  rows: number,
  recompute: boolean,
  numMicroBatches: number,
): MemoryCase {
  return {
    name: `llm-foundry, MPT ${name}, 8 × 80 GB, FSDP, ${rows} rows of ${model.contextLength.toLocaleString('en-US')} at once`,
    url: foundry,
    workload: { ...workloadOf(model, { batchSize: 8 * rows * numMicroBatches, recompute }), hasFusedLoss: true },
    mesh: split(8),
    rowsPerDevice: rows,
    numMicroBatches,
    published: { bytes: 80 * gib, isUpperEnd: true },
    why: 'it ran, so it has to fit; its loss is fused',
  };
}

/** Memory that was published, or that must have sufficed. */
export const memoryCases: readonly MemoryCase[] = [
  titanCase(
    8,
    77,
    'its figure is what the allocator reserved, with gaps, and buffers of the network grow with a code that gathers ahead',
  ),
  titanCase(128, 62, 'as above: less by what 16 times as many devices share out'),
  {
    name: 'torchtitan, Llama 3.1 70B, 256 × H100, FSDP 32, tensor parallel 8, compiled, float8',
    url: titan,
    workload: workloadOf(llama70B, { batchSize: 512, recompute: true }),
    mesh: split(32, 8),
    rowsPerDevice: 16,
    numMicroBatches: 1,
    splitsResidual: true,
    published: { bytes: 71.9 * gib, isUpperEnd: false },
    why: 'float8 copies of weights and inputs, which the formula does not know; sequence parallelism splits the residual stream, which the runner here does not do',
  },
  foundryCase('760M', mpt(24, 1536, 12, 2048), 24, false, 2),
  foundryCase('1B', mpt(24, 2048, 16, 2048), 14, false, 1),
  foundryCase('1B', mpt(24, 2048, 16, 8192), 3, false, 4),
  foundryCase('3B', mpt(32, 2560, 20, 2048), 10, false, 2),
  foundryCase('7B', mpt(32, 4096, 32, 2048), 6, false, 1),
  foundryCase('7B', mpt(32, 4096, 32, 8192), 8, true, 2),
  foundryCase('13B', mpt(40, 5120, 40, 2048), 2, false, 1),
  foundryCase('30B', mpt(48, 7168, 56, 2048), 3, true, 21),
];

/** The speed of a training that others published, which the forecast is made for without the figures of the same source. */
export interface SpeedCase {
  readonly name: string;
  readonly source: string;
  readonly url: string;
  readonly workload: TrainingWorkload;
  readonly accelerator: string;
  readonly mesh: DeviceMesh;
  /** Published tokens a second of one device. */
  readonly tokensPerSecond: number;
  readonly numTokens: number | null;
  readonly why: string;
}

/** Speeds, and with the tokens of the whole training device-hours. */
export const speedCases: readonly SpeedCase[] = [
  {
    name: 'OLMo-core, OLMo 1B, H100',
    source: 'OLMo-core',
    url: 'https://github.com/allenai/OLMo-core/tree/v1.2.0',
    workload: workloadOf(olmoOfLadder('1B'), { batchSize: 512 }),
    accelerator: 'h100',
    mesh: split(64),
    tokensPerSecond: 46_000,
    numTokens: null,
    why: 'within what differs from one code to the next',
  },
  {
    name: 'OLMo-core, OLMo 7B, H100',
    source: 'OLMo-core',
    url: 'https://github.com/allenai/OLMo-core/tree/v1.2.0',
    workload: workloadOf(olmoOfLadder('7B'), { batchSize: 1024 }),
    accelerator: 'h100',
    mesh: split(128),
    tokensPerSecond: 9850,
    numTokens: null,
    why: 'a well-tuned code on devices with all their power',
  },
  {
    name: 'torchtitan, Llama 3.1 8B, 8 × H100, compiled',
    source: 'torchtitan',
    url: titan,
    workload: keeping(workloadOf(llama8B, { batchSize: 16 }), 'selective'),
    accelerator: 'h100',
    mesh: split(8),
    tokensPerSecond: 6667,
    numTokens: null,
    why: 'devices held to 500 W of 700 with slower memory, a part of the blocks computed a second time; with float8 it reached 8,532, which the forecast does not know',
  },
  {
    name: 'torchtitan, Llama 3.1 70B, 256 × H100, float8',
    source: 'torchtitan',
    url: titan,
    workload: workloadOf(llama70B, { batchSize: 512, recompute: true }),
    accelerator: 'h100',
    mesh: split(32, 8),
    tokensPerSecond: 829,
    numTokens: null,
    why: 'float8 makes up for devices held to 500 W, blocks computed a second time and sums that nothing hides',
  },
  {
    name: 'OLMo 2 32B, H100',
    source: 'OLMo-core',
    url: 'https://allenai.org/blog/olmo2-32B',
    workload: workloadOf(olmo32B, { batchSize: 2048, recompute: true }),
    accelerator: 'h100',
    mesh: split(1024),
    tokensPerSecond: 1800,
    numTokens: null,
    why: '1,024 devices or more, whose network takes its part',
  },
  {
    name: 'Olmo 3 7B, H100, 5.93 T tokens',
    source: 'Olmo 3',
    url: 'https://allenai.org/blog/olmo3',
    workload: workloadOf(olmo3, { batchSize: 512 }),
    accelerator: 'h100',
    mesh: split(512),
    tokensPerSecond: 7700,
    numTokens: 5.93e12,
    why: 'its layers with windows take less than the formula counts for a whole window',
  },
  {
    name: 'nanochat d24, 8 × H100, 16,704 steps of 524,288 tokens',
    source: 'nanochat',
    url: 'https://github.com/karpathy/nanochat/blob/master/dev/LEADERBOARD.md',
    workload: workloadOf(nanochatD24, { batchSize: 256 }),
    accelerator: 'h100',
    mesh: { data: 8, fsdp: 1, model: 1 },
    tokensPerSecond: (16_704 * 524_288) / 10_949.467 / 8,
    numTokens: 16_704 * 524_288,
    why: 'FlashAttention 3 and a code written for this one node: half of the peak rate',
  },
];
