import { availableParallelism } from 'node:os';
import { systemClock } from '../core/index.ts';
import {
  corpusSizeBytes,
  joinedRecords,
  readCorpus,
  readSourceCode,
  trainVocabulary,
  vocabularyFiles,
  writeVocabulary,
} from '../data/index.ts';
import { formatCount } from '../page/index.ts';
import { patterns } from '../tokenizer/index.ts';
import type { Command } from './command-line.ts';
import { type FlagKinds, mostWorkers, parseFlags, usageFault } from './flags.ts';
import { duration, progressDisplay } from './progress-display.ts';
import { byteText } from './text-table.ts';

const name = 'tokenizer train';

const flagKinds = {
  out: { type: 'string' },
  replace: { type: 'boolean' },
  vocabulary: { type: 'string' },
  pattern: { type: 'string' },
  special: { type: 'string', multiple: true },
  'minimum-frequency': { type: 'string' },
  'maximum-bytes': { type: 'string' },
  code: { type: 'string', multiple: true },
  format: { type: 'string' },
  'text-field': { type: 'string' },
  documents: { type: 'string' },
  'max-document': { type: 'string' },
  'on-fault': { type: 'string' },
  workers: { type: 'string' },
  json: { type: 'boolean' },
} satisfies FlagKinds;

const patternsByName: ReadonlyMap<string, string> = new Map(Object.entries(patterns));

/** `groundwork tokenizer train`: a vocabulary is learned from text. */
export const tokenizerTrainCommand: Command = {
  help: `usage: groundwork tokenizer train INPUT... [--code FOLDER]... --out FILE|FOLDER [OPTIONS]

Learns a byte-level BPE vocabulary: cuts text into pieces, counts them in threads, and joins the most frequent pair of tokens
again and again. INPUT is what "data build" reads: files, folders, globs, or - for standard input.

  --out PATH             FILE.json, or a folder for tokenizer.json and tokenizer_config.json
  --replace              write over a tokenizer that exists there
  --vocabulary N         size of the vocabulary, special tokens included (default: 8192)
  --pattern PATTERN      how text is cut into pieces, within which tokens stay: ${[...patternsByName.keys()].join(', ')},
                         or a regular expression in the syntax of Oniguruma (default: gpt4)
  --special TOKEN        a special token; may be repeated (default: <|bos|>)
  --minimum-frequency N  join only pairs that occur so often (default: 1)
  --maximum-bytes SIZE   count only so much text, such as 500M

Reading
  --code FOLDER          source code of the packages installed there, such as node_modules; may be repeated
  --format FORMAT        text, markdown, html, jsonl or parquet, whatever the files are called
  --text-field NAME      the field of a record that holds its text (default: text)
  --documents UNIT       one document per file, paragraph or line of a text file (default: file)
  --max-document SIZE    longest document, such as 8M
  --on-fault POLICY      skip (and count) what cannot be read, or stop (default: skip)

Running
  --workers N            threads (default: one per core); the result is the same for any number
  --json                 print what was made as JSON

Exit codes: 0 written, 2 wrong usage, 5 disk full, a path that is missing, in use or may not be written, 6 no text, a pattern
that cannot be read, a broken record under --on-fault stop, 7 stopped by a signal.`,
  run: async (args, terminal) => {
    const flags = parseFlags(name, args, flagKinds, { least: 0, most: Number.POSITIVE_INFINITY });
    const code = flags.texts('code');
    const inputs = flags.words;
    if (inputs.length === 0 && code.length === 0) throw usageFault(name, 'nothing to read was named');
    const out = flags.text('out');
    if (!out) throw usageFault(name, '--out is missing, expected a file that ends in .json or a folder');
    const files = vocabularyFiles(out, flags.isSet('replace'));
    const format = flags.oneOf('format', ['text', 'markdown', 'html', 'jsonl', 'parquet']);
    const documents = flags.oneOf('documents', ['file', 'paragraph', 'line']);
    const textField = flags.text('text-field');
    const maximumDocumentBytes = flags.size('max-document');
    const limit = maximumDocumentBytes !== undefined && { maximumDocumentBytes };
    const records = joinedRecords([
      ...(inputs.length === 0
        ? []
        : [
            readCorpus(inputs, {
              ...(format && { format }),
              ...(documents && { documents }),
              ...(textField !== undefined && { textField }),
              ...limit,
              ...(terminal.input && { standardInput: terminal.input }),
            }),
          ]),
      ...code.map((folder) => readSourceCode(folder, limit || {})),
    ]);
    const given = flags.text('pattern') ?? 'gpt4';
    const special = flags.texts('special');
    const request = {
      records,
      totalBytes: code.length > 0 ? undefined : await corpusSizeBytes(inputs),
      textField,
      onFault: flags.oneOf('on-fault', ['skip', 'stop']),
      maximumBytes: flags.size('maximum-bytes'),
      vocabularySize: flags.wholeNumber('vocabulary', 257) ?? 8192,
      specialTokens: special.length === 0 ? ['<|bos|>'] : special,
      minimumFrequency: flags.wholeNumber('minimum-frequency', 1) ?? 1,
      pattern: patternsByName.get(given) ?? given,
      numWorkers: flags.wholeNumber('workers', 1, mostWorkers) ?? availableParallelism(),
      signal: terminal.signal,
      onProgress: progressDisplay(terminal),
    };
    const startMs = systemClock.monotonicMs();
    const trained = await trainVocabulary(request);
    writeVocabulary(trained.tokenizer, files);
    const seconds = (systemClock.monotonicMs() - startMs) / 1000;
    terminal.live?.('');

    const { tokenizer, sample, numDocuments, numBytes, isCut } = trained;
    const bytesPerToken = sample.numBytes / Math.max(1, sample.numTokens);
    const numFaults = Object.fromEntries(trained.numFaults);
    const numSkipped = Object.fromEntries(trained.numSkipped);
    if (flags.isSet('json')) {
      const { fingerprint, vocabularySize } = tokenizer;
      const numMerges = tokenizer.data.merges.length / 2;
      const written = Object.values(files);
      const result = { files: written, fingerprint, vocabularySize, numMerges, numDocuments, numBytes, isCut };
      terminal.out(JSON.stringify({ ...result, bytesPerToken, sample, numFaults, numSkipped, seconds }));
      return;
    }
    const listed = (counts: { readonly [reason: string]: number }) =>
      Object.entries(counts).map(([reason, count]) => `${formatCount(count)} ${reason}`);
    const lines = (label: string, reasons: string[]) =>
      reasons.length === 0 ? [] : [`${label} ${reasons.join(', ')}`];
    terminal.out(
      [
        `text:       ${byteText(numBytes)} in ${formatCount(numDocuments)} documents${isCut ? ', cut at --maximum-bytes' : ''}`,
        ...lines('unreadable:', listed(numFaults)),
        ...lines('passed over:', listed(numSkipped)),
        `vocabulary: ${formatCount(tokenizer.vocabularySize)} tokens${shortfall(tokenizer.vocabularySize, request.vocabularySize)}`,
        `            ${bytesPerToken.toFixed(2)} bytes a token on a sample of ${byteText(sample.numBytes)} of this text`,
        `time:       ${seconds < 10 ? `${seconds.toFixed(1)} s` : duration(seconds)}, ${byteText(numBytes / seconds)} a second`,
        `tokenizer:  ${files.tokenizer} (${tokenizer.fingerprint.slice(0, 12)})`,
        '',
        `Look at it: groundwork tokenizer inspect ${files.tokenizer}`,
      ].join('\n'),
    );
  },
};

function shortfall(reached: number, wanted: number): string {
  if (reached >= wanted) return '';
  return ` of ${formatCount(wanted)}: the text has no more pairs that occur often enough`;
}
