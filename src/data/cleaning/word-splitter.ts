import { englishExceptions, longestException } from './english-exceptions.ts';

/**
 * The rules by which a run of characters without white space falls into words: punctuation, quotes, currency signs and
 * pictographs are peeled off both ends; `…`, hyphens between letters, `a/b`, `a:b`, `a=b`, `a,b` and `end.Next` divide
 * the middle; exceptions and web addresses stay as they are. They approximate the English tokenizer of spaCy 3.8, on
 * whose words the published thresholds of Gopher and FineWeb were applied, and differ from it in that
 *
 * - letters are those of Unicode (`\p{L}`; scripts without case count as both cases), where spaCy lists the blocks of about
 *   twenty scripts: hyphenated words of other scripts divide here and not there;
 * - pictographs are `\p{So}` of the Unicode version of this engine, where spaCy lists those of Unicode 11;
 * - of a web address with several `@`, only the first and the last are tried as the end of its user part; a host of
 *   more than 2048 characters is none.
 *
 * Source: `lang/punctuation.py`, `lang/char_classes.py`, `lang/tokenizer_exceptions.py` and `tokenizer.pyx` of spaCy.
 */
const quotes = `'"”“\`‘´’‚,„»«「」『』（）〔〕【】《》〈〉〈〉⟦⟧`;
const punctuation = '…,:;!?¿؟¡()[]{}<>_#*&。？！，、；：～·।،۔؛٪';
const currencySigns = '$£€¥฿₽﷼₴₠₡₢₣₤₥₦₧₨₩₪₫₭₮₯₰₱₲₳₵₶₷₸₹₺₻₼₾₿';
const lettersBeforeDollar = ['US', 'C', 'A'];
const units = new Set(
  (
    'km km² km³ m m² m³ dm dm² dm³ cm cm² cm³ mm mm² mm³ ha µm nm yd in ft kg g mg µg t lb oz m/s km/h kmh mph hPa Pa ' +
    'mbar mb MB kb KB gb GB tb TB T G M K % км км² км³ м м² м³ дм дм² дм³ см см² см³ мм мм² мм³ нм кг г мг м/с км/ч ' +
    'кПа Па мбар Кб КБ кб Мб МБ мб Гб ГБ гб Тб ТБ كم² كم³ م م² م³ سم سم² سم³ مم مم² مم³ كم غرام جرام جم كغ ملغ كوب ' +
    'اكواب'
  ).split(' '),
);
const longestUnit = 5;

/** Scripts whose vowel signs, digits and marks the reference counts among the letters. */
const wholeBlocks = '\\u0591-\\u05F4\\u0900-\\u09FF\\u0B80-\\u0CFF\\u0D80-\\u0DFF\\u1200-\\u137F';
const alpha = `\\p{L}${wholeBlocks}`;
const lower = `\\p{Ll}\\p{Lo}\\p{Lm}${wholeBlocks}`;
const upper = `\\p{Lu}\\p{Lt}\\p{Lo}${wholeBlocks}`;
const classOf = (characters: string): string => characters.replace(/[\\\]^[-]/g, '\\$&');

const pictograph = /^\p{So}$/u;
const beforeFullStop = new RegExp(`^[0-9${lower}%²\\-+${classOf(`${punctuation}${quotes}|(?:)`)}]$`, 'u');
const upperCase = new RegExp(`^[${upper}]$`, 'u');
const infix = new RegExp(
  [
    '\\.\\.+|…|\\p{So}',
    '(?<=[0-9])[+\\-*^](?=[0-9-])',
    `(?<=[${lower}${classOf(quotes)}])\\.(?=[${upper}${classOf(quotes)}])`,
    `(?<=[${alpha}]),(?=[${alpha}])`,
    `(?<=[${alpha}0-9])(?:-|–|—|--|---|——|~)(?=[${alpha}])`,
    `(?<=[${alpha}0-9])[:<>=/](?=[${alpha}])`,
  ].join('|'),
  'gu',
);

const isPrefixCharacter = setOf(`§%=—–${punctuation}${quotes}${currencySigns}`);
const isSuffixCharacter = setOf(`—–${punctuation}${quotes}`);
const isCurrency = setOf(currencySigns);

function setOf(characters: string): (code: number) => boolean {
  const set = new Set([...characters].map((character) => character.charCodeAt(0)));
  const ascii = Uint8Array.from({ length: 128 }, (_, code) => (set.has(code) ? 1 : 0));
  return (code) => (code < 128 ? ascii[code] === 1 : set.has(code));
}

const fullStop = 0x2e;
const isDigit = (code: number): boolean => code >= 0x30 && code <= 0x39;
const isAsciiLetter = (code: number): boolean => (code | 0x20) >= 0x61 && (code | 0x20) <= 0x7a;

/** Length of the character that begins at `at`, in UTF-16 units. */
const characterLength = (text: string, at: number): number => ((text.codePointAt(at) as number) > 0xffff ? 2 : 1);

/** Where the character that ends at `end` begins, not before `start`. */
function characterStart(text: string, start: number, end: number): number {
  const code = text.charCodeAt(end - 1);
  return code >= 0xdc00 && code <= 0xdfff && end - 2 >= start ? end - 2 : end - 1;
}

function prefixLength(text: string, start: number, end: number): number {
  const code = text.charCodeAt(start);
  if (isAsciiLetter(code)) {
    for (const letters of lettersBeforeDollar) {
      if (start + letters.length < end && text.startsWith(`${letters}$`, start)) return letters.length + 1;
    }
    return 0;
  }
  if (isDigit(code)) return 0;
  if (isPrefixCharacter(code)) return 1;
  if (code === 0x2b) return start + 1 < end && isDigit(text.charCodeAt(start + 1)) ? 0 : 1;
  if (code === fullStop) {
    let stop = start + 1;
    while (stop < end && text.charCodeAt(stop) === fullStop) stop++;
    return stop - start >= 2 ? stop - start : 0;
  }
  if (code < 128) return 0;
  const length = characterLength(text, start);
  return pictograph.test(text.slice(start, start + length)) ? length : 0;
}

/** The longest ending that is peeled off. The lengths are compared since the reference searches from the left. */
function suffixLength(text: string, start: number, end: number): number {
  if (start >= end) return 0;
  const last = text.charCodeAt(end - 1);
  let longest = 0;
  if (isSuffixCharacter(last))
    longest = last === 0x2026 && end - 2 >= start && text.charCodeAt(end - 2) === last ? 2 : 1;
  else if ((last | 0x20) === 0x73 && end - 2 >= start) {
    const before = text.charCodeAt(end - 2);
    if (before === 0x27 || before === 0x2019) longest = 2;
  } else if (last === fullStop) longest = fullStopLength(text, start, end);
  else if (last === 0x2b) longest = end - 2 >= start && isDigit(text.charCodeAt(end - 2)) ? 1 : 0;
  else if (last >= 128) {
    const at = characterStart(text, start, end);
    if (pictograph.test(text.slice(at, end))) longest = end - at;
  }
  return Math.max(longest, unitLength(text, start, end));
}

function fullStopLength(text: string, start: number, end: number): number {
  let first = end - 1;
  while (first > start && text.charCodeAt(first - 1) === fullStop) first--;
  if (end - first >= 2) return end - first;
  if (first === start) return 0;
  const at = characterStart(text, start, first);
  const before = text.slice(at, first);
  if (beforeFullStop.test(before)) return 1;
  if (upperCase.test(before) && at > start) {
    return upperCase.test(text.slice(characterStart(text, start, at), at)) ? 1 : 0;
  }
  if (/^[CFK]$/.test(before) && at > start && text.charCodeAt(at - 1) === 0xb0) return 1;
  return 0;
}

/** Length of a unit of measure or currency sign behind a digit. */
function unitLength(text: string, start: number, end: number): number {
  let first = end;
  while (first > start && end - first <= longestUnit && !isDigit(text.charCodeAt(first - 1))) first--;
  if (first === end || first === start || !isDigit(text.charCodeAt(first - 1))) return 0;
  const candidate = text.slice(first, end);
  if (units.has(candidate) || (candidate.length === 1 && isCurrency(candidate.charCodeAt(0)))) return end - first;
  return candidate.endsWith('$') && lettersBeforeDollar.includes(candidate.slice(0, -1)) ? end - first : 0;
}

const isException = (text: string, start: number, end: number): boolean =>
  end > start && end - start <= longestException && englishExceptions.has(text.slice(start, end));

const host =
  /^(?:(?:[A-Za-z0-9\u00a1-\uffff][A-Za-z0-9\u00a1-\uffff_-]{0,62})?[A-Za-z0-9\u00a1-\uffff]\.)+[\p{Ll}\p{Lo}\p{Lm}]{2,63}(?::\d{2,5})?(?:[/?#]\S*)?$/u;
const numericHost = /^(\d{1,3})\.(\d{1,3})\.(\d{1,3})\.(\d{1,3})(?::\d{2,5})?(?:[/?#]\S*)?$/;
const scheme = /^[\p{L}\p{N}_+.-]{2,64}:\/\//u;

/** Whether a run is a web or mail address, with or without scheme, which stays one word. */
export function isAddress(run: string): boolean {
  if (!run.includes('.')) return false;
  const behindScheme = run.replace(scheme, '');
  for (const rest of behindScheme === run ? [run] : [behindScheme, run]) {
    const first = rest.indexOf('@');
    const starts = first <= 0 ? [0] : [0, first + 1, rest.lastIndexOf('@') + 1];
    if (starts.some((start) => isHost(rest.slice(start)))) return true;
  }
  return false;
}

/** Nothing longer is taken for the name of a host, so that the search ends. */
const longestHost = 2048;

function isHost(text: string): boolean {
  const path = text.search(/[/?#]/);
  if ((path < 0 ? text.length : path) > longestHost) return false;
  const match = numericHost.exec(text);
  if (!match) return host.test(text);
  const [a, b, c, d] = match.slice(1, 5).map(Number) as [number, number, number, number];
  if (a < 1 || a > 223 || b > 255 || c > 255 || d < 1 || d > 254 || a === 10 || a === 127) return false;
  return !((a === 169 && b === 254) || (a === 192 && b === 168) || (a === 172 && b >= 16 && b <= 31));
}

/** Words in the middle of a run, behind prefixes and before suffixes: ends of the words are appended to `ends`. */
function divideMiddle(run: string, start: number, end: number, ends: number[]): void {
  let isPlain = true;
  for (let i = start; i < end && isPlain; i++) isPlain = isAsciiLetter(run.charCodeAt(i)) || isDigit(run.charCodeAt(i));
  if (isPlain) {
    ends.push(end);
    return;
  }
  const middle = run.slice(start, end);
  if (isAddress(middle)) {
    ends.push(end);
    return;
  }
  let from = 0;
  for (const match of middle.matchAll(infix)) {
    if (match.index === 0) continue;
    if (match.index !== from) ends.push(start + match.index);
    from = match.index + match[0].length;
    ends.push(start + from);
  }
  if (from < middle.length) ends.push(end);
}

function pushException(run: string, start: number, end: number, ends: number[]): void {
  let at = start;
  for (const length of englishExceptions.get(run.slice(start, end)) as readonly number[]) {
    at += length;
    ends.push(at);
  }
}

/**
 * The words of a run without white space, as the positions where they end, ascending; the last is the length of the run.
 * Linear in the length of the run.
 */
export function wordEnds(run: string): number[] {
  const ends: number[] = [];
  const suffixStarts: number[] = [];
  let start = 0;
  let end = run.length;
  while (end > start && !isException(run, start, end)) {
    const prefix = prefixLength(run, start, end);
    if (prefix > 0 && isException(run, start + prefix, end)) {
      start += prefix;
      ends.push(start);
      break;
    }
    const suffix = suffixLength(run, start + prefix, end);
    if (prefix === 0 && suffix === 0) break;
    if (suffix > 0 && isException(run, start, end - suffix)) {
      end -= suffix;
      suffixStarts.push(end);
      break;
    }
    if (prefix > 0) {
      start += prefix;
      ends.push(start);
    }
    if (suffix > 0) {
      end -= suffix;
      suffixStarts.push(end);
    }
  }
  if (end > start) {
    if (isException(run, start, end)) pushException(run, start, end, ends);
    else divideMiddle(run, start, end, ends);
  }
  for (let i = suffixStarts.length - 1; i >= 0; i--) ends.push(i > 0 ? (suffixStarts[i - 1] as number) : run.length);
  return ends.length > 1 ? joinExceptions(run, ends) : ends;
}

const affixedException = [...englishExceptions.keys()].filter(
  (word) => prefixLength(word, 0, word.length) > 0 || suffixLength(word, 0, word.length) > 0 || word.search(infix) >= 0,
);
const affixed = new Set(affixedException);

/** Puts together neighbouring words that make an exception, such as the `:` and `)` of an emoticon; the longest first. */
function joinExceptions(run: string, ends: readonly number[]): number[] {
  const joined: number[] = [];
  let start = 0;
  for (let i = 0; i < ends.length; ) {
    let last = i;
    for (let j = i + 1; j < ends.length && (ends[j] as number) - start <= longestException; j++) {
      if (affixed.has(run.slice(start, ends[j]))) last = j;
    }
    const end = ends[last] as number;
    if (last > i) pushException(run, start, end, joined);
    else joined.push(end);
    start = end;
    i = last + 1;
  }
  return joined;
}

/** Whether every character is punctuation by Unicode, which never begins a sentence of its own. */
export const isPunctuation = (word: string): boolean => /^\p{P}+$/u.test(word);

/** Whether a word holds a letter. */
export const hasLetter = (word: string): boolean => /\p{L}/u.test(word);
