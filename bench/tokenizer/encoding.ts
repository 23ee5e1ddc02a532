import { randomStream } from '../../src/core/index.ts';
import { median, shuffled } from '../step/statistics.ts';
import { readDocuments } from './children/answering.ts';
import { askOrReason, type BenchmarkContext, formatTable } from './report.ts';
import { RowProcess } from './row-process.ts';
import { type Row, rowCommand, rows } from './rows.ts';

interface Corpus {
  readonly name: string;
  readonly path: string;
  readonly sizeBytes: number;
}

interface Encoded {
  readonly row: Row;
  readonly process: RowProcess | undefined;
  /** By corpus: milliseconds of each round, on the clock and on the processors. */
  readonly ms: Map<string, number[]>;
  readonly cpuMs: Map<string, number[]>;
  /** By corpus: the hash of the ids. */
  readonly digests: Map<string, string | undefined>;
  reason?: string;
}

/** Times encoding, each row in a process that stays warm; a row whose ids are not those of ours is not timed. */
export async function runEncoding(context: BenchmarkContext): Promise<object> {
  const { flags, files, log, print } = context;
  const corpora = [corpusOf('prose', files.encodedProse), corpusOf('code', files.encodedCode)];
  const chosen = rows.filter(({ task, id }) => task === 'encode' && flags.rows.test(id));
  const results = chosen.map((row) => open(row, context));
  try {
    for (const result of results) await warmUp(result, corpora, context);
    compareIds(results);
    for (let round = 0; round < flags.rounds; round++) {
      for (const result of shuffled(results, randomStream(1, `encode.${round}`))) {
        for (const { name, path } of corpora) {
          if (!result.process || result.reason !== undefined) continue;
          const answer = await askOrReason(result.process, { command: 'encode', documents: path }, flags.timeoutMs);
          if (typeof answer === 'string') result.reason = answer;
          else {
            result.ms.set(name, [...(result.ms.get(name) ?? []), answer.ms]);
            result.cpuMs.set(name, [...(result.cpuMs.get(name) ?? []), answer.cpuMs ?? Number.NaN]);
          }
        }
      }
      log(`encode: round ${round + 1} of ${flags.rounds}`);
    }
  } finally {
    for (const { process } of results) process?.close();
  }
  print(
    '\n## Encoding: MB/s, medians of rounds; in brackets over that of ours on one thread; then MB for a CPU second\n',
  );
  print(
    formatTable(
      ['row', ...corpora.flatMap(({ name }) => [name, `${name}, CPU`])],
      results.map((result) => cells(result, results, corpora)),
    ),
  );
  return results.map(({ row, ms, cpuMs, reason }) => ({
    id: row.id,
    ms: Object.fromEntries(ms),
    cpuMs: Object.fromEntries(cpuMs),
    reason,
  }));
}

function corpusOf(name: string, path: string): Corpus {
  const sizeBytes = readDocuments(path).reduce((sum, document) => sum + Buffer.byteLength(document), 0);
  return { name, path, sizeBytes };
}

function open(row: Row, { places }: BenchmarkContext): Encoded {
  const command = rowCommand(row, places);
  const empty = { row, ms: new Map(), cpuMs: new Map(), digests: new Map() };
  if ('absent' in command) return { ...empty, process: undefined, reason: command.absent };
  return { ...empty, process: new RowProcess(command) };
}

/** The least time of encoding before a row is timed, which also takes two passes; code and caches are warm then. */
const warmUpMs = 3000;

/** Loads the vocabulary and encodes until the row is warm; that also gives the ids. */
async function warmUp(result: Encoded, corpora: readonly Corpus[], { files, flags, log }: BenchmarkContext) {
  const { row, process } = result;
  if (!process || !row.encoding) return;
  log(`encode: warming up ${row.id}`);
  const tokenizer = files.tokenizers[row.encoding];
  const loaded = await askOrReason(process, { command: 'load', encoding: row.encoding, tokenizer }, flags.timeoutMs);
  if (typeof loaded === 'string') result.reason = loaded;
  let cpuMs = 0;
  for (let pass = 0; pass < 2 || cpuMs < warmUpMs * row.threads; pass++) {
    for (const { name, path } of corpora) {
      if (result.reason !== undefined) return;
      const answer = await askOrReason(process, { command: 'encode', documents: path }, flags.timeoutMs);
      if (typeof answer === 'string') result.reason = answer;
      else {
        result.digests.set(name, answer.digest);
        cpuMs += answer.cpuMs ?? warmUpMs;
      }
    }
  }
}

function compareIds(results: readonly Encoded[]): void {
  for (const result of results) {
    const reference = results.find(({ row }) => row.program === 'ours' && row.encoding === result.row.encoding);
    for (const [name, digest] of result.digests) {
      if (reference && digest !== reference.digests.get(name)) result.reason ??= `FAILED: other ids on ${name}`;
    }
  }
}

function cells({ row, ms, cpuMs, reason }: Encoded, results: readonly Encoded[], corpora: readonly Corpus[]): string[] {
  if (reason !== undefined) return [row.id, reason];
  const ours = results.find((other) => other.row.id === `ours-${row.encoding}-1`);
  const rates = corpora.flatMap(({ name, sizeBytes }) =>
    (['ms', 'cpuMs'] as const).map((time) => {
      const taken = median((time === 'ms' ? ms : cpuMs).get(name) ?? []);
      const reference = ours?.[time].get(name);
      const ratio = reference ? ` (${(median(reference) / taken).toFixed(2)})` : '';
      return `${(sizeBytes / 1e3 / taken).toFixed(1)}${ratio}`;
    }),
  );
  return [row.id, ...rates];
}
