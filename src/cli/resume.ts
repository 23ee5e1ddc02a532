import { nodeFileSystem } from '../core/node.ts';
import { memoryMeter, openRun, overrides, planSchema, type RunManifest, resumeRun } from '../training/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';
import { chosenRun } from './run-argument.ts';
import { closeDatasets, openRunDatasets } from './run-datasets.ts';
import { baselineOf, tellEnding } from './run-ending.ts';
import { engineFlagHelp, engineFlags, openEngine } from './run-engine.ts';
import { openRecipe } from './run-recipe.ts';
import { trainingDisplay } from './training-display.ts';

const name = 'resume';

/** Whether a run goes on without being named: one whose training had gone wrong would do so again. */
const canGoOn = ({ status, failure }: RunManifest): boolean => status !== 'finished' && failure?.code !== 'diverged';

/** `groundwork resume`: a run that was stopped goes on. */
export const resumeCommand: Command = {
  help: `usage: groundwork resume [RUN] [OPTIONS]

Goes on with a run that was stopped or killed, from its newest sound checkpoint, bit for bit as if it had never stopped. RUN is the folder
of a run or its name in runs/ (default: the newest that is neither finished nor stopped by itself because its loss
had left for good).

  --allow WHAT           go on although this is not what the run began with: ${overrides.join(', ')};
                         may be repeated. It is recorded in the run
  --data FOLDER          where the dataset of the run is now, if it has moved; of a mixture one for each, in its order
${engineFlagHelp.replace('cpu (default)', 'that of the run (default), cpu')}
  --json                 print the result as one line of JSON

Exit codes: 0 trained, 2 wrong usage, 4 an engine that is absent or failed, 5 no such run, or one at work, 6 a run, a checkpoint or a
dataset that is broken, or another than the run began with, 7 stopped by a signal, 8 the loss left for good.`,
  run: async (args, terminal) => {
    const kinds = {
      allow: { type: 'string', multiple: true },
      data: { type: 'string', multiple: true },
      json: { type: 'boolean' },
      ...engineFlags,
    } as const;
    const flags = parseFlags(name, args, kinds, { least: 0, most: 1 });
    const allow = flags.allOf('allow', overrides);
    const folder = chosenRun(flags.words[0], canGoOn, 'run that can go on');
    const { manifest } = openRun(nodeFileSystem, folder);
    // Before anything is loaded: all that the process grows by counts.
    const meter = memoryMeter();
    const opened = await openEngine(flags, manifest.engine);
    const recipe = await openRecipe(
      manifest.recipe.file === null ? manifest.recipe.name : `${folder}/${manifest.recipe.file}`,
    );
    const datasets = openRunDatasets(name, manifest, flags.texts('data'));
    const plan = planSchema.safeParse(manifest.plan);
    const display = trainingDisplay(terminal, plan.success ? plan.data : manifest);
    const { signal } = terminal;
    terminal.error(`run:      ${folder}`);
    try {
      const result = await resumeRun({
        fs: nodeFileSystem,
        ...opened,
        folder,
        recipe,
        datasets,
        allow,
        meter,
        ...(signal && { signal }),
        ...display,
      });
      display.close();
      await tellEnding(result, baselineOf(folder, datasets[0]?.dataset), terminal, flags.isSet('json'));
    } finally {
      display.close();
      closeDatasets(datasets);
    }
  },
};
