import { nodeFileSystem, writeDurably } from '../core/node.ts';
import { inspectDataset, inspectionAsPage, inspectionAsText } from '../data/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';

/** `groundwork data inspect`: what is in a dataset, and what was taken out of it. */
export const dataInspectCommand: Command = {
  help: `usage: groundwork data inspect FOLDER [--html FILE] [--json]

Shows sizes, lengths, languages, what each rule removed with examples, duplicates, the split, the tokens, and the most and the
least likely documents under a bigram model, whose bits per byte on the validation text is the score to beat.

  --html FILE   also write it as one self-contained page with plots
  --json        print it as JSON

Exit codes: 0 shown, 5 a path that is missing or may not be written, 6 a dataset that is broken.`,
  run: async (args, terminal) => {
    const flags = parseFlags(
      'data inspect',
      args,
      { html: { type: 'string' }, json: { type: 'boolean' } },
      { least: 1, most: 1 },
    );
    const folder = flags.words[0] ?? '';
    nodeFileSystem.stat(folder);
    const inspection = inspectDataset(nodeFileSystem, folder);
    const path = flags.text('html');
    if (path !== undefined)
      writeDurably(nodeFileSystem, path, [new TextEncoder().encode(inspectionAsPage(inspection))]);
    terminal.out(flags.isSet('json') ? JSON.stringify(inspection) : inspectionAsText(inspection));
    if (path !== undefined) terminal.error(`The page is in ${path}.`);
  },
};
