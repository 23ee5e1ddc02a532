import { type Answer, askOrReason, type BenchmarkContext, formatTable } from './report.ts';
import { RowProcess } from './row-process.ts';
import { type Row, rowCommand, rows } from './rows.ts';

const inputs = [
  { title: 'word, 10 kB', kind: 'word', sizeBytes: 1e4 },
  { title: 'word, 100 kB', kind: 'word', sizeBytes: 1e5 },
  { title: 'word, 1 MB', kind: 'word', sizeBytes: 1e6 },
  { title: 'blanks, 1 MB', kind: 'blanks', sizeBytes: 1e6 },
  { title: 'blanks, 32 MB', kind: 'blanks', sizeBytes: 32e6 },
] as const;

/** The longest that one input may take. */
const timeoutMs = 20_000;

/** Encodes texts without a place to cut, `ababab…` and blanks, once each; after a failure a row tries no larger ones. */
export async function runLongPieces(context: BenchmarkContext): Promise<object> {
  const { flags, log, print } = context;
  const chosen = rows.filter(({ task, id }) => task === 'long-pieces' && flags.rows.test(id));
  const table: string[][] = [];
  for (const row of chosen) {
    const results: string[] = [];
    for (const kind of ['word', 'blanks']) results.push(...(await runKind(row, kind, context)));
    log(`long pieces: ${row.id} ${results.join(', ')}`);
    table.push([row.id, ...results]);
  }
  print('\n## One long piece: milliseconds (and on the processors), cl100k, a fresh process for each\n');
  print(formatTable(['row', ...inputs.map(({ title }) => title)], table));
  return table.map(([id, ...cells]) => ({
    id,
    ms: Object.fromEntries(inputs.map(({ title }, i) => [title, cells[i]])),
  }));
}

async function runKind(row: Row, kind: string, context: BenchmarkContext): Promise<string[]> {
  const results: string[] = [];
  let hasFailed = false;
  for (const input of inputs.filter((candidate) => candidate.kind === kind)) {
    const answer: Answer | string = hasFailed ? '–' : await encodeOnce(row, input, context);
    hasFailed ||= typeof answer === 'string';
    results.push(typeof answer === 'string' ? answer : `${answer.ms.toFixed(0)} (${answer.cpuMs?.toFixed(0)})`);
  }
  return results;
}

async function encodeOnce(
  row: Row,
  input: { readonly kind: string; readonly sizeBytes: number },
  context: BenchmarkContext,
): Promise<Answer | string> {
  const command = rowCommand(row, context.places);
  if ('absent' in command) return 'absent';
  const process = new RowProcess(command);
  try {
    const load = { command: 'load', encoding: row.encoding, tokenizer: context.files.tokenizers.cl100k };
    const loaded = await askOrReason(process, load, context.flags.timeoutMs);
    if (typeof loaded === 'string') return 'failed';
    const { kind, sizeBytes } = input;
    const answer = await askOrReason(process, { command: 'long-piece', kind, sizeBytes }, timeoutMs);
    return typeof answer === 'string' && !answer.startsWith('>') ? 'failed' : answer;
  } finally {
    process.close();
  }
}
