import { nodeFileSystem } from '../core/node.ts';
import { printableJson, visibleText } from '../tokenizer/index.ts';
import { compareRuns, openRun } from '../training/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';
import { folderOfRun } from './run-argument.ts';
import { table } from './text-table.ts';

/** Cells of a value; longer ones are cut. */
const maxValue = 24;

/** `groundwork runs compare`: in what runs differ. */
export const runsCompareCommand: Command = {
  help: `usage: groundwork runs compare RUN RUN... [--json]

Shows in what runs differ, field by field, and by how many bits per byte. Numbers compare only where the data are the same: where
they are not, it says so.

  --json   print the comparison as JSON

Exit codes: 0 compared, 2 wrong usage, 5 no such run, 6 a run that is broken.`,
  run: async (args, terminal) => {
    const flags = parseFlags(
      'runs compare',
      args,
      { json: { type: 'boolean' } },
      { least: 2, most: Number.POSITIVE_INFINITY },
    );
    const runs = flags.words.map((word) => openRun(nodeFileSystem, folderOfRun(word)).manifest);
    const comparison = compareRuns(runs);
    if (flags.isSet('json')) {
      terminal.out(printableJson(comparison));
      return;
    }
    const { names, differences, isSameData, bitsPerByte, bitsPerByteDifference } = comparison;
    const text = (value: unknown): string => {
      const written = visibleText(
        value === undefined ? '' : typeof value === 'string' ? value : JSON.stringify(value),
        {
          marks: true,
        },
      );
      return written.length > maxValue ? `${written.slice(0, maxValue - 1)}…` : written;
    };
    const signed = (value: number | null) =>
      value === null ? '' : `${value < 0 ? '−' : '+'}${Math.abs(value).toFixed(4)}`;
    const rows = [
      ['bits per byte', ...bitsPerByte.map((value) => (value === null ? '' : value.toFixed(4)))],
      ['beside the first', '', ...bitsPerByteDifference.slice(1).map(signed)],
      ...differences.filter(({ area }) => area !== 'result').map(({ field, values }) => [field, ...values.map(text)]),
    ];
    terminal.out(
      [
        table(['', ...names], rows),
        '',
        isSameData
          ? 'All were trained and measured on the same data.'
          : 'They were trained on different data: their bits per byte do not compare.',
      ].join('\n'),
    );
  },
};
