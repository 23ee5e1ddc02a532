import { nodeFileSystem, writeDurably } from '../core/node.ts';
import { picture } from '../page/index.ts';
import {
  digitsOf,
  type Estimate,
  type Forecast,
  type ForecastQuantity,
  prospectsOf,
  quantityText,
} from '../theory/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import {
  countedSizes,
  deadweightSentence,
  type ForecastPageSource,
  forecastPage,
  forecastPlan,
  forecastPlot,
  type KnownLaws,
  knownLaws,
  type Plan,
  planRun,
  prospectCells,
  prospectRows,
  readLaw,
  sizeName,
} from '../training/index.ts';
import { clusterFlagHelp, clusterFlags, runClusterForecast } from './cluster-forecast.ts';
import type { Command, Terminal } from './command-line.ts';
import { type FlagKinds, type Flags, parseFlags, usageFault } from './flags.ts';
import { forecastText } from './forecast-text.ts';
import { labelled } from './labelled-text.ts';
import { planFlagHelp, planFlags, planRequest } from './plan-flags.ts';
import { closeDatasets, openNamedDatasets } from './run-datasets.ts';
import { engineFlagHelp, engineFlags, openEngine } from './run-engine.ts';
import { openRecipe } from './run-recipe.ts';
import { paintFor } from './styled-text.ts';
import { table } from './text-table.ts';
import { groundworkVersion } from './version.ts';

const name = 'forecast';

const flagKinds = {
  ...planFlags,
  'no-probe': { type: 'boolean' },
  laws: { type: 'string', multiple: true },
  html: { type: 'string' },
  svg: { type: 'string' },
  json: { type: 'boolean' },
  ...engineFlags,
  ...clusterFlags,
} satisfies FlagKinds;

/** `groundwork forecast`: what a training will reach and cost, before anything runs. */
export const forecastCommand: Command = {
  help: `usage: groundwork forecast [FOLDER|FILE]... [OPTIONS]

Says what "pretrain" would reach and cost with the same words behind it: bits per byte on held-out text, time and memory, each with the
interval that holds the truth four times in five and nineteen times in twenty. Beside the size that the plan chooses stand the best that the same
compute buys, and what twice and ten times as much would. Nothing is trained; the machine is measured by a few steps.

The bits per byte come from scaling laws that "groundwork ladder" measured: those that ship with Groundwork, and records in laws/ of the working
folder. On text that no ladder knows they are carried over by how hard the text is to a bigram model, with a wider interval.

${planFlagHelp}

  --no-probe             do not measure this machine: times are then guessed from arithmetic
  --laws FILE            take the law from this record of a ladder; may be repeated
  --html FILE            also write a self-contained page with a plot of loss over compute
  --svg FILE             also write that plot as a picture
  --json                 print the forecast as one line of JSON
${engineFlagHelp}

${clusterFlagHelp}

Exit codes: 0 foretold, 2 wrong usage, 3 a recipe that breaks a rule, 4 an engine that is absent or failed, 5 memory, disk or a file is
not to be had, 6 no text to train on, or a dataset or a record that is broken, 7 stopped by a signal.`,
  run: async (args, terminal) => {
    const flags = parseFlags(name, args, flagKinds, { least: 0, most: Number.POSITIVE_INFINITY });
    const laws = lawsOf(flags);
    if (flags.text('device') !== undefined) {
      await runClusterForecast(name, flags, terminal, laws);
      return;
    }
    const stray = Object.keys(clusterFlags).find((flag) => flags.text(flag) !== undefined || flags.isSet(flag));
    if (stray !== undefined) throw usageFault(name, `--${stray} needs --device`);
    const request = planRequest(name, flags);
    const paths = { html: pathOf(flags, 'html'), svg: pathOf(flags, 'svg') };
    const { signal } = terminal;
    const recipe = await openRecipe(flags.text('recipe'));
    const datasets = await openNamedDatasets(name, flags, terminal);
    try {
      const opened = await openEngine(flags);
      if (!flags.isSet('no-probe')) terminal.live?.('measuring this machine');
      const surroundings = {
        fs: nodeFileSystem,
        ...opened,
        recipe: recipe.recipe,
        datasets,
        ...(signal && { signal }),
      };
      const plan = await planRun(request, surroundings);
      terminal.live?.('');
      const { forecast, subject, carried } = forecastPlan({ fs: nodeFileSystem, plan, recipe, datasets, laws });
      const hasLaw = !('reason' in carried) && forecast.bitsPerByte !== null;
      const sizes = countedSizes(recipe.recipe, plan.size);
      const leastParameters = Math.min(...sizes.map(({ numParameters }) => numParameters));
      const source: ForecastPageSource = {
        plan,
        forecast,
        corpus: subject.corpus.name,
        recipe: recipe.recipe.name,
        law: hasLaw
          ? { carried, prospects: prospectsOf(subject, carried, forecast.bitsPerByte, { leastParameters }) }
          : null,
        sizes,
        version: groundworkVersion(),
      };
      if (paths.html !== undefined) writeText(paths.html, forecastPage(source));
      if (paths.svg !== undefined) {
        if (source.law === null) terminal.error('note: no plot was written, since no law can say what the run reaches');
        else writeText(paths.svg, picture(forecastPlot(source.law)));
      }
      if (flags.isSet('json')) {
        const { frontier: _, ...prospects } = source.law?.prospects ?? { frontier: null };
        terminal.out(printableJson({ plan, forecast, prospects: source.law === null ? null : prospects }));
        return;
      }
      terminal.out(text(source, terminal));
      for (const path of Object.values(paths)) if (path !== undefined) terminal.error(`written:  ${path}`);
    } finally {
      closeDatasets(datasets);
    }
  },
};

/** Those of `--laws`, else all that are known. What a person names has to be sound. */
function lawsOf(flags: Flags): KnownLaws {
  const given = flags.texts('laws');
  if (given.length === 0) return knownLaws(nodeFileSystem);
  return { records: given.map((path) => readLaw(nodeFileSystem, path)), problems: [] };
}

function pathOf(flags: Flags, flag: 'html' | 'svg'): string | undefined {
  const path = flags.text(flag);
  if (path?.trim() === '') throw usageFault(name, `--${flag} is empty, expected a file`);
  return path;
}

function writeText(path: string, contents: string): void {
  writeDurably(nodeFileSystem, path, [new TextEncoder().encode(contents)]);
}

function text(source: ForecastPageSource, terminal: Terminal): string {
  const { plan, forecast, law, sizes } = source;
  const paint = paintFor(terminal.hasColor === true);
  const { budget: _, ...rest } = plan;
  const shape = `${rest.size.numLayers} layers of width ${rest.size.width}, ${sizeText(plan)}`;
  return [
    labelled('plan:     ', shape, terminal),
    forecastText(forecast, terminal, paint),
    '',
    table(['', 'expected', 'four times in five', 'nineteen times in twenty'], quantityRows(forecast)),
    ...(law === null
      ? []
      : [
          '',
          table(
            ['', 'size', 'parameters', 'tokens', 'a parameter', 'text read', 'bits per byte', 'four times in five'],
            prospectRows(law.prospects).map(([what, prospect], index) => [
              what,
              sizeName(prospect, plan, sizes, index === 0),
              ...prospectCells(prospect),
            ]),
          ),
          '',
          labelled('', deadweightSentence(law.prospects), terminal),
        ]),
    ...forecast.assumptions
      .slice(forecast.bitsPerByte === null ? 1 : 0)
      .map((one) => labelled('note:     ', one, terminal)),
    ...plan.warnings.map((one) => paint('warning', labelled('note:     ', one, terminal))),
  ].join('\n');
}

const sizeText = ({ numSteps, batch, numTokens }: Plan): string =>
  `${numSteps.toLocaleString('en-US')} steps of ${(batch.batchSize * batch.contextLength).toLocaleString('en-US')} tokens, ` +
  `${numTokens.toLocaleString('en-US')} in all`;

function quantityRows({ bitsPerByte, durationMs, peakMemoryBytes }: Forecast): string[][] {
  const row = (what: string, quantity: ForecastQuantity, estimate: Estimate): string[] => {
    const digits = quantity === 'bitsPerByte' ? digitsOf(estimate) : 0;
    const write = (value: number) => quantityText(quantity, value, digits).replace(' bits per byte', '');
    const range = ([low, high]: readonly [number, number]) => `${write(low)} to ${write(high)}`;
    return [what, write(estimate.value), range(estimate.interval80), range(estimate.interval95)];
  };
  return [
    ...(bitsPerByte === null ? [] : [row('bits per byte', 'bitsPerByte', bitsPerByte)]),
    row('time', 'durationMs', durationMs),
    row('memory', 'peakMemoryBytes', peakMemoryBytes),
  ];
}
