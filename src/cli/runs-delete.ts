import { nodeFileSystem } from '../core/node.ts';
import { printableJson } from '../tokenizer/index.ts';
import { deleteRun, openRun } from '../training/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';
import { folderOfRun } from './run-argument.ts';

/** `groundwork runs delete`: a run and all it holds goes. */
export const runsDeleteCommand: Command = {
  help: `usage: groundwork runs delete RUN... [--json]

Deletes runs with their checkpoints, samples and reports. There is no way back. A folder that holds no run is left alone, and so is
a run that is at work. Where one word names no run, none is deleted.

  --json   print what was deleted as JSON

Exit codes: 0 deleted, 2 wrong usage, 5 no such run, or one in use, 6 a folder that is no run.`,
  run: async (args, terminal) => {
    const flags = parseFlags(
      'runs delete',
      args,
      { json: { type: 'boolean' } },
      { least: 1, most: Number.POSITIVE_INFINITY },
    );
    const folders = [...new Set(flags.words.map((word) => folderOfRun(word)))];
    // All are looked at before the first one goes. A broken run may go, too.
    for (const folder of folders) {
      if (!nodeFileSystem.exists(`${folder}/run.json`)) openRun(nodeFileSystem, folder);
    }
    for (const folder of folders) {
      deleteRun(nodeFileSystem, folder);
      if (!flags.isSet('json')) terminal.out(`${folder} is deleted`);
    }
    if (flags.isSet('json')) terminal.out(printableJson({ deleted: folders }));
  },
};
