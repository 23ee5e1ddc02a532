import { existsSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { table } from '../../src/cli/text-table.ts';
import { GroundworkError } from '../../src/core/index.ts';
import { planSchema } from '../../src/training/index.ts';
import { type MeasuredProcess, measureProcess } from '../data/measured-process.ts';
import { othersCores, readProcessorTimes } from '../step/processor-load.ts';
import { type CostOutcome, costOutcome, type Foretold } from './outcome.ts';
import { type StepPrediction, stepPredictions } from './step-prediction.ts';

const root = fileURLToPath(new URL('../..', import.meta.url));
const groundwork = join(root, 'dist', 'cli', 'main.js');
const folder = join(root, '.bench', 'costs');

/** From 0.3 to 30 M parameters with the vocabulary of 8,192 of `presidents`. */
const defaultSizes = ['2x20', '4x64', '4x128', '6x192', '6x320', '8x480'];
/** Steps that are planned with to learn how long one takes; the batch is given, so that it does not depend on them. */
const trialSteps = 1000;
/** Of the documents held out: a final evaluation of some seconds, also of the largest size. */
const validationShare = '0.002';

const usage = `npm run bench -- costs [DATASET] [flags]

Foretells time and memory of training runs and holds them against what happened: six sizes from 0.3 to 30 million
parameters, each by the real command in a process of its own. Time wants a machine that does nothing else; memory does
not depend on its load. DATASET is a folder with a dataset; without it "presidents" is built with a small validation part.

  --sizes LIST    layers and width (default: ${defaultSizes.join(',')})
  --seconds N     about how long the steps of a run take together (default: 30)
  --steps N       so many steps instead, of every size: for memory alone, on a busy machine
  --batch N       rows of a step (default: 4)
  --context N     positions of a row (default: 128)
  --threads N     of the engine (default: one per core)
  --json FILE     also write the result to FILE`;

/** `bench costs`: prints a table of forecasts and outcomes, and last one line of JSON. */
export async function runCostsBenchmark(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      sizes: { type: 'string', default: defaultSizes.join(',') },
      seconds: { type: 'string', default: '30' },
      steps: { type: 'string' },
      batch: { type: 'string', default: '4' },
      context: { type: 'string', default: '128' },
      threads: { type: 'string' },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  if (values.help) {
    print(usage);
    return;
  }
  if (!existsSync(groundwork)) {
    throw new GroundworkError('usage', `${groundwork} is missing`, { hint: 'Run npm run build first.' });
  }
  mkdirSync(folder, { recursive: true });
  const dataset = positionals[0] === undefined ? await smallValidation() : resolve(positionals[0]);
  const shape = ['--batch', values.batch, '--context', values.context];
  const threads = values.threads === undefined ? [] : ['--threads', values.threads];
  const outcomes: CostOutcome[] = [];
  for (const size of values.sizes.split(',')) {
    const common = ['pretrain', dataset, '--size', size, ...shape, ...threads, '--json'];
    let numSteps = Number(values.steps);
    if (values.steps === undefined) {
      log(`${size}: timing a step`);
      const trial = await command([...common, '--steps', String(trialSteps), '--plan-only']);
      const { msPerStep } = planSchema.parse(JSON.parse(trial.stdout)).expected;
      numSteps = Math.max(8, Math.round((1000 * Number(values.seconds)) / msPerStep));
    }
    log(`${size}: training ${numSteps} steps`);
    const name = `size-${size}`;
    rmSync(join(folder, 'runs', name), { recursive: true, force: true });
    const before = readProcessorTimes(process.pid);
    const run = await command([...common, '--steps', String(numSteps), '--out', join(folder, 'runs'), '--name', name]);
    const after = readProcessorTimes(process.pid);
    const others = before && after ? othersCores(before, after, run.wallSeconds) : undefined;
    const outcome = costOutcome(size, join(folder, 'runs', name), run, others);
    outcomes.push(outcome);
    log(rowText(outcome).join('  '));
  }
  print(table(head, outcomes.map(rowText)));
  const numGood = (key: 'time' | 'memory') => outcomes.filter((outcome) => Math.abs(outcome[key].error) <= 0.1).length;
  print(
    `within 10 %: time ${numGood('time')} of ${outcomes.length}, memory ${numGood('memory')} of ${outcomes.length}`,
  );
  const timed = outcomes.map(({ size, plan, stepMs }) => ({ size, plan, milliseconds: stepMs.actual }));
  const predictions = timed.length < 2 ? [] : stepPredictions(timed);
  if (predictions.length > 0) print(`\n${table(predictionHead, predictions.map(predictionText))}`);
  const record = { benchmark: 'costs', shape, outcomes, predictions };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(record, undefined, 2)}\n`);
  print(JSON.stringify(record));
}

const head = ['size', 'parameters', 'steps', 'time', '', '', 'step', '', '', 'end', '', '', 'memory', '', '', 'others'];

/** Of each quantity: foretold, actual, error. */
function rowText({ size, numParameters, numSteps, time, stepMs, closing, memory, others }: CostOutcome): string[] {
  const three = ({ foretold, actual, error }: Foretold, text: (value: number) => string) => [
    text(foretold),
    text(actual),
    signed(error),
  ];
  return [
    size,
    `${(numParameters / 1e6).toFixed(2)} M`,
    String(numSteps),
    ...three(time, seconds),
    ...three(stepMs, (ms) => `${ms.toFixed(1)} ms`),
    ...three(closing, seconds),
    ...three(memory, (bytes) => `${(bytes / 1e6).toFixed(0)} MB`),
    others === undefined ? '' : `${others.toFixed(2)} cores`,
  ];
}

/** What a step takes, foretold from other sizes. */
const predictionHead = ['size', 'step', 'by the rule, from the next', 'time model, from the next', 'from all others'];

function predictionText({ size, milliseconds, byRule, fromOne, fromOthers }: StepPrediction): string[] {
  return [size, `${milliseconds.toFixed(1)} ms`, ...[byRule, fromOne, fromOthers].map((ratio) => signed(ratio - 1))];
}

const seconds = (ms: number): string => `${(ms / 1000).toFixed(1)} s`;
const signed = (share: number): string => `${share >= 0 ? '+' : '−'}${Math.abs(100 * share).toFixed(1)} %`;

/** The demo `presidents` with few documents held out, built once. */
async function smallValidation(): Promise<string> {
  const dataset = join(folder, 'presidents');
  if (existsSync(join(dataset, 'dataset.json'))) return dataset;
  log('building the dataset');
  await command(['data', 'demo', 'presidents', '--out', dataset, '--validation', validationShare, '--json']);
  return dataset;
}

async function command(args: readonly string[]): Promise<MeasuredProcess> {
  const measured = await measureProcess(process.execPath, [groundwork, ...args]);
  if (measured.exitCode === 0) return measured;
  throw new GroundworkError('engine-failure', `groundwork ${args.join(' ')} ended with ${measured.exitCode}`, {
    hint: measured.stderr.trim().split('\n').slice(-3).join(' '),
  });
}

const print = (text: string): void => void process.stdout.write(`${text}\n`);
const log = (text: string): void => void process.stderr.write(`${text}\n`);
