import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { present } from '../../../src/core/index.ts';
import { nodeFileSystem, writeDurably } from '../../../src/core/node.ts';
import { c4Quality } from '../../../src/data/cleaning/c4-quality.ts';
import { finewebQuality } from '../../../src/data/cleaning/fineweb-quality.ts';
import { gopherQuality } from '../../../src/data/cleaning/gopher-quality.ts';
import { gopherRepetition } from '../../../src/data/cleaning/gopher-repetition.ts';
import { identifyLanguage } from '../../../src/data/cleaning/language-identifier.ts';
import { normalisation } from '../../../src/data/cleaning/normalisation.ts';
import type { Clean, Step } from '../../../src/data/cleaning/step.ts';
import { WorkingText } from '../../../src/data/cleaning/working-text.ts';
import { fate, findDuplicates } from '../../../src/data/deduplication/duplicates.ts';
import { bandOf, type SignatureBlock, SignatureWriter } from '../../../src/data/deduplication/signatures.ts';
import { readCorpus } from '../../../src/data/readers/corpus-reader.ts';
import { parseRecord } from '../../../src/data/readers/parse-record.ts';
import { writeShard } from '../../../src/data/store/publication.ts';
import { encodeShard } from '../../../src/data/store/shard.ts';
import { parseTokenizer } from '../../../src/tokenizer/index.ts';
import type { SideResult, StageName } from '../stages.ts';
import type { CorpusDocument } from '../web-like-corpus.ts';

// Runs the stages of a build one after the other, over documents in memory, and tells what each of them takes:
// `node ours.mjs CORPUS.jsonl TOKENIZER.json FOLDER RESULT.json`. These are the functions that the build calls.

type Stage = StageName | 'language';
const seconds: Partial<Record<Stage, number>> = {};

/** Seconds of the processor that this process has used, its other threads included. */
function processorSeconds(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1e6;
}

function count(stage: Stage, since: number): number {
  const now = processorSeconds();
  seconds[stage] = (seconds[stage] ?? 0) + now - since;
  return now;
}

const [source = '', tokenizerPath = '', folder = '', resultPath = ''] = process.argv.slice(2);
mkdirSync(folder, { recursive: true });

async function read(): Promise<CorpusDocument[]> {
  const documents: CorpusDocument[] = [];
  const start = processorSeconds();
  for await (const { records } of readCorpus([source])) {
    for (const record of records) {
      const document = parseRecord(record, { metadataFields: ['id'] });
      if ('text' in document) documents.push({ id: document.metadata.id ?? '', text: document.text });
    }
  }
  count('read', start);
  return documents;
}

const steps = [
  normalisation,
  gopherRepetition,
  gopherQuality,
  c4Quality,
  finewebQuality,
] as readonly unknown[] as Step[];

/** The documents that all rules leave, with the text that they leave. */
function clean(documents: readonly CorpusDocument[], removed: Record<string, string>): CorpusDocument[] {
  const chain: { name: string; clean: Clean }[] = steps.map((step) => ({
    name: step.name,
    clean: step.create(step.options.parse({}), { identifyLanguage: undefined }),
  }));
  const working = new WorkingText();
  return documents.flatMap(({ id, text }) => {
    working.begin(text);
    let now = processorSeconds();
    for (const { name, clean } of chain) {
      const removal = clean(working);
      now = count(name as StageName, now);
      if (!removal) continue;
      removed[id] = `${name}/${removal.rule}`;
      return [];
    }
    return [{ id, text: working.text }];
  });
}

/** About so many bytes of text make a block, as in a build. */
const blockBytes = 4 * 2 ** 20;

function signatures(documents: readonly CorpusDocument[]): SignatureBlock[] {
  const start = processorSeconds();
  const writer = new SignatureWriter();
  const blocks: SignatureBlock[] = [];
  let size = 0;
  for (const { text } of documents) {
    writer.add(text);
    size += text.length;
    if (size < blockBytes) continue;
    blocks.push(writer.take());
    size = 0;
  }
  blocks.push(writer.take());
  count('MinHash signatures', start);
  return blocks;
}

function joined(parts: readonly Uint32Array[]): Uint32Array {
  const all = new Uint32Array(parts.reduce((sum, part) => sum + part.length, 0));
  let at = 0;
  for (const part of parts) {
    all.set(part, at);
    at += part.length;
  }
  return all;
}

async function groups(documents: readonly CorpusDocument[], blocks: readonly SignatureBlock[]) {
  const start = processorSeconds();
  const duplicates = await findDuplicates({
    numDocuments: documents.length,
    readExactKeys: () => joined(blocks.map(({ exactKeys }) => exactKeys)),
    readBand: (band) => joined(blocks.map((block) => bandOf(block, band))),
  });
  count('MinHash grouping', start);
  return duplicates;
}

function tokenize(documents: readonly CorpusDocument[]): number {
  const tokenizer = parseTokenizer(readFileSync(tokenizerPath, 'utf8'));
  const { vocabularySize } = tokenizer;
  const beginToken = present(tokenizer.beginToken, 'begin token');
  const encoder = new TextEncoder();
  const texts = documents.map(({ text }) => encoder.encode(text));
  const start = processorSeconds();
  const encoded = texts.map((bytes) => ({ tokens: tokenizer.encodeBytes(bytes), numBytes: bytes.length }));
  const shard = encodeShard(encoded, { vocabularySize, beginToken });
  mkdirSync(join(folder, 'train'), { recursive: true });
  writeShard(nodeFileSystem, folder, 'train', 0, shard);
  count('tokenize and write', start);
  return shard.numTokens;
}

const documents = await read();
const startOfLanguage = processorSeconds();
for (const { text } of documents) identifyLanguage(text);
count('language', startOfLanguage);

const removed: Record<string, string> = {};
const cleaned = clean(documents, removed);

const startOfWriting = processorSeconds();
const encoder = new TextEncoder();
writeDurably(
  nodeFileSystem,
  join(folder, 'cleaned'),
  cleaned.map(({ text }) => encoder.encode(text)),
);
count('write documents', startOfWriting);

const duplicates = await groups(cleaned, signatures(cleaned));
const grouped: Record<string, { group: string; kept: boolean }> = {};
const idOf = (document: number): string => present(cleaned[document], `document ${document}`).id;
for (const [document, kept] of duplicates.keptFor.entries()) {
  if (kept === document) continue;
  grouped[idOf(kept)] = { group: idOf(kept), kept: true };
  grouped[idOf(document)] = { group: idOf(kept), kept: false };
}
const numTokens = tokenize(cleaned.filter((_, document) => duplicates.fates[document] === fate.kept));
const result: SideResult = { seconds: seconds as SideResult['seconds'], removed, groups: grouped, numTokens };
writeFileSync(resultPath, JSON.stringify(result));
