import { nodeFileSystem } from '../core/node.ts';
import { printableJson } from '../tokenizer/index.ts';
import { writeRunReport } from '../training/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';
import { chosenRun } from './run-argument.ts';
import { baselineNote, baselineOf } from './run-ending.ts';

/** `groundwork report`: the page of a run. */
export const reportCommand: Command = {
  help: `usage: groundwork report [RUN] [--json]

Writes report.html of a run anew, from its records: key figures, loss and bits per byte over tokens and compute, learning rate, gradient
norm, throughput, samples as they improved, the recipe, the data, and how to do it again. One file that needs nothing else; open it in
any browser. Works while the run is at work, too. RUN is the folder of a run or its name in runs/ (default: the newest).

  --json   print where it is as JSON

Exit codes: 0 written, 2 wrong usage, 5 no such run, or a folder that may not be written, 6 a run that is broken.`,
  run: async (args, terminal) => {
    const flags = parseFlags('report', args, { json: { type: 'boolean' } }, { least: 0, most: 1 });
    const folder = chosenRun(flags.words[0]);
    const baseline = baselineOf(folder);
    if ('problem' in baseline) terminal.error(baselineNote(baseline));
    const report = await writeRunReport(nodeFileSystem, folder, {
      baseline: 'bitsPerByte' in baseline ? baseline.bitsPerByte : undefined,
    });
    terminal.out(flags.isSet('json') ? printableJson({ folder, report }) : `The report is in ${report}.`);
  },
};
