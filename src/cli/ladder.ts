import { GroundworkError } from '../core/index.ts';
import { nodeFileSystem, writeDurably } from '../core/node.ts';
import { type Dataset, wrapText } from '../data/index.ts';
import { formatCompact, formatCount } from '../page/index.ts';
import { type LadderFindings, type LadderRecord, ladderFindings, ladderSentences } from '../theory/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import {
  draftLadder,
  isAsWished,
  isComplete,
  isLadder,
  type LadderDraft,
  type LadderPace,
  type LadderPlan,
  type LadderState,
  type LadderWish,
  ladderPage,
  ladderRecord,
  ladderRecordText,
  measurePace,
  memoryLimit,
  parseDuration,
  parseQuantity,
  readLadder,
  runLadder,
} from '../training/index.ts';
import type { Command, Terminal } from './command-line.ts';
import { type FlagKinds, type Flags, parseFlags, usageFault } from './flags.ts';
import { ladderDisplay } from './ladder-display.ts';
import { duration } from './progress-display.ts';
import { closeDatasets, openNamedDatasets } from './run-datasets.ts';
import { engineFlagHelp, engineFlags, openEngine } from './run-engine.ts';
import { openRecipe } from './run-recipe.ts';
import { table } from './text-table.ts';

const name = 'ladder';
const defaults = { flops: [2.5e11, 8e12], numRungs: 4, numSeeds: 3 } as const;
const laddersFolder = 'ladders';

const flagKinds = {
  budget: { type: 'string' },
  flops: { type: 'string' },
  rungs: { type: 'string' },
  seeds: { type: 'string' },
  context: { type: 'string' },
  recipe: { type: 'string' },
  vocabulary: { type: 'string' },
  out: { type: 'string' },
  record: { type: 'string' },
  html: { type: 'string' },
  'plan-only': { type: 'boolean' },
  json: { type: 'boolean' },
  ...engineFlags,
} satisfies FlagKinds;

/** `groundwork ladder`: runs at several scales, and the scaling law that goes through them. */
export const ladderCommand: Command = {
  help: `usage: groundwork ladder [FOLDER|FILE]... [OPTIONS]

Trains models of several sizes for several lengths, each as "pretrain" would, and fits a scaling law: how the loss falls with parameters and
tokens. From it forecasts are made. One training at the stable learning rate gives several points: for each length the end of it, where
the learning rate falls, is trained on its own. The same command goes on where it was stopped.

FOLDER is a dataset or text, as for "pretrain". Without it the demo "presidents" is used.

How much (one of these; default: --flops 2.5e11..8e12)
  --flops FROM..TO       compute of the longest training on the first and on the last rung
  --budget TIME          such as 20m or 2h: as much compute as fits, over a factor of 32

  --rungs N              steps of compute, evenly spaced on a logarithm (default: ${defaults.numRungs})
  --seeds N              repetitions on the lower half of the rungs, above them fewer (default: ${defaults.numSeeds})
  --context N            tokens that the models see at once (default: what suits the last rung)
  --recipe NAME|FILE     a shipped recipe or a file of your own (default: baseline)
  --vocabulary N         size of the vocabulary of a dataset that is built, 257 or more

Running
${engineFlagHelp}
  --out FOLDER           the ladder's folder (default: ${laddersFolder}/RECIPE-DATASET)
  --plan-only            print the plan and train nothing
  --record FILE          also write what was measured as small JSON, to be kept
  --html FILE            also write the law as one self-contained page with plots
  --json                 print the result as one line of JSON

Exit codes: 0 trained, 2 wrong usage, 3 a recipe that breaks a rule, 4 an engine that is absent or failed, 5 memory, disk or a file is
not to be had, or a ladder at work already, 6 a dataset or a ladder that is broken, or another than it began with, 7 stopped by a signal.`,
  run: async (args, terminal) => {
    const flags = parseFlags(name, args, flagKinds, { least: 0, most: Number.POSITIVE_INFINITY });
    const given = wishOf(flags);
    const isJson = flags.isSet('json');
    const recipe = await openRecipe(flags.text('recipe'));
    const datasets = await openNamedDatasets(name, flags, terminal);
    const [first] = datasets;
    try {
      if (first === undefined) throw usageFault(name, 'found no dataset, expected one');
      const { dataset } = first;
      const topic = dataset.manifest.name.replace(/-[0-9a-f]{8}$/, '');
      const folder = flags.text('out') ?? `${laddersFolder}/${recipe.recipe.name}-${topic}`;
      if (folder.trim() === '') throw usageFault(name, '--out is empty, expected a folder');
      const opened = await openEngine(flags);
      const { signal } = terminal;
      const memory = opened.memory ?? memoryLimit(nodeFileSystem);
      const surroundings = { ...opened, recipe: recipe.recipe, dataset, memory, ...(signal && { signal }) };
      const begun = isLadder(nodeFileSystem, folder) ? readLadder(nodeFileSystem, folder) : undefined;
      const goesOn = begun !== undefined && (isEmptyWish(flags) || isAsWished(begun, given));
      let draft: LadderDraft | (Omit<LadderDraft, 'pace'> & { readonly pace: null });
      if (goesOn && isComplete(begun)) draft = { ...begun, pace: null };
      else {
        terminal.live?.('measuring this machine');
        draft = goesOn
          ? { ...begun, pace: await measurePace(begun.plan, begun.request.contextLength, surroundings) }
          : await draftLadder(given, surroundings);
        terminal.live?.('');
      }
      if (flags.isSet('plan-only')) {
        terminal.out(
          isJson
            ? printableJson({ request: draft.request, plan: draft.plan, expectedMs: draft.pace?.totalMs ?? 0 })
            : planText(draft.plan, draft.pace),
        );
        return;
      }
      terminal.error(`ladder:   ${folder}`);
      terminal.error(planText(draft.plan, draft.pace));
      const display = ladderDisplay(terminal, draft.pace?.trunkMs ?? [], begun);
      let state: LadderState;
      try {
        state = await runLadder({
          fs: nodeFileSystem,
          ...opened,
          folder,
          recipe,
          dataset,
          request: draft.request,
          plan: draft.plan,
          memory,
          ...(signal && { signal }),
          ...display,
        });
      } finally {
        display.close();
      }
      tellLadder(state, dataset, { record: flags.text('record'), html: flags.text('html'), isJson, folder }, terminal);
    } finally {
      closeDatasets(datasets);
    }
  },
};

function writeText(path: string, text: string): void {
  writeDurably(nodeFileSystem, path, [new TextEncoder().encode(text)]);
}

const shapeFlags = ['budget', 'flops', 'rungs', 'seeds', 'context'] as const;

/** Whether a person leaves open what the ladder is: one that has begun then goes on as it is. */
const isEmptyWish = (flags: Flags): boolean => shapeFlags.every((flag) => flags.text(flag) === undefined);

function wishOf(flags: Flags): LadderWish {
  const [time, flops] = [flags.text('budget'), flags.text('flops')];
  if (time !== undefined && flops !== undefined) {
    throw usageFault(name, '--budget and --flops are two budgets, expected one');
  }
  return {
    extent: time === undefined ? { flops: flopsOf(flops) } : { durationMs: parseDuration(time) },
    numRungs: flags.wholeNumber('rungs', 2, 24) ?? defaults.numRungs,
    numSeeds: flags.wholeNumber('seeds', 1, 64) ?? defaults.numSeeds,
    contextLength: flags.wholeNumber('context', 1) ?? null,
  };
}

function flopsOf(given: string | undefined): readonly [number, number] {
  if (given === undefined) return defaults.flops;
  const [from, to, ...more] = given.split('..');
  if (from === undefined || to === undefined || more.length > 0) {
    throw usageFault(name, `--flops is "${given}", expected two numbers such as 2.5e11..8e12`);
  }
  return [parseQuantity(from, 'FLOPs'), parseQuantity(to, 'FLOPs')];
}

/** What will be trained, as a table, and how long it takes where it is not there already. */
function planText({ trunks, warnings }: LadderPlan, pace: LadderPace | null): string {
  const distinct = new Map<string, { readonly cells: string[]; numSeeds: number }>();
  for (const { rung, numLayers, width, batchSize, contextLength, lengths, estimatedFlopsPerStep } of trunks) {
    const batchTokens = batchSize * contextLength;
    const tokens = lengths.map((length) => formatCompact(length * batchTokens)).join(', ');
    const flops = formatCompact((lengths.at(-1) ?? 0) * estimatedFlopsPerStep);
    const cells = [String(rung), `${numLayers}x${width}`, flops, formatCount(batchTokens), tokens];
    const known = distinct.get(cells.join());
    if (known === undefined) distinct.set(cells.join(), { cells, numSeeds: 1 });
    else known.numSeeds += 1;
  }
  const rows = [...distinct.values()]
    .map(({ cells, numSeeds }) => [...cells, String(numSeeds)])
    .sort((a, b) => Number(a[0]) - Number(b[0]));
  const numPoints = trunks.reduce((sum, { lengths }) => sum + lengths.length, 0);
  return [
    table(['rung', 'layers x width', 'FLOPs', 'tokens a step', 'tokens in all', 'seeds'], rows),
    `${trunks.length === 1 ? 'One training gives' : `${formatCount(trunks.length)} trainings give`} ${formatCount(numPoints)} points` +
      (pace === null ? '.' : `, in about ${duration(pace.totalMs / 1000)} at the speed just measured.`),
    ...warnings.map((warning) => `note: ${warning}`),
  ].join('\n');
}

interface Wanted {
  readonly folder: string;
  /** Where the record goes, and the page. */
  readonly record: string | undefined;
  readonly html: string | undefined;
  readonly isJson: boolean;
}

/** What a ladder found, in sentences or as JSON; its record and its page. */
function tellLadder(state: LadderState, dataset: Dataset, wanted: Wanted, terminal: Terminal): void {
  const { points, failures } = state;
  for (const { rung, seed, reason } of failures) terminal.error(`note: ${rung}, seed ${seed} is left out: ${reason}`);
  const record = ladderRecord(state, dataset);
  if (wanted.record !== undefined) {
    writeText(wanted.record, ladderRecordText(record));
    terminal.error(`The record is in ${wanted.record}.`);
  }
  const durationMs = points.reduce((sum, point) => sum + point.durationMs, 0);
  const findings = findingsOf(record);
  if ('problem' in findings) {
    if (wanted.isJson)
      terminal.out(printableJson({ folder: wanted.folder, numPoints: points.length, failures, law: null, durationMs }));
    else terminal.out(`${formatCount(points.length)} points are trained.`);
    const noPage = wanted.html === undefined ? '' : `; ${wanted.html} is not written`;
    terminal.error(`note: there is no law yet: ${findings.problem}${noPage}`);
    return;
  }
  const sentences = ladderSentences(findings, durationMs);
  if (wanted.html !== undefined) {
    writeText(wanted.html, ladderPage(findings, durationMs));
    terminal.error(`The page is in ${wanted.html}.`);
  }
  if (wanted.isJson) {
    const { ladder, accountings, seedDeviation, optima, bootstrap } = findings;
    const { law, identified, meanError } = ladder.predictor.fit;
    const numbers = {
      law,
      meanError,
      identified,
      parameters: bootstrap.parameters,
      accountings,
      seedDeviation,
      optima,
    };
    terminal.out(
      printableJson({ folder: wanted.folder, numPoints: points.length, failures, ...numbers, durationMs, sentences }),
    );
    return;
  }
  const width = Math.min(120, (terminal.columns?.() ?? 80) - 1);
  terminal.out(['', ...sentences.map((sentence) => wrapText(sentence, width).join('\n'))].join('\n'));
}

/** What a ladder tells, or why it tells nothing yet. */
function findingsOf(record: LadderRecord): LadderFindings | { readonly problem: string } {
  try {
    return ladderFindings(record);
  } catch (fault) {
    if (!(fault instanceof GroundworkError && fault.code === 'usage')) throw fault;
    return { problem: fault.message };
  }
}
