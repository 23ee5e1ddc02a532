import type { RandomStream } from '../../core/index.ts';

/** A noun in both numbers. */
export interface Noun {
  readonly singular: string;
  readonly plural: string;
}

/** A verb in the forms that sentences need. */
export interface Verb {
  readonly base: string;
  /** He or she … */
  readonly present: string;
  readonly past: string;
  /** Has … */
  readonly participle: string;
  /** Is … */
  readonly progressive: string;
}

const nouns = (list: string): Noun[] =>
  list.split(' ').map((entry) => {
    const [singular = '', plural = `${singular}s`] = entry.split('/');
    return { singular, plural };
  });

const verbs = (list: string): Verb[] =>
  list.split(' ').map((entry) => {
    const [base = '', present = '', past = '', participle = past, progressive = `${base}ing`] = entry.split('/');
    return { base, present, past, participle, progressive };
  });

/** People, with plurals in -s. */
export const regularPeople = nouns(
  'boy girl teacher doctor farmer friend soldier student lawyer worker driver singer writer king queen brother sister neighbor guest father mother son daughter officer captain judge',
);
/** People and animals whose plural has a form of its own. */
export const irregularPeople = nouns('man/men woman/women child/children policeman/policemen gentleman/gentlemen');
export const people = [...regularPeople, ...irregularPeople];

export const regularThings = nouns(
  'book letter house car picture chair table door river garden window bridge ship boat hat coat cup plate bottle lamp ring key ticket flag hill tree',
);
export const irregularThings = nouns(
  'knife/knives shelf/shelves leaf/leaves tooth/teeth foot/feet mouse/mice goose/geese wolf/wolves loaf/loaves',
);

/** What one can hold, buy and hide. */
export const objects = nouns(
  'book letter picture chair table hat coat cup plate bottle lamp ring key ticket flag box/boxes bag clock',
);
/** What cannot be counted. */
export const substances: readonly string[] =
  'water milk sugar money bread rice sand snow gold wine coffee butter'.split(' ');

export const women: readonly string[] = 'Mary Anna Sarah Emma Alice Jane Susan Helen Laura Julia Kate Rose'.split(' ');
export const men: readonly string[] =
  'John David James Peter Paul Thomas George Henry Robert William Richard Frank'.split(' ');
export const names: readonly string[] = [...women, ...men];

/** What people do with things; past and participle are one form or two. */
export const handlingVerbs = verbs(
  'find/finds/found/found/finding buy/buys/bought/bought/buying sell/sells/sold/sold/selling paint/paints/painted carry/carries/carried/carried/carrying ' +
    'want/wants/wanted need/needs/needed keep/keeps/kept hold/holds/held bring/brings/brought clean/cleans/cleaned lose/loses/lost/lost/losing ' +
    'break/breaks/broke/broken wear/wears/wore/worn throw/throws/threw/thrown steal/steals/stole/stolen take/takes/took/taken/taking see/sees/saw/seen/seeing ' +
    'draw/draws/drew/drawn choose/chooses/chose/chosen/choosing',
);

/** Those whose participle is not their past. */
export const strongVerbs = handlingVerbs.filter(({ past, participle }) => past !== participle);

/** What people do with people. */
export const socialVerbs = verbs(
  'help/helps/helped see/sees/saw/seen meet/meets/met/met/meeting know/knows/knew/known thank/thanks/thanked visit/visits/visited call/calls/called ' +
    'follow/follows/followed teach/teaches/taught hear/hears/heard trust/trusts/trusted/trusted/trusting',
);

/** What people do alone. */
export const soleVerbs = verbs(
  'sleep/sleeps/slept laugh/laughs/laughed smile/smiles/smiled/smiled/smiling arrive/arrives/arrived/arrived/arriving walk/walks/walked ' +
    'cry/cries/cried/cried/crying wait/waits/waited talk/talks/talked dance/dances/danced/danced/dancing die/dies/died/died/dying fall/falls/fell/fallen ' +
    'swim/swims/swam/swum/swimming sing/sings/sang/sung',
);

/** What people do alone, and never to anything: “slept the letter” is wrong for each. */
export const plainVerbs = soleVerbs.filter(({ base }) =>
  ['sleep', 'laugh', 'smile', 'arrive', 'cry', 'talk', 'die', 'fall'].includes(base),
);

/** What people do to something, and never without naming it: “took yesterday” is wrong for each. They have a passive, too. */
export const strictVerbs = verbs(
  'find/finds/found/found/finding bring/brings/brought need/needs/needed want/wants/wanted take/takes/took/taken/taking ' +
    'keep/keeps/kept buy/buys/bought make/makes/made/made/making',
);

/** What people do to themselves. */
export const reflexiveVerbs = verbs(
  'help/helps/helped hurt/hurts/hurt hide/hides/hid/hidden/hiding see/sees/saw/seen/seeing blame/blames/blamed/blamed/blaming trust/trusts/trusted ' +
    'know/knows/knew/known save/saves/saved/saved/saving teach/teaches/taught protect/protects/protected',
);

export const adjectives: readonly string[] = 'old new big small red green white black good bad long heavy'.split(' ');
export const moods: readonly string[] = 'happy sad tired angry old young tall strong poor sick rich late'.split(' ');
export const numbers: readonly string[] = 'two three four five six seven eight ten'.split(' ');

/** “herself” or “himself”. */
export const reflexive = (isWoman: boolean): string => (isWoman ? 'herself' : 'himself');

/** Heads or tails. */
export const coin = (random: RandomStream): boolean => random.nextInteger(2) === 1;

/** One of a list, by a draw of the stream. */
export function pick<T>(random: RandomStream, list: readonly T[]): T {
  return list[random.nextInteger(list.length)] as T;
}

/** Two different ones of a list. */
export function pickTwo<T>(random: RandomStream, list: readonly T[]): readonly [T, T] {
  const first = random.nextInteger(list.length);
  const second = random.nextInteger(list.length - 1);
  return [list[first] as T, list[second < first ? second : second + 1] as T];
}
