import { GroundworkError, systemClock } from '../core/index.ts';
import { generateText } from '../evaluation/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import { openBaseModel, openWriter } from './base-model.ts';
import { harmless } from './chat-session.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';
import { engineFlagHelp, engineFlags } from './run-engine.ts';
import { samplingFlagHelp, samplingFlags, writingOptions } from './sampling-flags.ts';
import { paintFor } from './styled-text.ts';

const name = 'sample';

/** `groundwork sample`: a model continues a text. */
export const sampleCommand: Command = {
  help: `usage: groundwork sample [RUN] [--prompt TEXT]... [OPTIONS]

Lets the model of a run continue a text, and prints it as it is written. RUN is the folder of a run or its name in runs/ (default: the
newest). Without --prompt it begins a document of its own.

  --prompt TEXT          the beginning; may be repeated
  --samples N            continuations of each beginning (default: 1)
${samplingFlagHelp}
  --step N               the checkpoint of this step (default: the last)
${engineFlagHelp}
  --json                 print the texts as JSON

Exit codes: 0 written, 2 wrong usage, 4 an engine that is absent, 5 no such run, 6 a run or a checkpoint that is broken, 7 stopped.`,
  run: async (args, terminal) => {
    const kinds = {
      prompt: { type: 'string', multiple: true },
      samples: { type: 'string' },
      step: { type: 'string' },
      json: { type: 'boolean' },
      ...samplingFlags,
      ...engineFlags,
    } as const;
    const flags = parseFlags(name, args, kinds, { least: 0, most: 1 });
    const numSamples = flags.wholeNumber('samples', 1, 10_000) ?? 1;
    const options = writingOptions(flags);
    const prompts = flags.texts('prompt');
    const isJson = flags.isSet('json');
    const opened = await openBaseModel(flags);
    const generator = await openWriter(opened);
    const stream = terminal.stream ?? ((text: string) => terminal.out(text));
    const paint = paintFor(terminal.hasColor === true);
    const { signal } = terminal;
    const written: object[] = [];
    let numTokens = 0;
    const startMs = systemClock.monotonicMs();
    try {
      for (const prompt of prompts.length === 0 ? [''] : prompts) {
        for (let sample = 0; sample < numSamples; sample++) {
          if (!isJson) stream(paint('strong', harmless(prompt)));
          const [text] = await generateText(
            generator,
            opened.base.tokenizer,
            prompt,
            { ...options, firstSample: sample, ...(signal && { signal }) },
            (part) => {
              if (!isJson) stream(harmless(part));
            },
          );
          numTokens += text?.tokens.length ?? 0;
          written.push({
            prompt,
            sample,
            text: text?.text ?? '',
            ending: text?.ending,
            numTokens: text?.tokens.length,
          });
          if (!isJson) stream('\n\n');
          if (signal?.aborted) throw stopped();
        }
      }
    } finally {
      await generator.close();
    }
    const seconds = (systemClock.monotonicMs() - startMs) / 1000;
    if (isJson) terminal.out(printableJson({ folder: opened.folder, samples: written, numTokens, seconds }));
    else terminal.error(`${numTokens} tokens, ${(numTokens / seconds).toFixed(0)} a second`);
  },
};

function stopped(): GroundworkError {
  return new GroundworkError('interrupted', 'stopped while a text was written', {
    hint: 'The same command writes the same texts again.',
  });
}
