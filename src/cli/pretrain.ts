import { GroundworkError } from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import { formatCompact } from '../page/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import {
  faultOfRunName,
  memoryMeter,
  nextRunName,
  type Plan,
  planRun,
  runFolder,
  startRun,
} from '../training/index.ts';
import type { Command, Terminal } from './command-line.ts';
import { type FlagKinds, parseFlags, usageFault } from './flags.ts';
import { forecastText } from './forecast-text.ts';
import { labelled, labelledList } from './labelled-text.ts';
import { planFlagHelp, planFlags, planRequest } from './plan-flags.ts';
import { defaultRunsFolder } from './run-argument.ts';
import { closeDatasets, openPlaced, placeNamedDatasets } from './run-datasets.ts';
import { baselineOf, tellEnding } from './run-ending.ts';
import { engineFlagHelp, engineFlags, openEngine } from './run-engine.ts';
import { openRecipe } from './run-recipe.ts';
import { paintFor } from './styled-text.ts';
import { trainingDisplay } from './training-display.ts';

const name = 'pretrain';

const flagKinds = {
  ...planFlags,
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
tells how well the model foretells text that it has not seen, in bits per byte (lower is better). Before the first step it foretells bits per
byte, time and memory, and at the end it says whether that held.

FOLDER is a dataset (see "data build") or any folder of text: Markdown, plain text, HTML, JSON lines, source code. A dataset is then built
first under datasets/, and found again the next time. Without FOLDER the demo "presidents" is used: 230 years of speeches.

${planFlagHelp}
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
    const request = planRequest(name, flags);
    const { signal } = terminal;
    const seed = flags.wholeNumber('seed', 0) ?? 0;
    const runsFolder = flags.text('out') ?? defaultRunsFolder;
    if (runsFolder.trim() === '') throw usageFault(name, '--out is empty, expected a folder');
    const isJson = flags.isSet('json');
    const runName = flags.text('name');
    if (runName !== undefined && !flags.isSet('plan-only')) refuseName(runName, runsFolder);
    const recipe = await openRecipe(flags.text('recipe'));
    const placed = await placeNamedDatasets(name, flags, terminal);
    // Before anything that trains is loaded: all that the process grows by from here on counts, but not what building a dataset left.
    const meter = memoryMeter();
    const datasets = openPlaced(placed);
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
      terminal.error(planText(plan, terminal, terminal.hasLiveColor === true));
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
          meter,
          onForecast: (forecast) => {
            const paint = paintFor(terminal.hasLiveColor === true);
            terminal.error(`${forecastText(forecast, terminal, paint)}\n`);
          },
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

/** The plan in sentences. */
function planText({ reasons, warnings, memory, expected }: Plan, terminal: Terminal, hasColor: boolean): string {
  const paint = paintFor(hasColor);
  const needed = `Memory: about ${formatCompact(memory.expectedBytes ?? memory.neededBytes, 'B')} of ${formatCompact(memory.availableBytes, 'B')} (${memory.limit}).`;
  const flops = `A step takes ${formatCompact(expected.flopsPerStep)} floating-point operations.`;
  return [
    labelledList('plan:     ', [...reasons, flops, needed], terminal),
    ...warnings.map((sentence) => paint('warning', labelled('note:     ', sentence, terminal))),
  ].join('\n');
}
