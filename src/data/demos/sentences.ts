/** Abbreviations that stand before a name or a clause and never end a sentence. */
const titles = new Set(
  (
    'Mr Mrs Ms Dr Messrs Hon Gen Gens Col Capt Lieut Lt Maj Brig Sgt Adm Com Sen Rep Gov Pres Prof Rev St Ft Mt ' +
    'viz vs cf e.g i.e'
  ).split(' '),
);

/** Abbreviations that end no sentence before a number: `No. 4`, `Dec. 7`. */
const beforeNumbers = new Set(
  (
    'No Nos no nos Art Arts Sec Secs sec Vol vol vols p pp Ch ch cap chap Chap Stat Doc Ex fig ' +
    'Jan Feb Mar Apr Jun Jul Aug Sep Sept Oct Nov Dec'
  ).split(' '),
);

/** Abbreviations, besides initials and dotted letters, that end a sentence only before a word that likes to begin one. */
const inNames = new Set(
  'Jr Sr Inc Co Corp Ltd Bros etc &c cts ct lbs oz ft Pa Va Ga Md Mass Conn Tenn Ky La Tex'.split(' '),
);

/** Words that begin sentences and hardly ever are part of a name. */
const openers = new Set(
  (
    'A About After Again All Along Also Although Among An And Another Any As At Because Before Besides Both But By Can ' +
    'Did Do Does During Each Even Every For From Had Has Have He Her Here His How However I If In Indeed Is It Its Last ' +
    'Let Many May More Most Much Must My Neither Never No Nor Not Nothing Now Of On Once One Only Or Other Others Our Out ' +
    'Over She Should Since So Some Such Than That The Their Then There Therefore These They This Those Though Through ' +
    'Thus To Today Tonight Under Until Upon Was We Were What When Whenever Where Whether Which While Who Why Will With ' +
    'Without Would Yes Yet You Your'
  ).split(' '),
);

const ends = /[.!?]+["'”’)\]]*\s+(?=\([a-z]\) |["'“‘([$]*[\p{Lu}\d])/gu;

/**
 * Where the sentences of English prose begin and end, without the white space between them, in UTF-16 code units. A full
 * stop that belongs to a title, an initial, a number or another abbreviation ends none.
 */
export function sentenceRanges(text: string): { readonly start: number; readonly end: number }[] {
  const ranges: { start: number; end: number }[] = [];
  let start = text.length - text.trimStart().length;
  for (const match of text.matchAll(ends)) {
    const next = match.index + match[0].length;
    const stopped = match.index + 1;
    if (match[0].startsWith('.') && !endsSentence(text.slice(start, stopped), text.slice(next, next + 24))) continue;
    ranges.push({ start, end: match.index + match[0].trimEnd().length });
    start = next;
  }
  const end = text.trimEnd().length;
  if (end > start) ranges.push({ start, end });
  return ranges;
}

/** Whether the full stop at the end of `sentence` ends it, given the text that `follows`. */
function endsSentence(sentence: string, follows: string): boolean {
  // `1. The first`, `(a) The second`, `II. Finances`: a number that begins a sentence.
  if (/^["'“([]*(?:\d{1,3}|[A-Za-z]|[IVXL]+)\)?\.$/.test(sentence)) return false;
  const word = /([^\s("'“‘[$—]+)\.$/.exec(sentence.slice(-24))?.[1];
  if (word === undefined) return true;
  const beforeNumber = /^\d/.test(follows);
  // `4. 5` is a decimal that was torn apart.
  if (beforeNumber && /^\d$/.test(word)) return false;
  if (titles.has(word)) return false;
  if (beforeNumbers.has(word)) return !beforeNumber;
  const isInitial = /^\p{Lu}$/u.test(word) || /^(?:\p{L}\.)+\p{L}$/u.test(word);
  if (!isInitial && !inNames.has(word)) return true;
  return openers.has(/^["'“‘([]*([\p{L}]+)/u.exec(follows)?.[1] ?? '');
}
