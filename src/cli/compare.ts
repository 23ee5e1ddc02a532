import { nodeFileSystem } from '../core/node.ts';
import { wrapText } from '../data/index.ts';
import { formatCompact, formatCount } from '../page/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import {
  type Arm,
  armTexts,
  type Comparison,
  compareByArms,
  comparisonRecord,
  knownLaws,
  noiseSentence,
  parseQuantity,
  planSeeds,
  readComparedRun,
  seedOutlookSentences,
} from '../training/index.ts';
import type { Command } from './command-line.ts';
import { type FlagKinds, type Flags, parseFlags, usageFault } from './flags.ts';
import { duration } from './progress-display.ts';
import { folderOfRun } from './run-argument.ts';
import { type Paint, paintFor } from './styled-text.ts';
import { table } from './text-table.ts';

const name = 'compare';

const flagKinds = {
  'no-worse': { type: 'string' },
  detect: { type: 'string' },
  peeking: { type: 'boolean' },
  'seeds-for': { type: 'string' },
  flops: { type: 'string' },
  json: { type: 'boolean' },
} satisfies FlagKinds;

/** `groundwork compare`: whether one recipe is better than another. */
export const compareCommand: Command = {
  help: `usage: groundwork compare RUN RUN... [OPTIONS]
       groundwork compare --seeds-for DIFFERENCE [--flops N | RUN...]

Says whether one recipe, size or length is better than another, and how sure that is. Runs that differ in nothing but their seeds are an
arm; the first run named belongs to the baseline, and every other arm is held against it. Where seeds, order of the data and evaluation
match, runs are compared in pairs. Lower bits per byte are better.

  --no-worse MARGIN       also test that an arm is worse by no more than so many bits per byte
  --detect DIFFERENCE     how many seeds it takes to find a difference of so many bits per byte, 4 times in 5
  --peeking               runs are added until one likes what one sees: let what holds however often one looks decide
  --seeds-for DIFFERENCE  before any run: how many seeds it takes, from the noise that the shipped ladders have measured
  --flops N               compute of such a run, such as 3e12 (default: that of the runs named)
  --json                  print the comparison as JSON

"runs compare" lists in what runs differ, field by field.

Exit codes: 0 compared, 2 wrong usage, or runs of one arm only, 5 no such run, 6 runs that are broken, not finished, or measured on other text.`,
  run: async (args, terminal) => {
    const flags = parseFlags(name, args, flagKinds, { least: 0, most: Number.POSITIVE_INFINITY });
    const runs = flags.words.map((word) => readComparedRun(nodeFileSystem, folderOfRun(word)));
    const { records: ladders, problems } = knownLaws(nodeFileSystem);
    for (const problem of problems) terminal.error(problem);
    const wanted = difference(flags, 'seeds-for');
    if (wanted !== undefined) {
      const outlook = planSeeds(ladders, { difference: wanted, flops: flops(flags), runs });
      terminal.out(
        flags.isSet('json') ? printableJson(outlook) : seedOutlookSentences(outlook).map(wrapped).join('\n'),
      );
      return;
    }
    if (flags.text('flops') !== undefined) throw usageFault(name, '--flops goes with --seeds-for');
    if (runs.length < 2) throw usageFault(name, `found ${runs.length} of 2 runs, expected those of two arms`);
    const comparison = compareByArms(nodeFileSystem, runs, {
      ladders,
      looks: flags.isSet('peeking') ? 'any' : 'once',
      detect: difference(flags, 'detect'),
      margin: difference(flags, 'no-worse'),
    });
    terminal.out(
      flags.isSet('json')
        ? printableJson(comparisonRecord(comparison))
        : comparisonText(comparison, paintFor(terminal.hasColor === true)),
    );
  },
};

function difference(flags: Flags, flag: string): number | undefined {
  const given = flags.number(flag, 0, 100);
  if (given === 0) throw usageFault(name, `--${flag} is 0, expected a difference in bits per byte above 0`);
  return given;
}

function flops(flags: Flags): number | undefined {
  const given = flags.text('flops');
  return given === undefined ? undefined : parseQuantity(given, 'FLOPs');
}

function comparisonText(comparison: Comparison, paint: Paint): string {
  const { baseline, results, lengths, numDocuments, noise, leftOut } = comparison;
  const arms = [baseline, ...lengths, ...results.map(({ arm }) => arm)];
  const head = ['', 'seeds', 'bits per byte', 'steps', 'tokens', 'FLOPs', 'training'];
  const texts = armTexts(comparison).flatMap(({ heading, differences, sentences, notes }) => [
    '',
    paint('strong', heading),
    ...differences.map((line) => `  ${line}`),
    '',
    ...sentences.map(wrapped),
    ...(notes.length === 0 ? [] : ['', ...notes.map((note) => paint('quiet', wrapped(`- ${note}`)))]),
  ]);
  const [dataset] = baseline.manifest.datasets;
  return [
    table(head, arms.map(row)),
    ...texts,
    '',
    wrapped(`All were measured on the same ${formatCount(numDocuments)} validation documents of ${dataset?.name}.`),
    wrapped(noiseSentence(noise)),
    ...leftOut.map(wrapped),
  ].join('\n');
}

function row({ name: armName, runs }: Arm): string[] {
  const losses = runs.map(({ bitsPerByte }) => bitsPerByte);
  const mean = average(losses);
  const deviation = Math.sqrt(
    losses.reduce((sum, loss) => sum + (loss - mean) ** 2, 0) / Math.max(1, losses.length - 1),
  );
  return [
    armName,
    runs.map(({ seed }) => seed).join(' '),
    runs.length === 1 ? mean.toFixed(4) : `${mean.toFixed(4)} ± ${deviation.toFixed(4)}`,
    formatCount(Math.round(average(runs.map(({ numSteps }) => numSteps)))),
    formatCompact(average(runs.map(({ numTokens }) => numTokens))),
    formatCompact(average(runs.map(({ flops: spent }) => spent))),
    duration(average(runs.map(({ trainingMs }) => trainingMs)) / 1000),
  ];
}

const average = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length;

const wrapped = (text: string): string => wrapText(text, 100).join('\n');
