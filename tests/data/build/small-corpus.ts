import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomStream } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import {
  type BuildRequest,
  buildSettingsSchema,
  type RecordStream,
  type SourceRecord,
} from '../../../src/data/index.ts';

const words =
  'the of and to in a is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she there would their we him been has when who will no more if out so what up said about than its into them can only other time new some could these two may first then do any like my now over such our man me even most made after also did many must before back see through way where get much go well your know should down work year because come people just say each those take day good how long little own us old great'.split(
    ' ',
  );

/** `n` documents of random words, each unlike the others, in 20 groups; some stand twice, some nearly so. */
export function smallTexts(numDocuments: number): readonly { readonly text: string; readonly group: string }[] {
  const random = randomStream(7, 'texts');
  const texts: { text: string; group: string }[] = [];
  for (let i = 0; i < numDocuments; i++) {
    const before = texts[random.nextInteger(Math.max(1, i))];
    const kind = random.nextInteger(20);
    const sentence = Array.from({ length: 30 + random.nextInteger(60) }, () => words[random.nextInteger(words.length)]);
    let text = `${sentence.join(' ')}.`;
    if (before && kind === 0) text = before.text;
    if (before && kind === 1) text = `${before.text} Indeed`;
    texts.push({ text, group: `g${random.nextInteger(20)}` });
  }
  return texts;
}

const made = new Map<string, readonly SourceRecord[]>();

/** The texts as JSON records; `padding` fills each record up, so that few of them make a block. */
export async function* smallRecords(numDocuments: number, padding = 0): RecordStream {
  const key = `${numDocuments} ${padding}`;
  const records =
    made.get(key) ??
    smallTexts(numDocuments).map((text, i) => ({
      source: `part-${i % 3}.jsonl`,
      line: i + 1,
      byteOffset: 1000 * i,
      format: 'json' as const,
      bytes: new TextEncoder().encode(JSON.stringify({ ...text, padding: ' '.repeat(padding) })),
    }));
  made.set(key, records);
  yield { records, faults: [], bytesRead: records.length };
}

/** A build of it; 4 MiB blocks hold some 40 of its records. */
export function smallBuild(folder: string, changes: Partial<BuildRequest> = {}): BuildRequest {
  return {
    folder,
    records: smallRecords(90, 100_000),
    settings: buildSettingsSchema.parse({ vocabularySize: 300, validationFraction: 0.1, groupField: 'group' }),
    cleaning: { preset: 'none' },
    numWorkers: 1,
    groundworkVersion: '0.0.0',
    fs: nodeFileSystem,
    ...changes,
  };
}

/** Every file below a folder with the SHA-256 of its contents. */
export function contentsOf(folder: string): { readonly [path: string]: string } {
  const paths = readdirSync(folder, { recursive: true, encoding: 'utf8', withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name))
    .sort();
  const hash = (path: string) => createHash('sha256').update(readFileSync(path)).digest('hex');
  return Object.fromEntries(paths.map((path) => [path.slice(folder.length + 1), hash(path)]));
}
