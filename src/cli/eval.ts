import { basename } from 'node:path';
import { GroundworkError } from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import { type BigramModel, bigramBaseline, bigramOfTraining, openDataset } from '../data/index.ts';
import {
  type Accuracy,
  askChoices,
  bigramScorer,
  judgeGrammar,
  maxPairs,
  minimalPairs,
  openEvaluator,
  openScorer,
  readChoiceItems,
  type Scorer,
} from '../evaluation/index.ts';
import { formatCount, formatShare } from '../page/index.ts';
import { printableJson, visibleText } from '../tokenizer/index.ts';
import { type OpenedModel, openBaseModel } from './base-model.ts';
import type { Command, Terminal } from './command-line.ts';
import { parseFlags, usageFault } from './flags.ts';
import { engineFlagHelp, engineFlags } from './run-engine.ts';
import { byteText, table } from './text-table.ts';

const name = 'eval';

/** `groundwork eval`: how good a model is. */
export const evalCommand: Command = {
  help: `usage: groundwork eval [RUN] [OPTIONS]

Measures the model of a run (default: the newest): how many bits it needs for each byte of text that it has not seen, lower is better,
beside a bigram model as a baseline.

  --dataset FOLDER       measure on the validation text of this dataset (default: that of the run)
  --documents N          on so many documents, spread evenly (default: all)
  --pairs                also grammar: of two sentences, one of them wrong, which one the model finds likelier
  --num-pairs N          pairs of each kind of grammar, up to ${maxPairs} (default: 100)
  --choices FILE         also questions from a file of JSON lines: {"query", "choices", "gold"}, {"context_options",
                         "continuation", "gold"} or {"context", "continuation"}; may be repeated
  --shots N              questions with their answers in front of each question (default: 0)
  --batch N              rows that are read at once; the result does not depend on it (default: 8)
  --step N               the checkpoint of this step (default: the last)
${engineFlagHelp}
  --json                 print the results as JSON

Exit codes: 0 measured, 2 wrong usage, 4 an engine that is absent, 5 no such run or file, 6 a run, a dataset or a file of questions that
cannot be used, 7 stopped by a signal, 8 a model whose losses are no numbers.`,
  run: async (args, terminal) => {
    const kinds = {
      dataset: { type: 'string' },
      documents: { type: 'string' },
      pairs: { type: 'boolean' },
      'num-pairs': { type: 'string' },
      choices: { type: 'string', multiple: true },
      shots: { type: 'string' },
      batch: { type: 'string' },
      step: { type: 'string' },
      json: { type: 'boolean' },
      ...engineFlags,
    } as const;
    const flags = parseFlags(name, args, kinds, { least: 0, most: 1 });
    const numPairs = flags.wholeNumber('num-pairs', 1, maxPairs) ?? 100;
    const numShots = flags.wholeNumber('shots', 0, 100) ?? 0;
    const wanted = {
      folder: flags.text('dataset'),
      numDocuments: flags.wholeNumber('documents', 1),
      batchSize: flags.wholeNumber('batch', 1) ?? 8,
    };
    if (flags.text('num-pairs') !== undefined && !flags.isSet('pairs'))
      throw usageFault(name, '--num-pairs wants --pairs');
    // Files are read first: a mistake in one is told before a long measurement.
    const tasks = flags
      .texts('choices')
      .map((path) => ({ path, items: readChoiceItems(nodeFileSystem.readFile(path), path) }));
    for (const { path, items } of tasks) {
      if (numShots < items.length) continue;
      throw usageFault(
        name,
        `--shots is ${numShots}, but ${path} has ${items.length} questions: expected at most ${items.length - 1}, one question being asked`,
      );
    }
    const opened = await openBaseModel(flags);
    const isJson = flags.isSet('json');
    const wantsScorer = flags.isSet('pairs') || tasks.length > 0;
    const { bigram, ...text } = await measureText(opened, wanted, wantsScorer, terminal);
    if (text.note !== undefined) terminal.error(`note: ${text.note}`);
    if (!isJson && 'bitsPerByte' in text) terminal.out(textLines(text).join('\n'));
    const scored = wantsScorer
      ? await withScorer(opened, async (scorer) => {
          const { tokenizer } = opened.base;
          const progress = progressOf(terminal, 'sentences');
          const grammar = flags.isSet('pairs')
            ? await judgeGrammar(scorer, tokenizer, minimalPairs({ numPairs }), progress)
            : undefined;
          const simple = grammar && bigram && (await judgeGrammar(bigramScorer(bigram), tokenizer, grammar.pairs));
          terminal.live?.('');
          if (grammar && !isJson) {
            const rows = [
              ...grammar.categories.map(({ category, ...accuracy }, i) => [
                category,
                ...accuracyCells(accuracy),
                ...shareCells(simple?.categories[i]),
              ]),
              ['all', ...accuracyCells(grammar), ...shareCells(simple)],
            ];
            const head = ['grammar', 'right', 'of', 'share', '95 % between', ...(simple ? ['a bigram model'] : [])];
            terminal.out(`\n${table(head, rows)}\n(guessing: 50 %)`);
          }
          const choices = [];
          for (const { path, items } of tasks) {
            const result = await askChoices(scorer, tokenizer, items, { numShots }, progress);
            terminal.live?.('');
            const { answers: _, ...summary } = result;
            choices.push({ file: path, ...summary });
            if (!isJson) {
              const row = [
                basename(path),
                ...accuracyCells(result),
                formatShare(result.chance),
                result.centeredAccuracy.toFixed(3),
              ];
              terminal.out(
                `\n${table(['questions', 'right', 'of', 'share', '95 % between', 'guessing', 'centered'], [row])}`,
              );
            }
          }
          const { pairs: _, ...summary } = grammar ?? { pairs: [] };
          const beside = simple && { bigramAccuracy: simple.accuracy };
          return { ...(grammar && { grammar: { ...summary, ...beside } }), ...(choices.length > 0 && { choices }) };
        })
      : {};
    if (isJson) terminal.out(printableJson({ folder: opened.folder, ...text, ...scored }));
  },
};

async function withScorer<Result>(
  { engine, base }: OpenedModel,
  use: (scorer: Scorer) => Promise<Result>,
): Promise<Result> {
  const scorer = await openScorer(engine, base.model);
  try {
    await scorer.load(base.parameters);
    return await use(scorer);
  } finally {
    await scorer.close();
  }
}

/** What a person wants to measure the model on. */
interface WantedText {
  /** Default: the first dataset of the run. */
  readonly folder: string | undefined;
  readonly numDocuments: number | undefined;
  readonly batchSize: number;
}

interface TextMeasurement {
  readonly dataset: string;
  readonly bitsPerByte: number;
  /** Of a bigram model on the same documents; null where its training text would not be that of the run. */
  readonly baselineBitsPerByte: number | null;
  readonly numDocuments: number;
  readonly numBytes: number;
  readonly numTokens: number;
  /** What a person should know of it. */
  readonly note: string | undefined;
  /** The bigram model of the training text, where that is the run's. */
  readonly bigram: BigramModel | undefined;
}

/** Measures on held-out text; where the dataset of the run is gone and other things are to be measured, says so instead. */
async function measureText(
  { base, engine }: OpenedModel,
  { folder: given, numDocuments, batchSize }: WantedText,
  mayBeAbsent: boolean,
  terminal: Terminal,
): Promise<TextMeasurement | { readonly note: string; readonly bigram?: undefined }> {
  const { datasets, tokenizerFingerprint } = base.manifest;
  const folder = given ?? datasets[0]?.folder ?? '';
  if (given === undefined && mayBeAbsent && !nodeFileSystem.exists(folder)) {
    return {
      note: `the dataset of the run is no more at ${folder}, so bits per byte are left out; --dataset says where it is`,
    };
  }
  const dataset = openDataset(nodeFileSystem, folder);
  try {
    const { fingerprint, fingerprints } = dataset.manifest;
    if (fingerprints.tokenizer !== tokenizerFingerprint) {
      throw new GroundworkError('dataset-mismatch', `${folder} was made with another tokenizer than the model`, {
        hint: `Build it again with the tokenizer of the run: data build ... --tokenizer ${datasets[0]?.folder}/tokenizer.json`,
      });
    }
    const isOfRun = datasets.some((one) => one.fingerprint === fingerprint);
    const evaluator = await openEvaluator(engine, base.model, {
      dataset,
      batchSize,
      contextLength: base.model.contextLength,
      ...(numDocuments !== undefined && { numDocuments }),
    });
    try {
      await evaluator.load(base.parameters);
      const { signal } = terminal;
      const found = await evaluator.bitsPerByte({
        ...(signal && { signal }),
        onBatch: (done, all) => terminal.live?.(`measuring  ${Math.floor((100 * done) / all)} %`),
      });
      terminal.live?.('');
      if (found.numNonFinite > 0) {
        const broken = `the model gives no number for ${formatCount(found.numNonFinite)} tokens`;
        throw new GroundworkError('diverged', broken, {
          hint: 'The model is broken: take an earlier checkpoint by --step.',
        });
      }
      const { bitsPerByte, numBytes, numTokens } = found;
      const bigram = isOfRun ? bigramOfTraining(dataset) : undefined;
      return {
        dataset: folder,
        bitsPerByte,
        baselineBitsPerByte: bigram === undefined ? null : bigramBaseline(dataset, { numDocuments, model: bigram }),
        numDocuments: found.numDocuments,
        numBytes,
        numTokens,
        note: isOfRun
          ? undefined
          : `${folder} is not what the run was trained on (its fingerprint differs): some of its held-out text may have been read in training`,
        bigram,
      };
    } finally {
      await evaluator.close();
    }
  } finally {
    dataset.close();
  }
}

function textLines(measured: Omit<TextMeasurement, 'bigram'>): string[] {
  const { dataset, bitsPerByte, baselineBitsPerByte, numDocuments, numBytes, numTokens } = measured;
  return [
    `bits per byte:  ${bitsPerByte.toFixed(4)}`,
    ...(baselineBitsPerByte === null ? [] : [`a bigram model: ${baselineBitsPerByte.toFixed(4)}`]),
    `measured on:    ${formatCount(numDocuments)} held-out documents of ${visibleText(dataset, { marks: false })}, ${byteText(numBytes)}, ${formatCount(numTokens)} tokens`,
  ];
}

function accuracyCells({ numCorrect, numItems, accuracy, interval: [low, high] }: Accuracy): string[] {
  return [
    formatCount(numCorrect),
    formatCount(numItems),
    formatShare(accuracy),
    `${formatShare(low)} and ${formatShare(high)}`,
  ];
}

const shareCells = (simple: Accuracy | undefined): string[] => (simple ? [formatShare(simple.accuracy)] : []);

function progressOf(terminal: Terminal, what: string) {
  const { signal } = terminal;
  return {
    ...(signal && { signal }),
    onScored: (done: number, all: number) =>
      terminal.live?.(`judging  ${formatCount(done)} of ${formatCount(all)} ${what}`),
  };
}
