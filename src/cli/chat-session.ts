import { GroundworkError } from '../core/index.ts';
import type { Ending } from '../evaluation/index.ts';
import { visibleText } from '../tokenizer/index.ts';
import type { WritingOptions } from './sampling-flags.ts';

/** What a person wrote, and the tokens that the model has written behind it so far. */
export interface Beginning {
  readonly prompt: string;
  readonly written: readonly number[];
}

/** Continues a text, tells all that stands behind the prompt as it grows, and answers with its tokens. */
export type Complete = (
  beginning: Beginning,
  options: WritingOptions & { readonly signal: AbortSignal },
  onText: (text: string) => void,
) => Promise<{ readonly tokens: readonly number[]; readonly ending: Ending }>;

export const chatHelp = `Write the beginning of a text and press Enter: the model goes on. It is a base
model: it continues texts and answers nobody.

  /more             go on from where it stopped
  /again            another continuation of the same beginning
  /temperature X    0 takes the likeliest always, 1 is the model as it is
  /tokens N         the most tokens to write
  /top-k N, /top-p X, /min-p X, /penalty X     without a value: switched off
  /seed N           the next texts depend on it alone
  /settings         how it writes now
  /quit             end; Ctrl-D and Ctrl-C do the same, Ctrl-C first stops a text`;

/** Settings by the name of their command: where they are kept, and what they may be. */
const numbers = {
  temperature: { key: 'temperature', least: 0, most: 100, isWhole: false },
  tokens: { key: 'maxTokens', least: 1, most: 1e6, isWhole: true },
  'top-k': { key: 'topK', least: 1, most: 1e9, isWhole: true },
  'top-p': { key: 'topP', least: 1e-9, most: 1, isWhole: false },
  'min-p': { key: 'minP', least: 0, most: 1, isWhole: false },
  penalty: { key: 'repetitionPenalty', least: 0.01, most: 100, isWhole: false },
  seed: { key: 'seed', least: 0, most: Number.MAX_SAFE_INTEGER, isWhole: true },
} as const;
const isSetting = (name: string): name is keyof typeof numbers => Object.hasOwn(numbers, name);
/** Those that have to have a value. */
const needed: ReadonlySet<string> = new Set(['temperature', 'tokens', 'seed']);

/** What a chat writes to. */
export interface ChatOutput {
  /** A part of a text, as it comes. */
  readonly stream: (text: string) => void;
  /** A line about something else. */
  readonly note: (line: string) => void;
}

/** A session in which a person writes beginnings and a model goes on. */
export class ChatSession {
  readonly #complete: Complete;
  readonly #output: ChatOutput;
  #options: WritingOptions;
  #beginning: Beginning | undefined;
  /** How the text at hand ended, if it did: by itself, not by its length. */
  #hasEnded = false;
  #writing: AbortController | undefined;

  constructor(complete: Complete, options: WritingOptions, output: ChatOutput) {
    this.#complete = complete;
    this.#options = options;
    this.#output = output;
  }

  get isWriting(): boolean {
    return this.#writing !== undefined;
  }

  /** Ends the text at hand. */
  stop(): void {
    this.#writing?.abort();
  }

  /** Does what a line says; answers whether the session goes on. */
  async handle(line: string): Promise<'continue' | 'quit'> {
    if (!line.startsWith('/')) {
      // An empty line is more often a slip than a wish.
      if (line.trim() !== '') await this.#write({ prompt: line, written: [] });
      return 'continue';
    }
    const [, name = '', value = ''] = /^\/(\S*)\s*(.*)$/.exec(line.trim()) ?? [];
    switch (name) {
      case 'quit':
      case 'exit':
      case 'q':
        return 'quit';
      case 'help':
      case '':
        this.#output.note(chatHelp);
        break;
      case 'more':
        if (this.#beginning === undefined) this.#output.note('nothing was written yet');
        else if (this.#hasEnded) this.#output.note('the text has ended; /again writes another');
        else await this.#write(this.#beginning);
        break;
      case 'again':
        if (this.#beginning === undefined) this.#output.note('nothing was written yet');
        else {
          this.#options = { ...this.#options, seed: (this.#options.seed ?? 0) + 1 };
          await this.#write({ ...this.#beginning, written: [] });
        }
        break;
      case 'settings':
        this.#output.note(this.#settings());
        break;
      default:
        this.#output.note(this.#set(name, value));
    }
    return 'continue';
  }

  /** Continues a text, which is shown from its beginning on. */
  async #write(beginning: Beginning): Promise<void> {
    this.#beginning = beginning;
    this.#hasEnded = false;
    const writing = new AbortController();
    this.#writing = writing;
    this.#output.stream(harmless(beginning.prompt));
    try {
      const { tokens, ending } = await this.#complete(beginning, { ...this.#options, signal: writing.signal }, (text) =>
        this.#output.stream(harmless(text)),
      );
      this.#beginning = { ...beginning, written: tokens };
      this.#hasEnded = ending === 'end' || ending === 'stop';
    } catch (fault) {
      if (!(fault instanceof GroundworkError)) throw fault;
      this.#output.stream('\n');
      this.#output.note(`${fault.message}\nhint: ${fault.hint}`);
      return;
    } finally {
      this.#writing = undefined;
    }
    this.#output.stream('\n\n');
  }

  #set(name: string, value: string): string {
    if (!isSetting(name)) return `there is no /${harmless(name)}; /help lists what there is`;
    const { key, least, most, isWhole } = numbers[name];
    if (value === '' && !needed.has(name)) {
      const { [key]: _, ...rest } = this.#options;
      this.#options = rest as WritingOptions;
      return `${name} is off`;
    }
    const number = Number(value);
    if (value === '' || !(number >= least && number <= most) || (isWhole && !Number.isInteger(number))) {
      return `/${name} wants a ${isWhole ? 'whole number' : 'number'} from ${least} to ${most}, found "${harmless(value)}"`;
    }
    this.#options = { ...this.#options, [key]: number };
    return `${name} is ${number}`;
  }

  #settings(): string {
    return Object.entries(numbers)
      .map(([name, { key }]) => `${name} ${this.#options[key] ?? 'off'}`)
      .join('  ');
  }
}

/** Text that can do nothing to a terminal but be read. A mark may join what stood before this part. */
export function harmless(text: string): string {
  return visibleText(`.${text}`, { marks: false }).slice(1);
}
