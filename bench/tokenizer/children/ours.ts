// Groundwork's tokenizer as a row of the benchmark: `node ours.js THREADS`.
import { readFileSync } from 'node:fs';
import { present } from '../../../src/core/index.ts';
import { mapInOrder, openWorkerPool, type WorkerPool, workerFile } from '../../../src/core/node.ts';
import { spellBytes } from '../../../src/tokenizer/byte-alphabet.ts';
import { parseTokenizer, type Tokenizer, trainTokenizer } from '../../../src/tokenizer/index.ts';
import { trainTokenizerInParallel } from '../../../src/tokenizer/node.ts';
import { answerRequests, digestOfIds, digestOfMerges, longPiece, readDocuments, timed } from './answering.ts';
import { createEncodeHandler, type EncodeTask } from './encode-handler.ts';

const numThreads = Number(process.argv[2]);
const encoder = new TextEncoder();

function* batchesOf(documents: readonly Uint8Array[], sizeBytes: number): Generator<Uint8Array[]> {
  let batch: Uint8Array[] = [];
  let size = 0;
  for (const document of documents) {
    batch.push(document);
    size += document.length;
    if (size < sizeBytes) continue;
    yield batch;
    batch = [];
    size = 0;
  }
  if (batch.length > 0) yield batch;
}

function spelledMerges({ data, tokenBytes }: Tokenizer): [string, string][] {
  const spell = (id = -1) => spellBytes(tokenBytes(id));
  return Array.from({ length: data.merges.length / 2 }, (_, i) => [
    spell(data.merges[2 * i]),
    spell(data.merges[2 * i + 1]),
  ]);
}

/** Takes the documents of a file, or its lines with their ends; answers the time without reading and the merges. */
async function train(request: Record<string, unknown>): Promise<object> {
  const path = String(request.documents);
  const texts = path.endsWith('.txt') ? (readFileSync(path, 'utf8').match(/[^\n]*\n/g) ?? []) : readDocuments(path);
  const documents = texts.map((text) => encoder.encode(text));
  const options = {
    vocabularySize: Number(request.vocabulary_size),
    pattern: String(request.pattern),
    specialTokens: (request.special_tokens ?? []) as string[],
  };
  const { ms, cpuMs, result } = await timed(() =>
    numThreads === 1
      ? trainTokenizer(documents, options)
      : trainTokenizerInParallel(batchesOf(documents, 1 << 20), { ...options, numWorkers: numThreads }),
  );
  const merges = spelledMerges(result);
  const limit = Number(request.numMerges ?? merges.length);
  return { ms, cpuMs, numMerges: merges.length, digest: digestOfMerges(merges.slice(0, limit)) };
}

let tokenizer: Tokenizer | undefined;
let pool: WorkerPool<EncodeTask, Uint32Array<ArrayBuffer>> | undefined;
const corpora = new Map<string, readonly Uint8Array[]>();

function load(request: Record<string, unknown>): object {
  const start = performance.now();
  tokenizer = parseTokenizer(readFileSync(String(request.tokenizer), 'utf8'));
  if (numThreads > 1) {
    pool = openWorkerPool({
      file: workerFile(import.meta.url, 'encode-worker'),
      numWorkers: numThreads,
      context: tokenizer.data,
      createHandler: createEncodeHandler,
    });
  }
  return { ms: performance.now() - start };
}

async function encode(request: Record<string, unknown>): Promise<object> {
  const path = String(request.documents);
  const documents = corpora.get(path) ?? readDocuments(path).map((text) => encoder.encode(text));
  corpora.set(path, documents);
  const { ms, cpuMs, result } = await timed(() =>
    pool ? encodeInParallel(pool, documents) : documents.map((document) => loaded().encodeBytes(document)),
  );
  return { ms, cpuMs, numTokens: result.reduce((sum, ids) => sum + ids.length, 0), digest: digestOfIds(result) };
}

async function encodeInParallel({ run }: NonNullable<typeof pool>, documents: readonly Uint8Array[]) {
  const ids: Uint32Array[] = [];
  const work = (batch: Uint8Array[]) => {
    const bytes = new Uint8Array(batch.reduce((sum, document) => sum + document.length, 0));
    const ends = new Uint32Array(batch.length);
    let at = 0;
    for (const [i, document] of batch.entries()) {
      bytes.set(document, at);
      at += document.length;
      ends[i] = at;
    }
    return run({ bytes, ends }, [bytes.buffer, ends.buffer]);
  };
  for await (const found of mapInOrder(batchesOf(documents, 1 << 20), 2 * numThreads, work)) ids.push(found);
  return ids;
}

async function encodeLongPiece(request: Record<string, unknown>): Promise<object> {
  const text = encoder.encode(longPiece(String(request.kind), Number(request.sizeBytes)));
  const { ms, cpuMs, result } = await timed(() => loaded().encodeBytes(text));
  return { ms, cpuMs, numTokens: result.length, digest: digestOfIds([result]) };
}

function loaded(): Tokenizer {
  return present(tokenizer, 'a tokenizer, which the command "load" loads');
}

await answerRequests({ train, load, encode, 'long-piece': encodeLongPiece });
