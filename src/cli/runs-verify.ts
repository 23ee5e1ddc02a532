import { GroundworkError } from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import { printableJson } from '../tokenizer/index.ts';
import { openRun, problemText, verifyRun } from '../training/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';
import { chosenRun } from './run-argument.ts';

/** `groundwork runs verify`: whether a run is what its records say. */
export const runsVerifyCommand: Command = {
  help: `usage: groundwork runs verify [RUN] [--json]

Checks the manifest of a run, its log, and the size and SHA-256 of every file of its checkpoints. Prints every problem. RUN is the folder
of a run or its name in runs/ (default: the newest).

  --json   print the problems as JSON

Exit codes: 0 sound, 2 wrong usage, 5 no such run, 6 not sound.`,
  run: async (args, terminal) => {
    const flags = parseFlags('runs verify', args, { json: { type: 'boolean' } }, { least: 0, most: 1 });
    const folder = chosenRun(flags.words[0]);
    if (!nodeFileSystem.exists(folder)) openRun(nodeFileSystem, folder);
    const problems = verifyRun(nodeFileSystem, folder);
    if (flags.isSet('json')) terminal.out(printableJson({ folder, problems }));
    if (problems.length > 0) {
      const lines = problems.map((problem) => `  ${problemText(problem)}`);
      throw new GroundworkError('invalid-run', `${folder} is not sound:\n${lines.join('\n')}`, {
        hint: 'A run that is not finished goes on from its newest sound checkpoint: groundwork resume. Of a finished one use an earlier checkpoint, by --step.',
      });
    }
    if (!flags.isSet('json')) terminal.out(`${folder} is sound`);
  },
};
