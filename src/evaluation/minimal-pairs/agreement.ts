import type { Paradigm } from './paradigm.ts';
import {
  adjectives,
  coin,
  handlingVerbs,
  irregularPeople,
  irregularThings,
  men,
  moods,
  type Noun,
  names,
  objects,
  people,
  pick,
  pickTwo,
  reflexive,
  reflexiveVerbs,
  regularPeople,
  regularThings,
  socialVerbs,
  soleVerbs,
  strongVerbs,
  women,
} from './words.ts';

const form = (noun: Noun, isPlural: boolean): string => (isPlural ? noun.plural : noun.singular);
const be = (isPlural: boolean): string => (isPlural ? 'are' : 'is');
const was = (isPlural: boolean): string => (isPlural ? 'were' : 'was');
const places: readonly string[] = ['near', 'behind', 'beside', 'next to', 'in front of'];

/** The verb agrees with its subject, whatever stands between. */
export const subjectVerbAgreement: readonly Paradigm[] = [
  {
    name: 'plain verb',
    make: (random) => {
      const isPlural = coin(random);
      const subject = form(pick(random, regularPeople), isPlural);
      const verb = pick(random, soleVerbs);
      const [good, bad] = isPlural ? [verb.base, verb.present] : [verb.present, verb.base];
      return { good: `The ${subject} ${good}.`, bad: `The ${subject} ${bad}.` };
    },
  },
  {
    name: 'plain verb with an object',
    make: (random) => {
      const isPlural = coin(random);
      const subject = form(pick(random, regularPeople), isPlural);
      const verb = pick(random, handlingVerbs);
      const [good, bad] = isPlural ? [verb.base, verb.present] : [verb.present, verb.base];
      const object = pick(random, objects).singular;
      return { good: `The ${subject} ${good} the ${object}.`, bad: `The ${subject} ${bad} the ${object}.` };
    },
  },
  {
    name: 'irregular plural',
    make: (random) => {
      const isPlural = coin(random);
      const subject = form(pick(random, irregularPeople), isPlural);
      const mood = pick(random, moods);
      return {
        good: `The ${subject} ${was(isPlural)} ${mood}.`,
        bad: `The ${subject} ${was(!isPlural)} ${mood}.`,
      };
    },
  },
  {
    name: 'attractor in a phrase of place',
    make: (random) => {
      const isPlural = coin(random);
      const [subject, other] = pickTwo(random, people);
      const start = `The ${form(subject, isPlural)} ${pick(random, places)} the ${form(other, !isPlural)}`;
      const mood = pick(random, moods);
      return { good: `${start} ${be(isPlural)} ${mood}.`, bad: `${start} ${be(!isPlural)} ${mood}.` };
    },
  },
  {
    name: 'attractor in a relative clause',
    make: (random) => {
      const isPlural = coin(random);
      const [subject, other] = pickTwo(random, people);
      const start = `The ${form(subject, isPlural)} that the ${form(other, !isPlural)} ${pick(random, socialVerbs).past}`;
      const mood = pick(random, moods);
      return { good: `${start} ${was(isPlural)} ${mood}.`, bad: `${start} ${was(!isPlural)} ${mood}.` };
    },
  },
  {
    name: 'attractor after "of"',
    make: (random) => {
      const isPlural = coin(random);
      const subject = pick(random, ['picture', 'song', 'story', 'drawing']);
      const plural = subject === 'story' ? 'stories' : `${subject}s`;
      const start = `The ${isPlural ? plural : subject} of the ${form(pick(random, people), !isPlural)}`;
      const quality = pick(random, ['good', 'bad', 'old', 'new', 'well known']);
      return { good: `${start} ${be(isPlural)} ${quality}.`, bad: `${start} ${be(!isPlural)} ${quality}.` };
    },
  },
];

const demonstratives = [
  ['this', 'these'],
  ['that', 'those'],
] as const;

/** Demonstratives agree with their noun. */
export const determinerNounAgreement: readonly Paradigm[] = (
  [
    ['the noun tells', regularThings, false, false],
    ['the noun tells, irregular', irregularThings, false, false],
    ['the noun tells, with an adjective', regularThings, true, false],
    ['the determiner tells', regularThings, false, true],
    ['the determiner tells, irregular', irregularThings, false, true],
    ['the determiner tells, with an adjective', [...regularThings, ...irregularThings], true, true],
  ] as const
).map(([name, list, hasAdjective, isDeterminerChanged]) => ({
  name,
  make: (random) => {
    const isPlural = coin(random);
    const [singular, plural] = pick(random, demonstratives);
    const noun = pick(random, list);
    const adjective = hasAdjective ? `${pick(random, adjectives)} ` : '';
    const start = `${pick(random, names)} ${pick(random, ['saw', 'found', 'liked', 'watched'])}`;
    const sentence = (determinerIsPlural: boolean, nounIsPlural: boolean): string =>
      `${start} ${determinerIsPlural ? plural : singular} ${adjective}${form(noun, nounIsPlural)}.`;
    return {
      good: sentence(isPlural, isPlural),
      bad: isDeterminerChanged ? sentence(!isPlural, isPlural) : sentence(isPlural, !isPlural),
    };
  },
}));

const gendered: readonly { readonly noun: Noun; readonly isWoman: boolean }[] = people.flatMap((noun) => {
  if (['girl', 'queen', 'sister', 'mother', 'daughter', 'woman'].includes(noun.singular))
    return { noun, isWoman: true };
  if (['boy', 'king', 'brother', 'father', 'son', 'man', 'gentleman', 'policeman'].includes(noun.singular)) {
    return { noun, isWoman: false };
  }
  return [];
});

/** A reflexive pronoun agrees with its subject in number and gender. */
export const anaphorAgreement: readonly Paradigm[] = [
  {
    name: 'gender of a name',
    make: (random) => {
      const isWoman = coin(random);
      const start = `${pick(random, isWoman ? women : men)} ${pick(random, reflexiveVerbs).past}`;
      return { good: `${start} ${reflexive(isWoman)}.`, bad: `${start} ${reflexive(!isWoman)}.` };
    },
  },
  {
    name: 'gender of a noun',
    make: (random) => {
      const { noun, isWoman } = pick(random, gendered);
      const start = `The ${noun.singular} ${pick(random, reflexiveVerbs).past}`;
      return { good: `${start} ${reflexive(isWoman)}.`, bad: `${start} ${reflexive(!isWoman)}.` };
    },
  },
  {
    name: 'number',
    make: (random) => {
      const isPlural = coin(random);
      const { noun, isWoman } = pick(random, gendered);
      const start = `The ${form(noun, isPlural)} ${pick(random, reflexiveVerbs).past}`;
      const [good, bad] = isPlural ? ['themselves', reflexive(isWoman)] : [reflexive(isWoman), 'themselves'];
      return { good: `${start} ${good}.`, bad: `${start} ${bad}.` };
    },
  },
  {
    name: 'number, with an attractor',
    make: (random) => {
      const isPlural = coin(random);
      const { noun, isWoman } = pick(random, gendered);
      const other = form(pick(random, people), !isPlural);
      const start = `The ${form(noun, isPlural)} ${pick(random, places)} the ${other} ${pick(random, reflexiveVerbs).past}`;
      const [good, bad] = isPlural ? ['themselves', reflexive(isWoman)] : [reflexive(isWoman), 'themselves'];
      return { good: `${start} ${good}.`, bad: `${start} ${bad}.` };
    },
  },
];

/** Past and participle of verbs in which they differ. */
export const irregularForms: readonly Paradigm[] = [
  {
    name: 'past',
    make: (random) => {
      const { past, participle } = pick(random, strongVerbs);
      const [start, object] = [`The ${pick(random, people).singular}`, pick(random, objects).singular];
      return { good: `${start} ${past} the ${object}.`, bad: `${start} ${participle} the ${object}.` };
    },
  },
  {
    name: 'past in a relative clause',
    make: (random) => {
      const { past, participle } = pick(random, strongVerbs);
      const start = `The ${pick(random, people).singular} who`;
      const rest = `the ${pick(random, objects).singular} was ${pick(random, moods)}`;
      return { good: `${start} ${past} ${rest}.`, bad: `${start} ${participle} ${rest}.` };
    },
  },
  {
    name: 'perfect',
    make: (random) => {
      const { past, participle } = pick(random, strongVerbs);
      const [start, object] = [`The ${pick(random, people).singular} has`, pick(random, objects).singular];
      return { good: `${start} ${participle} the ${object}.`, bad: `${start} ${past} the ${object}.` };
    },
  },
  {
    name: 'passive',
    make: (random) => {
      const { past, participle } = pick(random, strongVerbs);
      const start = `The ${pick(random, objects).singular} was`;
      const by = `by the ${pick(random, people).singular}`;
      return { good: `${start} ${participle} ${by}.`, bad: `${start} ${past} ${by}.` };
    },
  },
];
