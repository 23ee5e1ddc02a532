import { afterAll, describe, expect, test } from 'vitest';
import { onnxEngine } from '../../src/engine/index.ts';
import { generateText, openGenerator } from '../../src/evaluation/index.ts';
import { gptModel } from '../../src/model/index.ts';
import { byteTokenizer } from '../data/store/small-dataset.ts';
import { randomParameters } from './random-parameters.ts';
import { smallTokenizer } from './text-dataset.ts';

const tokenizer = smallTokenizer(300);
// More logits than the tokenizer has tokens, as a padded vocabulary has.
const model = gptModel({ vocabularySize: 320, contextLength: 32, numLayers: 1, width: 32, headWidth: 16 });
const generator = await openGenerator(await onnxEngine('cpu', { numThreads: 1 }), model, { batchSize: 2 });
await generator.load(randomParameters(model));
afterAll(() => generator.close());

const options = { seed: 1, maxTokens: 40, numSamples: 3, temperature: 2 };

describe('generated text', () => {
  test('is the text of the tokens, and what was streamed adds up to it', async () => {
    const streamed = ['', '', ''];
    const samples = await generateText(generator, tokenizer, 'The river', options, (text, sample) => {
      streamed[sample] += text;
      expect(text).not.toBe('');
    });
    expect(samples).toHaveLength(3);
    samples.forEach(({ text, tokens, ending }, i) => {
      expect(text).toBe(tokenizer.decode(tokens));
      expect(streamed[i]).toBe(text);
      expect(['length', 'end']).toContain(ending);
    });
  });

  test('goes on from its tokens as if it had not stopped, also where it stopped within a character', async () => {
    const hot = { ...options, numSamples: 1, temperature: 4, maxTokens: 24 };
    const [whole] = await generateText(generator, tokenizer, 'The river', hot);
    for (let at = 0; at < (whole?.tokens.length ?? 0); at++) {
      const written = whole?.tokens.slice(0, at) ?? [];
      let streamed = '';
      const rest = { ...hot, written, maxTokens: hot.maxTokens - at };
      const [text] = await generateText(generator, tokenizer, 'The river', rest, (part) => {
        streamed += part;
      });
      expect(text).toEqual(whole);
      expect(streamed).toBe(whole?.text);
    }
  });

  test('holds only ids that are tokens', async () => {
    const samples = await generateText(generator, tokenizer, '', { ...options, temperature: 20, numSamples: 6 });
    for (const { tokens } of samples) expect(Math.max(...tokens)).toBeLessThan(tokenizer.vocabularySize);
  });

  test('ends before a stop string, also within a token, and nothing of it is streamed', async () => {
    const sampled = { ...options, numSamples: 1, maxTokens: 80 };
    const [whole] = await generateText(generator, tokenizer, 'Document', sampled);
    const text = whole?.text ?? '';
    // Runs of ASCII, of which every place is a stop string in turn: some begin and end within tokens.
    const stops = (text.match(/[a-z ]{2,}/g) ?? [])
      .flatMap((run) => [run, run.slice(1), run.slice(0, -1)])
      .slice(0, 12);
    expect(stops.length).toBeGreaterThan(3);
    for (const stop of stops) {
      let streamed = '';
      const stopping = { ...sampled, stopStrings: [stop, 'never said'] };
      const [stopped] = await generateText(generator, tokenizer, 'Document', stopping, (piece) => {
        streamed += piece;
      });
      expect(stopped?.text).toBe(text.slice(0, text.indexOf(stop)));
      expect(streamed).toBe(stopped?.text);
      expect(stopped?.ending).toBe('stop');
    }
  });

  test('ends at the begin token of the next document, which is no part of it', async () => {
    const bytes = byteTokenizer(257);
    const small = gptModel({ vocabularySize: 257, contextLength: 16, numLayers: 1, width: 16, headWidth: 8 });
    const parameters = randomParameters(small);
    // All tokens equally likely, everywhere: the begin token comes within some hundreds.
    parameters.get('head')?.fill(0);
    const ending = await openGenerator(await onnxEngine('cpu', { numThreads: 1 }), small);
    await ending.load(parameters);
    const [sample] = await generateText(ending, bytes, 'a', { seed: 3, maxTokens: 5000 });
    expect(sample?.ending).toBe('end');
    expect(sample?.text).not.toContain('<|bos|>');
    await ending.close();
  });

  test('begins as a document, or goes on where one is told', async () => {
    const greedy = { temperature: 0, maxTokens: 10 };
    const [start] = await generateText(generator, tokenizer, 'again', greedy);
    const [middle] = await generateText(generator, tokenizer, 'again', { ...greedy, isDocumentStart: false });
    const begin = tokenizer.beginToken as number;
    const forbiddenTokens = Array.from({ length: 20 }, (_, i) => 300 + i);
    const options = { ...greedy, endTokens: [begin], forbiddenTokens };
    expect(start?.tokens).toEqual(await generator.generate([begin, ...tokenizer.encode('again')], options));
    expect(middle?.tokens).toEqual(await generator.generate([...tokenizer.encode('again')], options));
  });
});
