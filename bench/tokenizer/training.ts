import { present, randomStream } from '../../src/core/index.ts';
import { patterns } from '../../src/tokenizer/index.ts';
import { median, shuffled } from '../step/statistics.ts';
import { readDocuments } from './children/answering.ts';
import { askOrReason, type BenchmarkContext, formatTable } from './report.ts';
import { RowProcess } from './row-process.ts';
import { type Row, rowCommand, rows } from './rows.ts';

/** The only size that the trainer for Node has. */
const vocabularySize = 30_000;
/** Merges that all rows learn: the trainer for Node starts with fewer than 256 bytes and so learns some more. */
const numCompared = vocabularySize - 256;

/** What one row did in all rounds. */
interface Trained {
  readonly row: Row;
  readonly ms: number[];
  readonly cpuMs: number[];
  merges: 'equal' | 'DIFFERENT' | 'unchecked';
  reason?: string;
}

/** Times training on 15 MB, each turn in a process of its own, and compares the merges. */
export async function runTraining(context: BenchmarkContext): Promise<object> {
  const { flags, files, log, print } = context;
  const chosen = rows.filter(({ task, id }) => task === 'train' && flags.rows.test(id));
  const references = new Map<string, string | undefined>();
  const results: Trained[] = chosen.map((row) => ({ row, ms: [], cpuMs: [], merges: 'unchecked' }));
  for (let round = 0; round < flags.rounds; round++) {
    for (const result of shuffled(results, randomStream(1, `train.${round}`))) {
      if (result.reason !== undefined) continue;
      const documents = isLineTrainer(result.row) ? files.mixedLines : files.mixed;
      if (!references.has(documents)) references.set(documents, await referenceDigest(context, documents));
      const answer = await train(context, result.row, documents);
      if (typeof answer === 'string') result.reason = answer;
      else {
        result.ms.push(answer.ms);
        result.cpuMs.push(answer.cpuMs ?? Number.NaN);
        result.merges = answer.digest === references.get(documents) ? 'equal' : 'DIFFERENT';
      }
      log(`train: round ${round + 1} of ${flags.rounds}: ${result.row.id} ${describe(answer)}`);
    }
  }
  print(`\n## Training: ${(sizeOf(files.mixed) / 1e6).toFixed(1)} MB of prose and code, ${vocabularySize} tokens\n`);
  print(
    formatTable(
      ['row', 'threads', 's median', 'MB/s', '÷ ours on as many threads', 'CPU s median', 'merges'],
      results.map((result) => cells(result, results, sizeOf(files.mixed))),
    ),
  );
  return results.map(({ row, ...rest }) => ({ id: row.id, threads: row.threads, ...rest }));
}

/** Trains on two corpora at two sizes, here and with Hugging Face's tokenizers for Python, and compares the merges. */
export async function runParity(context: BenchmarkContext): Promise<object> {
  const [ours, python] = ['ours-1', 'hf-python-1'].map((id) =>
    present(
      rows.find((row) => row.id === id),
      id,
    ),
  );
  const { files, print } = context;
  const found: object[] = [];
  print('\n## Merges of ours and of Hugging Face, with one special token\n');
  for (const [name, documents] of [
    ['prose', files.prose],
    ['code', files.code],
  ] as const) {
    for (const size of [4096, 32_768]) {
      const settings = { vocabulary_size: size, special_tokens: ['<|bos|>'] };
      const mine = await train(context, present(ours, 'ours'), documents, settings);
      const theirs = await train(context, present(python, 'python'), documents, settings);
      const megabytes = (sizeOf(documents) / 1e6).toFixed(1);
      const failure = [mine, theirs].find((answer) => typeof answer === 'string');
      if (typeof mine === 'string' || typeof theirs === 'string') print(`- ${name}, ${size} tokens: ${failure}`);
      else {
        const isEqual = mine.digest === theirs.digest && mine.numMerges === theirs.numMerges;
        const verdict = isEqual ? 'EQUAL' : 'DIFFERENT';
        print(
          `- ${name}, ${megabytes} MB, ${size} tokens: ${mine.numMerges} and ${theirs.numMerges} merges, ${verdict}`,
        );
        found.push({
          corpus: name,
          vocabularySize: size,
          isEqual,
          numMerges: mine.numMerges,
          oursMs: mine.ms,
          theirsMs: theirs.ms,
        });
      }
    }
  }
  return found;
}

/** One training in a fresh process, as a person would run it: nothing is warm. */
async function train({ places, flags }: BenchmarkContext, row: Row, documents: string, settings: object = {}) {
  const command = rowCommand(row, places);
  if ('absent' in command) return command.absent;
  const process = new RowProcess(command);
  const request = {
    command: 'train',
    documents,
    pattern: patterns.gpt4,
    vocabulary_size: vocabularySize,
    ...(isLineTrainer(row) || row.program === 'ours' ? { numMerges: limitOf(settings) } : {}),
    ...settings,
  };
  const answer = await askOrReason(process, request, flags.timeoutMs);
  process.close();
  return answer;
}

function limitOf(settings: object): number | undefined {
  return 'vocabulary_size' in settings ? undefined : numCompared;
}

/** The hash of the merges that ours learns on one thread. */
async function referenceDigest(context: BenchmarkContext, documents: string): Promise<string | undefined> {
  const answer = await train(
    context,
    present(
      rows.find(({ id }) => id === 'ours-1'),
      'ours',
    ),
    documents,
  );
  return typeof answer === 'string' ? undefined : answer.digest;
}

function isLineTrainer({ program }: Row): boolean {
  return typeof program === 'object';
}

function cells({ row, ms, cpuMs, merges, reason }: Trained, results: readonly Trained[], sizeBytes: number): string[] {
  if (reason !== undefined || ms.length === 0) return [row.id, reason ?? 'not measured'];
  const seconds = median(ms) / 1000;
  const ours = results.find((other) => other.row.program === 'ours' && other.row.threads === row.threads);
  const ratio = ours && ours.ms.length > 0 ? (median(ms) / median(ours.ms)).toFixed(2) : '–';
  return [
    row.id,
    String(row.threads),
    seconds.toFixed(2),
    (sizeBytes / 1e6 / seconds).toFixed(1),
    ratio,
    (median(cpuMs) / 1000).toFixed(2),
    merges,
  ];
}

function describe(answer: string | { readonly ms: number }): string {
  return typeof answer === 'string' ? answer : `${(answer.ms / 1000).toFixed(2)} s`;
}

/** Bytes of the text of all documents. */
function sizeOf(documents: string): number {
  return readDocuments(documents).reduce((sum, document) => sum + Buffer.byteLength(document), 0);
}
