/** A kind of secret, and the pattern of what is replaced. */
export interface SecretPattern {
  readonly kind: string;
  readonly pattern: RegExp;
  /** Whether a match is one in truth; absent: every match is. */
  readonly isSecret?: (secret: string) => boolean;
}

/** A value whose characters are less mixed than this, in bits each, is a word or a name. */
const minEntropy = 3.5;

/** Shannon entropy of the characters of a text, in bits per character. */
export function entropy(text: string): number {
  const counts = new Map<string, number>();
  for (const character of text) counts.set(character, (counts.get(character) ?? 0) + 1);
  let bits = 0;
  for (const count of counts.values()) bits -= (count / text.length) * Math.log2(count / text.length);
  return bits;
}

const looksRandom = (value: string): boolean =>
  /\d/.test(value) && /[A-Za-z]/.test(value) && entropy(value) >= minEntropy;

/**
 * Keys as their issuers publish them, and values assigned to names such as `api_key`, `secret` and `token`. Every pattern
 * begins where a run of its characters begins, so that no part of a text is read more than a fixed number of times.
 */
export const secretPatterns: readonly SecretPattern[] = [
  { kind: 'aws-key', pattern: /(?<![A-Za-z0-9])(?:AKIA|ASIA)[0-9A-Z]{16}(?![A-Za-z0-9])/g },
  { kind: 'github-token', pattern: /(?<![A-Za-z0-9_])(?:gh[pousr]_[A-Za-z0-9]{36,251}|github_pat_\w{22,251})(?!\w)/g },
  { kind: 'slack-token', pattern: /(?<![A-Za-z0-9-])xox[abeoprs]-[A-Za-z0-9-]{10,250}/g },
  { kind: 'google-key', pattern: /(?<![A-Za-z0-9_-])AIza[0-9A-Za-z_-]{35}(?![0-9A-Za-z_-])/g },
  { kind: 'jwt', pattern: /(?<![A-Za-z0-9_.-])eyJ[A-Za-z0-9_-]{8,}\.eyJ[A-Za-z0-9_-]{8,}\.[A-Za-z0-9_-]{8,}/g },
  {
    // Of OpenAI and of Anthropic.
    kind: 'sk-key',
    pattern: /(?<![A-Za-z0-9_-])sk-(?:(?:proj|svcacct|admin|ant)-[A-Za-z0-9_-]{20,}|[A-Za-z0-9]{32,}(?![\w-]))/g,
    isSecret: looksRandom,
  },
  {
    kind: 'assigned-secret',
    pattern:
      /(?<![A-Za-z0-9+/_~-])(?<=(?:api[_-]?key|secret|token|passw(?:or)?d|access[_-]?key|private[_-]?key|credential)[A-Za-z0-9_-]{0,20}["'`]?[ \t]{0,4}(?:=>|:=|[:=])[ \t]{0,4}["'`]?)[A-Za-z0-9+/_~-]{16,}={0,2}/gi,
    isSecret: looksRandom,
  },
];

const keyBegin = /-----BEGIN [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;
const keyEnd = /-----END [A-Z0-9 ]{0,40}PRIVATE KEY(?: BLOCK)?-----/g;

/**
 * What follows the beginning of a key that has no end: header lines of PEM and a blank line, then lines of base64, of which
 * the first is long enough to be no word. In a string literal the line ends are escapes.
 */
const endlessKey =
  /(?:(?:\r?\n|(?:\\r)?\\n)[A-Za-z-]{1,30}: [^\r\n\\]{0,200}){0,20}(?:\r?\n|(?:\\r)?\\n){1,2}[ \t]{0,40}[A-Za-z0-9+/=]{16,}(?:(?:\r?\n|(?:\\r)?\\n)[ \t]{0,40}[A-Za-z0-9+/=]+(?=[ \t]*[\r\n\\"'`]|$)){0,2000}/y;

/**
 * Where the blocks of private keys stand, from `-----BEGIN` to behind `-----END`. Where another block begins before the end,
 * or there is none, as in a text that was cut, a block ends with its last line of base64; without any it is none.
 */
export function privateKeyBlocks(text: string): [start: number, end: number][] {
  const blocks: [number, number][] = [];
  const begins = Array.from(text.matchAll(keyBegin), ({ index, 0: found }) => [index, index + found.length] as const);
  keyEnd.lastIndex = 0;
  let end = begins.length > 0 ? keyEnd.exec(text) : null;
  for (const [k, [start, content]] of begins.entries()) {
    while (end && end.index < content) end = keyEnd.exec(text);
    const next = begins[k + 1]?.[0] ?? text.length;
    endlessKey.lastIndex = content;
    if (end && end.index < next) blocks.push([start, end.index + end[0].length]);
    else if (endlessKey.test(text)) blocks.push([start, endlessKey.lastIndex]);
  }
  return blocks;
}
