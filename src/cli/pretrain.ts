import { GroundworkError } from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import { wrapText } from '../data/index.ts';
import { formatCompact } from '../page/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import {
  type Budget,
  faultOfRunName,
  nextRunName,
  type Plan,
  type PlanRequest,
  parseDuration,
  parseQuantity,
  planRun,
  runFolder,
  startRun,
} from '../training/index.ts';
import type { Command, Terminal } from './command-line.ts';
import { type FlagKinds, type Flags, parseFlags, usageFault } from './flags.ts';
import { defaultRunsFolder } from './run-argument.ts';
import { closeDatasets, openNamedDatasets } from './run-datasets.ts';
import { baselineOf, tellEnding } from './run-ending.ts';
import { engineFlagHelp, engineFlags, openEngine } from './run-engine.ts';
import { openRecipe } from './run-recipe.ts';
import { paintFor } from './styled-text.ts';
import { trainingDisplay } from './training-display.ts';

const name = 'pretrain';

const flagKinds = {
  budget: { type: 'string' },
  flops: { type: 'string' },
  tokens: { type: 'string' },
  steps: { type: 'string' },
  size: { type: 'string' },
  context: { type: 'string' },
  batch: { type: 'string' },
  'micro-batch': { type: 'string' },
  recompute: { type: 'boolean' },
  recipe: { type: 'string' },
  data: { type: 'string', multiple: true },
  vocabulary: { type: 'string' },
  packing: { type: 'string' },
  seed: { type: 'string' },
  name: { type: 'string' },
  out: { type: 'string' },
  'plan-only': { type: 'boolean' },
  'eval-every': { type: 'string' },
  'eval-documents': { type: 'string' },
  'sample-every': { type: 'string' },
  prompt: { type: 'string', multiple: true },
  'checkpoint-every': { type: 'string' },
  keep: { type: 'string' },
  json: { type: 'boolean' },
  ...engineFlags,
} satisfies FlagKinds;

/** `groundwork pretrain`: a budget in, a base model out. */
export const pretrainCommand: Command = {
  help: `usage: groundwork pretrain [FOLDER|FILE]... [OPTIONS]

Trains a base language model: measures this machine, chooses the size of model that makes the most of the budget, says why, trains, and
tells how well the model foretells text that it has not seen, in bits per byte (lower is better).

FOLDER is a dataset (see "data build") or any folder of text: Markdown, plain text, HTML, JSON lines, source code. A dataset is then built
first under datasets/, and found again the next time. Without FOLDER the demo "presidents" is used: 230 years of speeches.

How much (one of these; default: --budget 5m)
  --budget TIME          such as 90s, 5m or 2h: all in all, measuring and evaluation included
  --flops N              such as 3e15 or 2P
  --tokens N             such as 20M
  --steps N              so many steps

What
  --size DEPTHxWIDTH     layers and width, such as 6x256 (default: what suits the budget)
  --context N            tokens that the model sees at once
  --batch N              rows of tokens in a step
  --micro-batch N        rows that are computed at once; the others follow (it divides --batch)
  --recompute            keep less in memory, and compute it twice
  --recipe NAME|FILE     a shipped recipe or a file of your own, such as ./my-recipe.ts (default: baseline)
  --data FOLDER:WEIGHT   train on a mixture; give it once for each part. The first one is measured on
  --vocabulary N         size of the vocabulary of a dataset that is built, 257 or more
  --packing MODE         stream (default): documents one after the other; documents: as few cuts as possible
  --seed N               the whole run follows from it (default: 0)

Running
${engineFlagHelp}
  --name NAME            the name of the run (default: after the data and the day)
  --out FOLDER           where runs go (default: runs)
  --plan-only            print the plan and train nothing
  --eval-every N         steps between evaluations (0: only at the end)
  --eval-documents N     held-out documents of an evaluation on the way
  --sample-every N       steps between samples (0: only at the end)
  --prompt TEXT          what samples begin with; may be repeated (default: beginnings that suit the data)
  --checkpoint-every X   time or steps between checkpoints, such as 1m or 500
  --keep N               checkpoints that are kept, 2 or more (default: 2)
  --json                 print the result as one line of JSON

Ctrl-C stops in good order: the model is saved, and "groundwork resume" goes on bit for bit as if nothing had happened. A second
Ctrl-C stops at once.

Exit codes: 0 trained, 2 wrong usage, 3 a recipe that breaks a rule, 4 an engine that is absent or failed, 5 memory, disk or a file is
not to be had, 6 no text to train on, or a dataset that is broken, 7 stopped by a signal, 8 the loss left for good.`,
  run: async (args, terminal) => {
    const flags = parseFlags(name, args, flagKinds, { least: 0, most: Number.POSITIVE_INFINITY });
    const request = planRequest(flags);
    const { signal } = terminal;
    const seed = flags.wholeNumber('seed', 0) ?? 0;
    const runsFolder = flags.text('out') ?? defaultRunsFolder;
    if (runsFolder.trim() === '') throw usageFault(name, '--out is empty, expected a folder');
    const isJson = flags.isSet('json');
    const runName = flags.text('name');
    if (runName !== undefined && !flags.isSet('plan-only')) refuseName(runName, runsFolder);
    const recipe = await openRecipe(flags.text('recipe'));
    const datasets = await openNamedDatasets(name, flags, terminal);
    try {
      const [first] = datasets;
      // A dataset that was built from text carries a hash in its name.
      const topic = (first?.dataset.manifest.name ?? 'run').replace(/-[0-9a-f]{8}$/, '');
      const folder = runFolder(runsFolder, runName ?? nextRunName(nodeFileSystem, runsFolder, topic, new Date()));
      const opened = await openEngine(flags);
      terminal.live?.('measuring this machine');
      // The budget is about training: a dataset is built once, whatever the budget.
      const plan = await planRun(request, {
        fs: nodeFileSystem,
        ...opened,
        recipe: recipe.recipe,
        datasets,
        ...(signal && { signal }),
      });
      terminal.live?.('');
      if (signal?.aborted) throw stoppedEarly();
      if (flags.isSet('plan-only')) {
        terminal.out(isJson ? printableJson(plan) : planText(plan, terminal, terminal.hasColor === true));
        return;
      }
      terminal.error(`run:      ${folder}`);
      terminal.error(`${planText(plan, terminal, terminal.hasLiveColor === true)}\n`);
      const display = trainingDisplay(terminal, plan);
      try {
        const result = await startRun({
          fs: nodeFileSystem,
          ...opened,
          folder,
          recipe,
          datasets,
          plan,
          seed,
          command: [name, ...args],
          ...(signal && { signal }),
          ...display,
        });
        display.close();
        await tellEnding(result, baselineOf(folder, first?.dataset), terminal, isJson);
      } finally {
        display.close();
      }
    } finally {
      closeDatasets(datasets);
    }
  },
};

/** Tells before anything is built or measured that a run cannot have its name. */
function refuseName(runName: string, runsFolder: string): void {
  const fault = faultOfRunName(runName);
  if (fault !== undefined) {
    throw usageFault(name, `--name ${JSON.stringify(runName)} ${fault}, expected letters, digits and dashes`);
  }
  if (!nodeFileSystem.exists(`${runsFolder}/${runName}/run.json`)) return;
  throw new GroundworkError('file-access', `${runsFolder}/${runName} holds a run already`, {
    hint: 'Choose another name, or go on with it by `groundwork resume`.',
  });
}

function stoppedEarly(): GroundworkError {
  return new GroundworkError('interrupted', 'stopped before the run began', {
    hint: 'Nothing of it was written; the same command begins again.',
  });
}

/** What a person wants, from the flags. */
function planRequest(flags: Flags): PlanRequest {
  const optional = <Key extends keyof PlanRequest>(key: Key, value: PlanRequest[Key] | undefined) =>
    value === undefined ? {} : { [key]: value };
  return {
    budget: budgetOf(flags),
    ...sizeOf(flags),
    ...optional('contextLength', flags.wholeNumber('context', 1)),
    ...optional('batchSize', flags.wholeNumber('batch', 1)),
    ...optional('microBatchSize', flags.wholeNumber('micro-batch', 1)),
    ...optional('recompute', flags.isSet('recompute') || undefined),
    ...optional('packing', flags.oneOf('packing', ['stream', 'documents'])),
    ...optional('evaluationEverySteps', flags.wholeNumber('eval-every', 0)),
    ...optional('numEvaluationDocuments', flags.wholeNumber('eval-documents', 1)),
    ...optional('sampleEverySteps', flags.wholeNumber('sample-every', 0)),
    ...(flags.texts('prompt').length > 0 && { prompts: flags.texts('prompt') }),
    ...checkpointsOf(flags),
    ...optional('keep', flags.wholeNumber('keep', 2)),
  };
}

const budgetFlags = ['budget', 'flops', 'tokens', 'steps'] as const;
const defaultBudget = '5m';

function budgetOf(flags: Flags): Budget {
  const given = budgetFlags.filter((flag) => flags.text(flag) !== undefined);
  if (given.length > 1) {
    throw usageFault(name, `${given.map((flag) => `--${flag}`).join(' and ')} are two budgets, expected one`);
  }
  const text = flags.text(given[0] ?? 'budget') ?? defaultBudget;
  switch (given[0]) {
    case 'flops':
      return { kind: 'flops', flops: parseQuantity(text, 'FLOPs') };
    case 'tokens':
      return { kind: 'tokens', numTokens: Math.round(parseQuantity(text, 'tokens')) };
    case 'steps':
      return { kind: 'steps', numSteps: flags.wholeNumber('steps', 1) ?? 1 };
    default:
      return { kind: 'time', durationMs: parseDuration(text) };
  }
}

function sizeOf(flags: Flags): Pick<PlanRequest, 'size'> {
  const given = flags.text('size');
  if (given === undefined) return {};
  const [, numLayers, width] = /^(\d{1,4})x(\d{1,6})$/.exec(given) ?? [];
  if (!(Number(numLayers) > 0 && Number(width) > 0)) {
    throw usageFault(name, `--size is "${given}", expected layers and width such as 6x256`);
  }
  return { size: { numLayers: Number(numLayers), width: Number(width) } };
}

/** A whole number is a number of steps, anything else a length of time. */
function checkpointsOf(flags: Flags): Pick<PlanRequest, 'checkpointEverySteps' | 'checkpointEveryMs'> {
  const given = flags.text('checkpoint-every');
  if (given === undefined) return {};
  if (!/^\d+$/.test(given)) return { checkpointEveryMs: parseDuration(given, 'time between checkpoints') };
  return { checkpointEverySteps: flags.wholeNumber('checkpoint-every', 1) ?? 1 };
}

/** The plan in sentences. */
function planText({ reasons, warnings, memory, expected }: Plan, terminal: Terminal, hasColor: boolean): string {
  const paint = paintFor(hasColor);
  const needed = `Memory: about ${formatCompact(memory.neededBytes, 'B')} of ${formatCompact(memory.availableBytes, 'B')} (${memory.limit}).`;
  const flops = `A step takes ${formatCompact(expected.flopsPerStep)} floating-point operations.`;
  return [
    ...[...reasons, flops, needed].map((sentence, index) =>
      bullet(index === 0 ? 'plan:     ' : '          ', sentence, terminal),
    ),
    ...warnings.map((sentence) => paint('warning', bullet('note:     ', sentence, terminal))),
  ].join('\n');
}

/** A sentence behind its label, broken where the window ends. */
function bullet(label: string, sentence: string, terminal: Terminal): string {
  const width = Math.min(120, (terminal.columns?.() ?? 80) - 1);
  return wrapText(sentence, width, label.length)
    .map((line, index) => (index === 0 ? label + line.trimStart() : line))
    .join('\n');
}
