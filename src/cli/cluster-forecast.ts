import { formatBytes, formatCount } from '../page/index.ts';
import { precisions } from '../recipe/index.ts';
import {
  acceleratorNamed,
  accelerators,
  type ClusterForecast,
  clusterAssumptions,
  costSentence,
  type DeviceMemory,
  durationText,
  type Estimate,
  fitSentence,
  modelFlopsPerToken,
} from '../theory/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import {
  type ClusterLoss,
  type ClusterRequest,
  type ClusterRun,
  forecastClusterRun,
  foretellClusterLoss,
  type KnownLaws,
} from '../training/index.ts';
import type { Terminal } from './command-line.ts';
import { type FlagKinds, type Flags, usageFault } from './flags.ts';
import { labelled, labelledList } from './labelled-text.ts';
import { planRequest } from './plan-flags.ts';
import { closeDatasets, openNamedDatasets } from './run-datasets.ts';
import { openRecipe } from './run-recipe.ts';
import { paintFor } from './styled-text.ts';
import { table } from './text-table.ts';

export const clusterFlags = {
  device: { type: 'string' },
  devices: { type: 'string' },
  fsdp: { type: 'boolean' },
  model: { type: 'string' },
  attention: { type: 'string' },
  efficiency: { type: 'string' },
  'price-per-hour': { type: 'string' },
} satisfies FlagKinds;

export const clusterFlagHelp = `For accelerators that are not at hand (needs --size; a dataset only for the loss)
  --device NAME          ${accelerators.map(({ name }) => name).join(', ')}
  --devices N            how many of them (default: 1)
  --fsdp                 share parameters and optimizer out over all devices (default: each holds all)
  --model N              devices that share each matrix product (default: 1)
  --attention KERNEL     cudnn (default where the device has it) or xla, as the runner takes it
  --efficiency SHARE     share of the peak rate that is reached, such as 0.4 (default: by public figures)
  --price-per-hour PRICE of one device, for a cost
  Then --precision is bfloat16 by default, --context 2048, --vocabulary 50304, and without a budget there are 20 tokens for each
  parameter that matrix products read.`;

/** That of GPT-2, rounded up to a multiple of 64: what models without a dataset are commonly counted with. */
const defaultVocabulary = 50_304;

/** `groundwork forecast --device`: what a training takes on accelerators. */
export async function runClusterForecast(
  command: string,
  flags: Flags,
  terminal: Terminal,
  laws: KnownLaws,
): Promise<void> {
  for (const flag of ['html', 'svg', 'packing', 'engine', 'threads']) {
    if (flags.text(flag) !== undefined) throw usageFault(command, `--${flag} has no use with --device`);
  }
  const isAboutText = flags.words.length > 0 || flags.texts('data').length > 0;
  const partial = requestOf(command, flags);
  const { recipe } = await openRecipe(flags.text('recipe'));
  const datasets = isAboutText ? await openNamedDatasets(command, flags, terminal) : [];
  try {
    const vocabularySize =
      datasets[0]?.dataset.manifest.vocabularySize ?? flags.wholeNumber('vocabulary', 257) ?? defaultVocabulary;
    const request: ClusterRequest = { ...partial, recipe, vocabularySize };
    const run = forecastClusterRun(request);
    const loss = foretellClusterLoss(request, run, { datasets, laws });
    terminal.out(flags.isSet('json') ? printableJson(clusterJson(run, loss)) : clusterText(run, loss, terminal));
  } finally {
    closeDatasets(datasets);
  }
}

function requestOf(command: string, flags: Flags): Omit<ClusterRequest, 'recipe' | 'vocabularySize'> {
  const { size, budget, contextLength, batchSize, microBatchSize, recompute } = planRequest(command, flags);
  if (size === undefined) throw usageFault(command, '--device needs a size, such as --size 16x2048');
  const hasBudget = ['budget', 'flops', 'tokens', 'steps'].some((flag) => flags.text(flag) !== undefined);
  const [numModelDevices, efficiency] = [flags.wholeNumber('model', 1), flags.number('efficiency', 0.001, 1)];
  const pricePerHour = flags.number('price-per-hour', 0, 1e6);
  const attention = flags.oneOf('attention', ['xla', 'cudnn']);
  return {
    size,
    ...(hasBudget && budget !== undefined && { budget }),
    ...(contextLength !== undefined && { contextLength }),
    ...(batchSize !== undefined && { batchSize }),
    ...(microBatchSize !== undefined && { microBatchSize }),
    ...(recompute !== undefined && { recompute }),
    precision: flags.oneOf('precision', precisions) ?? 'bfloat16',
    accelerator: acceleratorNamed(flags.text('device') ?? ''),
    numDevices: flags.wholeNumber('devices', 1, 1_000_000) ?? 1,
    fsdp: flags.isSet('fsdp'),
    ...(numModelDevices !== undefined && { numModelDevices }),
    ...(attention !== undefined && { attention }),
    ...(efficiency !== undefined && { efficiency }),
    ...(pricePerHour !== undefined && { pricePerHour }),
  };
}

function clusterText(run: ClusterRun, loss: ClusterLoss, terminal: Terminal): string {
  const { forecast, workload, counts, reasons } = run;
  const paint = paintFor(terminal.hasColor === true);
  const { shape } = workload;
  const plan =
    `${shape.numLayers} layers of width ${formatCount(shape.width)}, ${formatCount(counts.total)} parameters, ` +
    `${formatCount(forecast.numSteps)} steps of ${formatCount(forecast.batchTokens)} tokens, ${formatCount(forecast.numTokens)} in all`;
  const about = (sentence: string) => labelled('          ', sentence, terminal);
  return [
    labelled('plan:     ', plan, terminal),
    paint('strong', labelled('forecast: ', costSentence(forecast), terminal)),
    paint(forecast.fit.fits ? 'good' : 'warning', about(fitSentence(forecast))),
    ...(loss.bitsPerByte === null
      ? loss.sentences.map(about)
      : [about(`It reaches ${bitsText(loss.bitsPerByte)}.`), ...loss.sentences.map(about)]),
    '',
    table(['memory of one device', 'bytes'], memoryRows(forecast)),
    '',
    table(['', 'expected', 'four times in five', 'nineteen times in twenty'], quantityRows(run)),
    '',
    labelledList('note:     ', [...reasons, ...clusterAssumptions(forecast)], terminal),
  ].join('\n');
}

const bitsText = ({ value, interval80: [low, high] }: Estimate): string =>
  `${value.toFixed(2)} bits per byte (four times in five between ${low.toFixed(2)} and ${high.toFixed(2)})`;

const memoryNames: readonly (readonly [keyof DeviceMemory, string])[] = [
  ['parameters', 'parameters'],
  ['optimizer', 'optimizer'],
  ['gradients', 'gradients'],
  ['communication', 'on the way to others'],
  ['runtime', 'driver and libraries'],
  ['activations', 'activations that wait'],
  ['block', 'a block at work'],
  ['logits', 'or in its place, logits'],
];

function memoryRows({ fit: { memory, usableBytes } }: ClusterForecast): string[][] {
  return [
    ...memoryNames.map(([part, what]) => [what, formatBytes(memory[part])]),
    ...(memory.update > 0 ? [['or in place of these, the update', formatBytes(memory.update)]] : []),
    ['at the peak', formatBytes(memory.peak)],
    ['may be used', formatBytes(usableBytes)],
  ];
}

function quantityRows({ forecast }: ClusterRun): string[][] {
  const { msPerStep, tokensPerSecond, durationMs, deviceHours, cost, efficiency, numDevices, peakMemoryBytes } =
    forecast;
  const count = (value: number) => formatCount(Math.round(value));
  const row = (what: string, estimate: Estimate, write: (value: number) => string): string[] => {
    const range = ([low, high]: readonly [number, number]) => `${write(low)} to ${write(high)}`;
    return [what, write(estimate.value), range(estimate.interval80), range(estimate.interval95)];
  };
  const each = (estimate: Estimate): Estimate => {
    const shared = ([low, high]: readonly [number, number]): [number, number] => [low / numDevices, high / numDevices];
    return {
      value: estimate.value / numDevices,
      interval80: shared(estimate.interval80),
      interval95: shared(estimate.interval95),
    };
  };
  return [
    row('share of the peak rate', efficiency, (value) => `${(100 * value).toFixed(0)} %`),
    row('time of a step', msPerStep, durationText),
    row('tokens a second', tokensPerSecond, count),
    ...(numDevices > 1 ? [row('of each device', each(tokensPerSecond), count)] : []),
    row('time', durationMs, durationText),
    row('device-hours', deviceHours, count),
    ...(cost === null ? [] : [row('cost', cost, count)]),
    row('memory of one device', peakMemoryBytes, formatBytes),
  ];
}

/** The forecast as data, without the tables that it was made from. */
function clusterJson({ forecast, workload, counts, reasons }: ClusterRun, loss: ClusterLoss) {
  const { accelerator, fit, ...rest } = forecast;
  const { fits, rowsPerDevice, microRowsPerDevice, memory, usableBytes } = fit;
  const { shape, batchSize, precision, kept } = workload;
  return {
    ...rest,
    accelerator,
    model: { parameters: counts, flopsPerToken: modelFlopsPerToken(workload), ...shape },
    batch: { batchSize, rowsPerDevice, microRowsPerDevice, precision, recompute: kept === 'blocks' },
    fits,
    memory,
    usableBytes,
    loss,
    reasons,
    assumptions: clusterAssumptions(forecast),
  };
}
