import { nodeFileSystem } from '../core/node.ts';
import { openTokenizerSource, readTextFile, readTextStream } from '../data/index.ts';
import { formatCount } from '../page/index.ts';
import { describeToken, displayedPieces, printableJson } from '../tokenizer/index.ts';
import type { Command, Terminal } from './command-line.ts';
import { type Flags, parseFlags, usageFault } from './flags.ts';

const name = 'tokenizer encode';
/** What is shown is one string, several times as long as the text. */
const maximumBytes = 16 * 2 ** 20;
/** Ids are listed below the pieces of a text of so many tokens at most; --ids lists any number. */
const maximumListed = 256;

/** `groundwork tokenizer encode`: what a tokenizer makes of a text. */
export const tokenizerEncodeCommand: Command = {
  help: `usage: groundwork tokenizer encode TOKENIZER|DATASET [TEXT | --file FILE | -] [OPTIONS]

Shows the tokens of a text, each on a colour of its own, or with │ between them where there are no colours; then the ids and
the counts. TOKENIZER is a tokenizer.json or .tiktoken file, the folder it lies in, a dataset, or o200k, llama3 or gpt2 (which
npm fetches). Without TEXT, or with -, the text comes from standard input.

  --file FILE      the text of a file
  --ids            print the ids and nothing else
  --special MODE   text: <|bos|> is seven characters (the default, and what a build does); recognise: it is the token
  --marks          mark blanks (␣) and line feeds (↵); without colours they always are
  --json           print it as JSON

␛ is a control character of the text, ⟨E2 80⟩ are bytes that are a part of a character, ⟨U+200D⟩ is one that cannot be seen.

Exit codes: 0 shown, 2 wrong usage, 5 a file that is missing, 6 a tokenizer or a text that cannot be read.`,
  run: async (args, terminal) => {
    const flags = parseFlags(
      name,
      args,
      {
        file: { type: 'string' },
        ids: { type: 'boolean' },
        special: { type: 'string' },
        marks: { type: 'boolean' },
        json: { type: 'boolean' },
      },
      { least: 1, most: 2 },
    );
    const special = flags.oneOf('special', ['recognise', 'text']) ?? 'text';
    const text = await givenText(flags, terminal);
    const { tokenizer, dataset } = await openTokenizerSource(flags.words[0] ?? '');
    dataset?.close();
    const ids = tokenizer.encode(text, { special });
    const numBytes = Buffer.byteLength(text);
    const bytesPerToken = numBytes / Math.max(1, ids.length);
    if (flags.isSet('json')) {
      const tokens = flags.isSet('ids') ? {} : { tokens: Array.from(ids, (id) => describeToken(tokenizer, id)) };
      const counts = { numTokens: ids.length, numBytes, bytesPerToken };
      terminal.out(printableJson({ ...counts, fingerprint: tokenizer.fingerprint, ids: [...ids], ...tokens }));
      return;
    }
    if (flags.isSet('ids')) {
      terminal.out(ids.join(' '));
      return;
    }
    const options = { color: terminal.hasColor === true, marks: flags.isSet('marks') };
    terminal.out(
      [
        ...(ids.length === 0 ? [] : [displayedPieces(tokenizer, ids, options), '']),
        ...(ids.length > 0 && ids.length <= maximumListed ? [ids.join(' '), ''] : []),
        `${formatCount(ids.length)} tokens, ${formatCount(numBytes)} bytes, ${bytesPerToken.toFixed(2)} bytes a token`,
      ].join('\n'),
    );
  },
};

async function givenText(flags: Flags, terminal: Terminal): Promise<string> {
  const word = flags.words[1];
  const file = flags.text('file');
  if (file !== undefined && word !== undefined) throw usageFault(name, `a text and --file ${file} are two texts`);
  if (file === undefined && word !== undefined && word !== '-') return word;
  const bytes =
    file === undefined
      ? await readTextStream('<stdin>', terminal.input ?? process.stdin, maximumBytes)
      : readTextFile(nodeFileSystem, file, maximumBytes);
  return new TextDecoder('utf-8', { ignoreBOM: true }).decode(bytes);
}
