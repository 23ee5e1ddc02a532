import { parseArgs } from 'node:util';
import { GroundworkError } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openDataset } from '../../src/data/index.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import {
  compareIdentical,
  comparePlanted,
  type FalseFinds,
  type IdenticalResult,
  type PlantedResult,
} from './experiments.ts';
import { openTrials, type Trials } from './trials.ts';

const usage = `npm run bench -- compare DATASET [flags]

Tests the comparison of runs on real trainings. First identical arms: the default recipe against itself with other seeds, where every
difference that is found is a false one. Then planted effects: the learning rates divided by four, and times 0.8, as harm and turned round as
improvement, and the norm of queries and keys, as improvement on a recipe without; how many seeds they take is planned from a pilot of one
pair and the noise of the first part, and exactly as many are trained.

  --comparisons N  of identical arms (default: 20)
  --seeds N        runs of each of their arms (default: 4)
  --most-seeds N   pairs that a planted effect may take (default: 40)
  --steps N        of a training (default: 100)
  --size LxD       layers and width (default: 1x32)
  --batch N        rows of a step (default: 8)
  --context N      positions of a row (default: 64)
  --documents N    validation documents that all are measured on (default: 32)
  --threads N      (default: 2)
  --results FILE   keep the result of each training there; what it has is not trained again
  --json           print the result as JSON`;

/** `bench compare`: false finds between identical arms, and planted effects. */
export async function runCompareBenchmark(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      comparisons: { type: 'string', default: '20' },
      seeds: { type: 'string', default: '4' },
      'most-seeds': { type: 'string', default: '40' },
      steps: { type: 'string', default: '100' },
      size: { type: 'string', default: '1x32' },
      batch: { type: 'string', default: '8' },
      context: { type: 'string', default: '64' },
      documents: { type: 'string', default: '32' },
      threads: { type: 'string', default: '2' },
      results: { type: 'string' },
      json: { type: 'boolean', default: false },
      help: { type: 'boolean' },
    },
  });
  const [folder] = positionals;
  if (values.help || folder === undefined) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const dataset = openDataset(nodeFileSystem, folder);
  const [numLayers = 0, width = 0] = values.size.split('x').map(Number);
  const size = {
    vocabularySize: dataset.manifest.vocabularySize,
    contextLength: wholeNumber('context', values.context),
    numLayers,
    width,
  };
  const trials = openTrials(
    {
      engine: await onnxEngine('cpu', { numThreads: wholeNumber('threads', values.threads) }),
      dataset,
      size,
      batchSize: wholeNumber('batch', values.batch),
      numSteps: wholeNumber('steps', values.steps),
      numDocuments: wholeNumber('documents', values.documents),
    },
    values.results,
  );
  try {
    const result = await carryOut(trials, {
      numComparisons: wholeNumber('comparisons', values.comparisons),
      numSeeds: wholeNumber('seeds', values.seeds),
      mostSeeds: wholeNumber('most-seeds', values['most-seeds']),
    });
    process.stdout.write(values.json ? `${JSON.stringify({ args, ...result })}\n` : `${text(trials, result)}\n`);
  } finally {
    await trials.close();
    dataset.close();
  }
}

interface Extent {
  readonly numComparisons: number;
  readonly numSeeds: number;
  readonly mostSeeds: number;
}

interface Result {
  readonly identical: IdenticalResult;
  readonly planted: readonly PlantedResult[];
}

async function carryOut(trials: Trials, { mostSeeds, ...extent }: Extent): Promise<Result> {
  const say = (line: string) => process.stderr.write(`${line}\n`);
  const identical = await compareIdentical(trials, extent, (done) =>
    say(`identical arms: ${done} of ${extent.numComparisons}`),
  );
  const options = { noise: identical.noise, mostSeeds };
  const planted: PlantedResult[] = [];
  for (const [control, treatment] of [
    ['baseline', 'quarter-rate'],
    ['quarter-rate', 'baseline'],
    ['baseline', 'lower-rate'],
    ['lower-rate', 'baseline'],
    ['no-qk-norm', 'baseline'],
  ] as const) {
    planted.push(await comparePlanted(trials, control, treatment, options));
    say(`${control} → ${treatment}: done`);
  }
  return { identical, planted };
}

function text(trials: Trials, { identical, planted }: Result): string {
  const { noise, finds } = identical;
  const found = ({ look, numFound, numComparisons, most }: FalseFinds) => {
    const share = `${((100 * numFound) / numComparisons).toFixed(1)} %`;
    const limit =
      most === null
        ? ''
        : `  (at most ${most} are within chance at 5 %: ${numFound <= most ? 'honest' : 'NOT HONEST'})`;
    return `  ${look.padEnd(62)} ${String(numFound).padStart(4)} of ${numComparisons}  ${share.padStart(6)}${limit}`;
  };
  const effect = ({ control, treatment, pilotDifference, numSeeds, comparison, isFound }: PlantedResult) => [
    `  ${control} → ${treatment}: pilot ${signed(pilotDifference)}, ` +
      (comparison === null
        ? 'more seeds needed than may be trained'
        : `${numSeeds} ${numSeeds === 1 ? 'pair' : 'pairs'} planned: ${isFound ? 'found' : 'NOT FOUND'}`),
    ...(comparison === null ? [] : [`    ${comparison.verdict}`]),
  ];
  return [
    `Noise of a run: ${noise.sigma.toPrecision(3)} bits per byte (95 % from ${noise.interval.map((end) => end.toPrecision(3)).join(' to ')}; ` +
      `${noise.numRuns} runs of ${trials.flops.toPrecision(3)} FLOPs)`,
    '',
    'Differences found between identical arms',
    ...finds.map(found),
    '',
    'Planted effects',
    ...planted.flatMap(effect),
  ].join('\n');
}

const signed = (value: number): string => `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;

function wholeNumber(flag: string, given: string): number {
  const value = Number(given);
  if (Number.isSafeInteger(value) && value >= 1) return value;
  throw new GroundworkError('usage', `--${flag} is "${given}", expected a whole number from 1`, {
    hint: 'See npm run bench -- compare --help.',
  });
}
