import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { demoNamed } from '../../src/data/index.ts';

const packages = fileURLToPath(new URL('../../node_modules', import.meta.url));

/** The texts of a demo, in its order. Fetches its packages where they are not at hand. */
export async function demoTexts(name: string): Promise<string[]> {
  const texts: string[] = [];
  const decoder = new TextDecoder();
  for await (const batch of demoNamed(name).records()) {
    for (const record of batch.records) texts.push((JSON.parse(decoder.decode(record.bytes)) as { text: string }).text);
  }
  return texts;
}

/** Whole speeches on the State of the Union, by name. */
export const speeches = (): string[] => filesOf(join(packages, '@stdlib', 'datasets-sotu', 'data'), /\.txt$/);

/** Markdown of installed packages, each text once, by path. */
export const markdownPages = (): string[] => [...new Set(filesOf(packages, /\.md$/))];

function filesOf(folder: string, name: RegExp): string[] {
  return readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => name.test(path))
    .sort()
    .map((path) => readFileSync(join(folder, path), 'utf8'));
}

/** Sentences of prose: cut behind `.`, `!` and `?` before a capital. */
export const sentencesOf = (text: string): string[] =>
  text
    .split(/(?<=[.!?]["”]?)\s+(?=[A-Z"“])/)
    .map((sentence) => sentence.replace(/\s+/g, ' ').trim())
    .filter((sentence) => sentence !== '');
