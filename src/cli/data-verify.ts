import { GroundworkError } from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import { verifyDataset } from '../data/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';

/** `groundwork data verify`: whether a dataset is what its manifest says. */
export const dataVerifyCommand: Command = {
  help: `usage: groundwork data verify FOLDER [--json]

Checks the manifest, the size and SHA-256 of every file, and what the files say: document ends, token numbers, byte lengths.
Prints every problem. Exit codes: 0 sound, 6 not.`,
  run: async (args, terminal) => {
    const flags = parseFlags('data verify', args, { json: { type: 'boolean' } }, { least: 1, most: 1 });
    const folder = flags.words[0] ?? '';
    // A folder that is not there is another fault than a dataset that is broken.
    nodeFileSystem.stat(folder);
    const problems = verifyDataset(nodeFileSystem, folder, { deep: true });
    if (flags.isSet('json')) terminal.out(JSON.stringify({ folder, problems }));
    if (problems.length > 0) {
      const lines = problems.map(({ file, expected, found }) => `  ${file}: found ${found}, expected ${expected}`);
      throw new GroundworkError('invalid-dataset', `${folder} is not sound:\n${lines.join('\n')}`, {
        hint: 'Build it again from its corpus, or copy it again from where it is sound.',
      });
    }
    if (!flags.isSet('json')) terminal.out(`${folder} is sound`);
  },
};
