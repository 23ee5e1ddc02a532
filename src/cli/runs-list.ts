import { nodeFileSystem } from '../core/node.ts';
import { formatCompact } from '../page/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import { listRuns, type RunManifest } from '../training/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';
import { duration } from './progress-display.ts';
import { defaultRunsFolder } from './run-argument.ts';
import { table } from './text-table.ts';

/** `groundwork runs list`: the runs of a folder. */
export const runsListCommand: Command = {
  help: `usage: groundwork runs list [FOLDER] [--json]

Lists the runs in a folder (default: runs), the newest first: what was trained, how far it came, and what it reached in bits per
byte on held-out text. "groundwork runs" does the same.

  --json   print their manifests as JSON

Exit codes: 0 listed (also where there are none), 2 wrong usage.`,
  run: async (args, terminal) => {
    const flags = parseFlags('runs list', args, { json: { type: 'boolean' } }, { least: 0, most: 1 });
    const folder = flags.words[0] ?? defaultRunsFolder;
    const listed = listRuns(nodeFileSystem, folder);
    if (flags.isSet('json')) {
      terminal.out(printableJson(listed));
      return;
    }
    if (listed.length === 0) {
      terminal.out(`no runs in ${folder}/ yet; train one: groundwork pretrain`);
      return;
    }
    const created = (run: (typeof listed)[number]) => ('manifest' in run ? run.manifest.createdAt : '');
    const rows = listed
      .sort((a, b) => (created(a) < created(b) ? 1 : -1))
      .map((run) =>
        'manifest' in run ? [run.name, ...rowOf(run.manifest)] : [run.name, 'broken', '', '', '', '', ''],
      );
    terminal.out(table(['run', 'status', 'bits per byte', 'tokens', 'time', 'size', 'recipe'], rows));
  },
};

function rowOf({ status, result, size, recipe }: RunManifest): string[] {
  return [
    status,
    result?.bitsPerByte?.toFixed(4) ?? '',
    result === null ? '' : formatCompact(result.tokens),
    result === null ? '' : duration(result.durationMs / 1000),
    `${size.numLayers}x${size.width}`,
    recipe.name,
  ];
}
