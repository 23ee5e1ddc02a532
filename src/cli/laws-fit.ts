import { basename } from 'node:path';
import { nodeFileSystem, writeDurably } from '../core/node.ts';
import { wrapText } from '../data/index.ts';
import { picture } from '../page/index.ts';
import {
  accountingTable,
  type CellTable,
  computePlot,
  type FitObjective,
  fitTable,
  type LawColumns,
  type LawTable,
  ladderTable,
  lawText,
  optimumTable,
  parameterTable,
  readLawTable,
  type TableFit,
  tableFitPage,
  tableFitSentences,
} from '../theory/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import { parseQuantity, readLaw } from '../training/index.ts';
import type { Command } from './command-line.ts';
import { type FlagKinds, type Flags, parseFlags, usageFault } from './flags.ts';
import { type Paint, paintFor } from './styled-text.ts';
import { table } from './text-table.ts';

const name = 'laws fit';

const flagKinds = {
  n: { type: 'string' },
  d: { type: 'string' },
  c: { type: 'string' },
  loss: { type: 'string' },
  where: { type: 'string', multiple: true },
  objective: { type: 'string' },
  compute: { type: 'string', multiple: true },
  html: { type: 'string' },
  svg: { type: 'string' },
  json: { type: 'boolean' },
} satisfies FlagKinds;

const objectives = {
  huber: { kind: 'huber', delta: 1e-3 },
  lad: { kind: 'leastAbsoluteDeviations' },
} as const satisfies { readonly [name: string]: FitObjective };

/** `groundwork laws fit`: a scaling law for a table of one's own. */
export const lawsFitCommand: Command = {
  help: `usage: groundwork laws fit TABLE.csv|LADDER.json [OPTIONS]

Fits L(N, D) = E + A / N^alpha + B / D^beta to a table with a row for each finished training: parameters N, training tokens D and loss. Two
of N, D and training compute C are enough, by C = 6·N·D. Needs no starting values. Prints the law with intervals, the best size and
tokens for the largest compute of the table, twice and ten times that, with calibrated intervals, and what the table cannot tell. The record of
a ladder (laws/NAME.json) is such a table too.

Columns are found by their usual names (params, N, model size; tokens, D; flops, C, compute; loss, val_loss, bpb), or named:

  --n COLUMN           parameters; or under several conventions: --n total=COLUMN,nonEmbedding=COLUMN (also matmul, active)
  --d COLUMN           training tokens
  --c COLUMN           training compute in FLOPs
  --loss COLUMN        the loss at the end, in any unit
  --where COLUMN=TEXT  only rows that have this value; may be repeated

  --objective NAME     huber (default): Huber loss of ln loss, delta 0.001, as Hoffmann et al. 2022; or lad: least absolute deviations
  --compute N          also tell what so many FLOPs buy, such as 1e21; may be repeated
  --html FILE          write a page with plots that needs nothing else
  --svg FILE           write the plot of loss over compute as a picture
  --json               print the fit as one line of JSON

Exit codes: 0 fitted, 2 wrong usage, columns that are not there, or too few rows, 5 no such file, or one that may not be written, 6 a table
that cannot be read; its line is named.`,
  run: async (args, terminal) => {
    const flags = parseFlags(name, args, flagKinds, { least: 1, most: 1 });
    const [path = ''] = flags.words;
    const objective = flags.oneOf('objective', ['huber', 'lad']) ?? 'huber';
    const columns = columnsOf(flags);
    const computes = flags.texts('compute').map((text) => parseQuantity(text, 'FLOPs'));
    const chosen = ['n', 'd', 'c', 'loss', 'where'].find(
      (flag) => (flags.text(flag) ?? flags.texts(flag)[0]) !== undefined,
    );
    if (isLadderRecord(path) && chosen !== undefined) {
      throw usageFault(name, `--${chosen} is for a table, found the record of a ladder: ${path}`);
    }
    const fit = fitTable(tableAt(path, columns), { objective: objectives[objective], computes });
    const written = [
      ['html', () => tableFitPage(fit)],
      ['svg', () => picture(computePlot(fit))],
    ] as const;
    const files = written.flatMap(([flag, make]) => {
      const file = flags.text(flag);
      if (file === undefined) return [];
      writeDurably(nodeFileSystem, file, [new TextEncoder().encode(make())]);
      return [file];
    });
    terminal.out(
      flags.isSet('json') ? printableJson(fitRecord(fit)) : fitText(fit, paintFor(terminal.hasColor === true)),
    );
    if (files.length > 0) terminal.error(`written: ${files.join(', ')}`);
  },
};

const isLadderRecord = (path: string): boolean => path.endsWith('.json');

/** A table of comma-separated values, or the record of a ladder, which is one. */
function tableAt(path: string, columns: LawColumns): LawTable {
  if (isLadderRecord(path)) return ladderTable(readLaw(nodeFileSystem, path), basename(path));
  return readLawTable(new TextDecoder().decode(nodeFileSystem.readFile(path)), basename(path), columns);
}

function columnsOf(flags: Flags): LawColumns {
  const n = flags.text('n');
  const named = (flag: 'd' | 'c' | 'loss', quantity: 'tokens' | 'flops' | 'loss') => {
    const column = flags.text(flag);
    return column === undefined ? {} : { [quantity]: column };
  };
  return {
    ...(n === undefined ? {} : { parameters: parameterColumns(n) }),
    ...named('d', 'tokens'),
    ...named('c', 'flops'),
    ...named('loss', 'loss'),
    where: pairsOf(flags.texts('where'), 'where'),
  };
}

/** `COLUMN`, or `CONVENTION=COLUMN` with commas between. */
function parameterColumns(given: string): ReadonlyMap<string, string> {
  return given.includes('=') ? pairsOf(given.split(','), 'n') : new Map([['parameters', given]]);
}

function pairsOf(given: readonly string[], flag: string): ReadonlyMap<string, string> {
  const pairs = new Map<string, string>();
  for (const [key, value] of given.map((part) => pairOf(part, flag))) {
    if (pairs.has(key)) throw usageFault(name, `--${flag} gives "${key}" twice, expected each once`);
    pairs.set(key, value);
  }
  return pairs;
}

function pairOf(given: string, flag: string): [string, string] {
  const [, key, value] = /^([^=]+)=(.*)$/.exec(given) ?? [];
  if (key === undefined || value === undefined) throw usageFault(name, `--${flag} is "${given}", expected NAME=VALUE`);
  return [key.trim(), value.trim()];
}

/** The fit as plain data: without the points of the table and the resampled laws. */
function fitRecord(found: TableFit) {
  const { table: source, convention, bootstrap, largestFlops, tokenCost, optima, accountings } = found;
  const { doubts } = tableFitSentences(found);
  const { fit, parameters, identified } = bootstrap;
  const { law, objective, objectiveValue, meanError, numPoints, sizeExponent, starts } = fit;
  return {
    table: source.name,
    columns: source.columns,
    convention,
    law,
    parameters,
    sizeExponent,
    objective,
    objectiveValue,
    meanError,
    numPoints,
    starts,
    identified: { ...fit.identified, resamplesAgreeOnE: identified.E },
    largestFlops,
    tokenCost,
    optima: optima.map(({ prediction: { estimate, extrapolation, notes }, ...optimum }) => ({
      ...optimum,
      estimate,
      extrapolation,
      notes,
    })),
    accountings: accountings && {
      fits: accountings.fits.map((one) => ({
        convention: one.convention,
        law: one.fit.law,
        sizeExponent: one.fit.sizeExponent,
      })),
      isFlipped: accountings.isFlipped,
    },
    doubts,
  };
}

function fitText(fit: TableFit, paint: Paint): string {
  const { facts, doubts } = tableFitSentences(fit);
  const cells = ({ head, rows }: CellTable) => table(head, rows);
  const accountings = accountingTable(fit);
  return [
    paint('strong', lawText(fit.bootstrap.fit.law)),
    '',
    cells(parameterTable(fit)),
    '',
    ...facts.map(wrapped),
    ...(fit.optima.length === 0
      ? []
      : ['', paint('strong', 'What compute buys, spent in the best way'), cells(optimumTable(fit))]),
    ...(accountings === undefined
      ? []
      : ['', paint('strong', 'Under each way of counting parameters'), cells(accountings)]),
    ...(doubts.length === 0 ? [] : ['', ...doubts.map((doubt) => paint('warning', wrapped(doubt)))]),
  ].join('\n');
}

const wrapped = (text: string): string => wrapText(text, 100).join('\n');
