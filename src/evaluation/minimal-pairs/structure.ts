import type { Paradigm } from './paradigm.ts';
import {
  handlingVerbs,
  men,
  moods,
  names,
  numbers,
  objects,
  people,
  pick,
  pickTwo,
  reflexiveVerbs,
  socialVerbs,
  soleVerbs,
  substances,
  things,
  withArticle,
  women,
} from './words.ts';

/** What a verb wants beside its subject. */
export const argumentStructure: readonly Paradigm[] = [
  {
    name: 'an object with a verb that takes none',
    make: (random) => {
      const [subject, object] = [pick(random, people).singular, pick(random, objects).singular];
      const sentence = (verb: string): string => `The ${subject} ${verb} the ${object}.`;
      return {
        good: sentence(pick(random, handlingVerbs).past),
        bad: sentence(pick(random, ['slept', 'laughed', 'smiled', 'arrived', 'cried', 'waited', 'talked', 'fell'])),
      };
    },
  },
  {
    name: 'no object with a verb that wants one',
    make: (random) => {
      const subject = pick(random, people);
      const start = `The ${random.nextInteger(2) === 0 ? subject.singular : subject.plural}`;
      const rest = pick(random, [' yesterday', ' last night', ' this morning', ' again', ' at last', ' in the garden']);
      const bad = pick(random, ['found', 'brought', 'needed', 'carried', 'held', 'thanked', 'wanted', 'trusted']);
      return { good: `${start} ${pick(random, soleVerbs).past}${rest}.`, bad: `${start} ${bad}${rest}.` };
    },
  },
  {
    name: 'passive of a verb that has none',
    make: (random) => {
      const [patient, agent] = pickTwo(random, people);
      const sentence = (verb: string): string => `The ${patient.singular} was ${verb} by the ${agent.singular}.`;
      return {
        good: sentence(pick(random, socialVerbs).participle),
        bad: sentence(pick(random, ['slept', 'laughed', 'smiled', 'arrived', 'died', 'fallen', 'waited', 'come'])),
      };
    },
  },
  {
    name: 'a thing that acts',
    make: (random) => {
      const [agent, thing] = [pick(random, people).singular, pick(random, objects).singular];
      const verb = pick(random, ['wanted', 'found', 'bought', 'stole', 'needed', 'painted', 'sold', 'chose']);
      return { good: `The ${agent} ${verb} the ${thing}.`, bad: `The ${thing} ${verb} the ${agent}.` };
    },
  },
];

const reflexiveOf = (isWoman: boolean): string => (isWoman ? 'herself' : 'himself');

/** Which noun a reflexive pronoun may mean. */
export const binding: readonly Paradigm[] = [
  {
    name: 'the subject of its own clause',
    make: (random) => {
      const isWoman = random.nextInteger(2) === 0;
      const outer = pick(random, isWoman ? men : women);
      const inner = pick(random, isWoman ? women : men);
      const start = `${outer} ${pick(random, ['said', 'thought', 'knew', 'believed'])} that ${inner} ${pick(random, reflexiveVerbs).past}`;
      return { good: `${start} ${reflexiveOf(isWoman)}.`, bad: `${start} ${reflexiveOf(!isWoman)}.` };
    },
  },
  {
    name: 'not a noun inside of the subject',
    make: (random) => {
      const [kin, isWoman] = pick(random, [
        ['brother', false],
        ['father', false],
        ['son', false],
        ['sister', true],
        ['mother', true],
        ['daughter', true],
      ] as const);
      const start = `The ${kin} of ${pick(random, isWoman ? men : women)} ${pick(random, reflexiveVerbs).past}`;
      return { good: `${start} ${reflexiveOf(isWoman)}.`, bad: `${start} ${reflexiveOf(!isWoman)}.` };
    },
  },
  {
    name: 'never a subject itself',
    make: (random) => {
      const isWoman = random.nextInteger(2) === 0;
      const start = `${pick(random, isWoman ? women : men)} ${pick(random, ['said', 'thought', 'knew', 'believed'])} that`;
      const rest = `was ${pick(random, moods)}`;
      return { good: `${start} ${isWoman ? 'she' : 'he'} ${rest}.`, bad: `${start} ${reflexiveOf(isWoman)} ${rest}.` };
    },
  },
];

/** Verbs and adjectives that seem alike and differ in whose action is meant. */
export const controlAndRaising: readonly Paradigm[] = [
  {
    name: '"there" with verbs',
    make: (random) => {
      const thing = pick(random, things).singular;
      const sentence = (verb: string): string => `There ${verb} to be ${withArticle(thing)} ${place}.`;
      const place = pick(random, ['here', 'in the room', 'near the house', 'on the hill']);
      const good = pick(random, ['seemed', 'appeared', 'used', 'happened']);
      return { good: sentence(good), bad: sentence(pick(random, ['tried', 'wanted', 'hoped', 'decided'])) };
    },
  },
  {
    name: '"it" with adjectives',
    make: (random) => {
      const rest = `that the ${pick(random, people).singular} will ${pick(random, soleVerbs).base}`;
      const good = pick(random, ['likely', 'certain', 'clear', 'possible']);
      return {
        good: `It is ${good} ${rest}.`,
        bad: `It is ${pick(random, ['eager', 'willing', 'ready', 'able'])} ${rest}.`,
      };
    },
  },
  {
    name: 'adjectives with someone to act on',
    make: (random) => {
      const [first, second] = pickTwo(random, people);
      const verb = pick(random, socialVerbs).base;
      const start = `It was`;
      const rest = `for the ${first.singular} to ${verb} the ${second.singular}`;
      const good = pick(random, ['easy', 'hard', 'good', 'important']);
      return {
        good: `${start} ${good} ${rest}.`,
        bad: `${start} ${pick(random, ['eager', 'willing', 'able', 'ready'])} ${rest}.`,
      };
    },
  },
];

/** What may be left out in the second of two sentences. */
export const ellipsis: readonly Paradigm[] = [
  {
    name: 'a noun behind a number',
    make: (random) => {
      const [first, second] = pickTwo(random, names);
      const adjective = pick(random, ['old', 'new', 'big', 'small', 'red', 'green', 'heavy']);
      const { plural } = pick(random, objects);
      const verb = pick(random, handlingVerbs).past;
      const [many, few] = pickTwo(random, numbers);
      return {
        good: `${first} ${verb} ${many} ${adjective} ${plural} and ${second} ${verb} ${few}.`,
        bad: `${first} ${verb} ${many} ${plural} and ${second} ${verb} ${few} ${adjective}.`,
      };
    },
  },
  {
    name: 'a verb behind its helper',
    make: (random) => {
      const [first, second] = pickTwo(random, people);
      const verb = pick(random, soleVerbs);
      const [start, good, bad] = pick(random, [
        [`has ${verb.participle}`, 'has', 'is'],
        [`is ${verb.progressive}`, 'is', 'has'],
        [`can ${verb.base}`, 'can', 'is'],
        [`will ${verb.base}`, 'will', 'has'],
      ] as const);
      const sentence = (helper: string): string =>
        `The ${first.singular} ${start}, and the ${second.singular} ${helper} too.`;
      return { good: sentence(good), bad: sentence(bad) };
    },
  },
];

const knowing: readonly string[] = ['knew', 'remembered', 'forgot', 'saw', 'heard'];

/** A question word leaves a gap where its answer would stand. */
export const fillerGap: readonly Paradigm[] = [
  {
    name: 'that and a gap',
    make: (random) => {
      const [first, second] = pickTwo(random, names);
      const verb = pick(random, ['found', 'bought', 'wanted', 'took', 'needed', 'brought', 'stole', 'chose']);
      const sentence = (word: string): string => `${first} ${start} ${word} ${second} ${verb}.`;
      const start = pick(random, knowing);
      return { good: sentence('what'), bad: sentence('that') };
    },
  },
  {
    name: 'what and no gap',
    make: (random) => {
      const [first, second] = pickTwo(random, names);
      const rest = `${second} ${pick(random, handlingVerbs).past} the ${pick(random, objects).singular}`;
      const start = `${first} ${pick(random, knowing)}`;
      return { good: `${start} that ${rest}.`, bad: `${start} what ${rest}.` };
    },
  },
  {
    name: 'a relative clause with its noun once more',
    make: (random) => {
      const [first, second] = pickTwo(random, people);
      const verb = pick(random, socialVerbs).past;
      const rest = `was ${pick(random, moods)}`;
      const start = `The ${first.singular} that the ${second.singular} ${verb}`;
      return { good: `${start} ${rest}.`, bad: `${start} the ${pick(random, people).singular} ${rest}.` };
    },
  },
];

/** Places that a question word cannot come from. */
export const islands: readonly Paradigm[] = [
  {
    name: 'adjunct',
    make: (random) => {
      const [first, second] = pickTwo(random, names);
      const [verb, other] = pickTwo(random, socialVerbs);
      const link = pick(random, ['after', 'before', 'without', 'while']);
      return {
        good: `Who did ${first} ${verb.base} ${link} ${other.progressive} ${second}?`,
        bad: `Who did ${first} ${verb.base} ${second} ${link} ${other.progressive}?`,
      };
    },
  },
  {
    name: 'coordination',
    make: (random) => {
      const [first, second] = pickTwo(random, names);
      const verb = pick(random, handlingVerbs).base;
      return { good: `What did ${first} and ${second} ${verb}?`, bad: `What did ${first} ${verb} and ${second}?` };
    },
  },
  {
    name: 'left branch',
    make: (random) => {
      const { singular } = pick(random, objects);
      const [subject, verb] = [pick(random, names), pick(random, handlingVerbs).base];
      return { good: `Whose ${singular} did ${subject} ${verb}?`, bad: `Whose did ${subject} ${verb} ${singular}?` };
    },
  },
  {
    name: 'relative clause',
    make: (random) => {
      const [verb, other] = pickTwo(random, socialVerbs);
      const name = pick(random, names);
      const start = `Who did the ${pick(random, people).singular} who ${verb.past}`;
      return { good: `${start} ${name} ${other.base}?`, bad: `${start} ${other.base} ${name}?` };
    },
  },
];

/** Words such as “ever” that want a negation or a question in front of them. */
export const negativePolarity: readonly Paradigm[] = [
  {
    name: 'ever, under a negative subject',
    make: (random) => {
      const { singular } = pick(random, people);
      const rest = `${singular} has ever ${pick(random, soleVerbs).participle}`;
      return { good: `No ${rest}.`, bad: `${pick(random, ['Some', 'The', 'Every', 'This'])} ${rest}.` };
    },
  },
  {
    name: 'ever, under "not"',
    make: (random) => {
      const subject =
        random.nextInteger(2) === 0 ? `The ${pick(random, people).plural}` : `Those ${pick(random, people).plural}`;
      const rest = `ever ${pick(random, soleVerbs).participle}`;
      const bad = pick(random, ['really', 'often', 'probably', 'certainly']);
      return { good: `${subject} have not ${rest}.`, bad: `${subject} have ${bad} ${rest}.` };
    },
  },
  {
    name: 'ever, in a question',
    make: (random) => {
      const subject = `the ${pick(random, people).singular}`;
      const rest = `ever ${pick(random, soleVerbs).participle}`;
      return { good: `Has ${subject} ${rest}?`, bad: `T${subject.slice(1)} has ${rest}.` };
    },
  },
  {
    name: 'any, under a negative subject',
    make: (random) => {
      const rest = `${pick(random, handlingVerbs).past} any ${pick(random, objects).plural}`;
      return {
        good: `${pick(random, ['Nobody', 'No one'])} ${rest}.`,
        bad: `${pick(random, ['Somebody', 'Someone', 'Everyone'])} ${rest}.`,
      };
    },
  },
];

/** Words of quantity and what they may stand before. */
export const quantifiers: readonly Paradigm[] = [
  {
    name: 'there is every',
    make: (random) => {
      const { singular, plural } = pick(random, objects);
      const place = pick(random, ['on the table', 'in the house', 'under the bed', 'behind the door', 'in the box']);
      const isPlural = random.nextInteger(2) === 0;
      return isPlural
        ? {
            good: `There were ${pick(random, ['some', 'many', 'few', 'no'])} ${plural} ${place}.`,
            bad: `There were ${pick(random, ['all', 'most'])} ${plural} ${place}.`,
          }
        : {
            good: `There was ${withArticle(singular)} ${place}.`,
            bad: `There was ${pick(random, ['each', 'every'])} ${singular} ${place}.`,
          };
    },
  },
  {
    name: 'many and much',
    make: (random) => {
      const [start, isCounted] = [`${pick(random, names)} had`, random.nextInteger(2) === 0];
      const noun = isCounted ? pick(random, objects).plural : pick(random, substances);
      const [counted, uncounted] = pick(random, [
        ['many', 'much'],
        ['too many', 'too much'],
        ['very few', 'very little'],
        ['fewer', 'less'],
      ] as const);
      const [good, bad] = isCounted ? [counted, uncounted] : [uncounted, counted];
      return { good: `${start} ${good} ${noun}.`, bad: `${start} ${bad} ${noun}.` };
    },
  },
  {
    name: 'number of the noun',
    make: (random) => {
      const noun = pick(random, objects);
      const isPlural = random.nextInteger(2) === 0;
      const word = pick(
        random,
        isPlural ? ['all', 'several', 'many', ...numbers] : ['every', 'each', 'another', 'one'],
      );
      const start = `${pick(random, names)} ${pick(random, handlingVerbs).past} ${word}`;
      const [good, bad] = isPlural ? [noun.plural, noun.singular] : [noun.singular, noun.plural];
      return { good: `${start} ${good}.`, bad: `${start} ${bad}.` };
    },
  },
];
