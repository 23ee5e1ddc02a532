import { availableParallelism } from 'node:os';
import { type ParseArgsConfig, parseArgs } from 'node:util';
import { GroundworkError } from '../core/index.ts';

/** Which flags a command has, as `parseArgs` of Node takes them. */
export type FlagKinds = NonNullable<ParseArgsConfig['options']>;

/** What stood behind a command: flags by name and the words between them. */
export interface Flags {
  readonly words: readonly string[];
  text(name: string): string | undefined;
  texts(name: string): readonly string[];
  isSet(name: string): boolean;
  /** A whole number from `least` on, to `most` where there is one. */
  wholeNumber(name: string, least: number, most?: number): number | undefined;
  /** A number in least … most. */
  number(name: string, least: number, most: number): number | undefined;
  /** A size such as `4096`, `64k`, `16M` or `2G` (powers of 1,024). */
  size(name: string): number | undefined;
  oneOf<const Choice extends string>(name: string, choices: readonly Choice[]): Choice | undefined;
  /** The values of a flag that may be repeated. */
  allOf<const Choice extends string>(name: string, choices: readonly Choice[]): readonly Choice[];
}

/** Many more threads than cores only take memory and turns from each other. */
export const mostWorkers = Math.max(16, 4 * availableParallelism());

/** The fault of a command line that cannot be understood. */
export function usageFault(command: string, message: string): GroundworkError {
  return new GroundworkError('usage', message, { hint: `See "groundwork ${command} --help".` });
}

/**
 * Reads the arguments of a command.
 *
 * @param command such as `data build`, for messages
 * @param numWords how many words it takes, at least and at most
 * @throws `usage` for flags that it does not have, values of the wrong kind, too few or too many words
 */
export function parseFlags(
  command: string,
  args: readonly string[],
  options: FlagKinds,
  numWords: { readonly least: number; readonly most: number },
): Flags {
  const fault = (message: string) => usageFault(command, message);
  const { values, positionals: words } = parsed(args, options, fault);
  if (words.length < numWords.least) throw fault(`found ${words.length} of ${numWords.least} arguments`);
  if (words.length > numWords.most) throw fault(`there is nothing to do with "${words[numWords.most]}"`);
  const text = (name: string): string | undefined => {
    const value = values[name];
    return typeof value === 'string' ? value : undefined;
  };
  const texts = (name: string): readonly string[] => {
    const value = values[name];
    return Array.isArray(value) ? value.map(String) : [];
  };
  const chosen = <const Choice extends string>(name: string, given: string, choices: readonly Choice[]): Choice => {
    const choice = choices.find((one) => one === given);
    if (choice === undefined) throw fault(`--${name} is "${given}", expected one of ${choices.join(', ')}`);
    return choice;
  };
  const number = (name: string, least: number, most: number): number | undefined => {
    const given = text(name);
    if (given === undefined) return undefined;
    const value = Number(given);
    if (given.trim() === '' || !(value >= least && value <= most)) {
      throw fault(`--${name} is "${given}", expected a number in ${least} … ${most}`);
    }
    return value;
  };
  return {
    words,
    text,
    number,
    texts,
    isSet: (name) => values[name] === true,
    wholeNumber: (name, least, most = Number.MAX_SAFE_INTEGER) => {
      const given = text(name);
      if (given === undefined) return undefined;
      const value = Number(given);
      if (given.trim() === '' || !Number.isSafeInteger(value) || value < least || value > most) {
        const to = most < Number.MAX_SAFE_INTEGER ? ` to ${most}` : '';
        throw fault(`--${name} is "${given}", expected a whole number from ${least}${to}`);
      }
      return value;
    },
    size: (name) => {
      const given = text(name);
      if (given === undefined) return undefined;
      const [, digits, unit] = /^(\d+)([kmg]?)$/i.exec(given) ?? [];
      if (digits === undefined || Number(digits) === 0) {
        throw fault(`--${name} is "${given}", expected a size such as 4096, 64k, 16M or 2G`);
      }
      return Number(digits) * 1024 ** ' kmg'.indexOf(unit?.toLowerCase() || ' ');
    },
    oneOf: (name, choices) => {
      const given = text(name);
      return given === undefined ? undefined : chosen(name, given, choices);
    },
    allOf: (name, choices) => texts(name).map((given) => chosen(name, given, choices)),
  };
}

function parsed(args: readonly string[], options: FlagKinds, fault: (message: string) => Error) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true });
  } catch (cause) {
    // On one line, and without the last sentence, which is about a syntax for words that begin with a dash.
    const [message = ''] = (cause as Error).message.replaceAll(/\s*\n\s*/g, ' ').split(' To specify');
    throw fault(message.replace(/\.$/, ''));
  }
}
