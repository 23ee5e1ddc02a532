import type { Paradigm } from './paradigm.ts';
import {
  coin,
  handlingVerbs,
  type Noun,
  names,
  numbers,
  objects,
  people,
  pick,
  pickTwo,
  plainVerbs,
  socialVerbs,
  soleVerbs,
  strictVerbs,
  substances,
} from './words.ts';

/** What a verb wants beside its subject. */
export const argumentStructure: readonly Paradigm[] = [
  {
    name: 'an object with a verb that takes none',
    make: (random) => {
      const [subject, object] = [pick(random, people).singular, pick(random, objects).singular];
      const sentence = (verb: string): string => `The ${subject} ${verb} the ${object}.`;
      return { good: sentence(pick(random, strictVerbs).past), bad: sentence(pick(random, plainVerbs).past) };
    },
  },
  {
    name: 'no object with a verb that wants one',
    make: (random) => {
      const subject = pick(random, people);
      const start = `The ${coin(random) ? subject.singular : subject.plural}`;
      const rest = pick(random, ['yesterday', 'last night', 'this morning', 'again', 'at last']);
      const sentence = (verb: string): string => `${start} ${verb} ${rest}.`;
      return { good: sentence(pick(random, plainVerbs).past), bad: sentence(pick(random, strictVerbs).past) };
    },
  },
  {
    name: 'passive of a verb that has none',
    make: (random) => {
      const [patient, agent] = pickTwo(random, people);
      const sentence = (verb: string): string => `The ${patient.singular} was ${verb} by the ${agent.singular}.`;
      return {
        good: sentence(pick(random, strictVerbs).participle),
        bad: sentence(pick(random, plainVerbs).participle),
      };
    },
  },
  {
    name: 'perfect without an object',
    make: (random) => {
      const subject = pick(random, people).singular;
      const rest = pick(random, ['again', 'at last', 'today', 'once more']);
      const sentence = (verb: string): string => `The ${subject} has ${verb} ${rest}.`;
      return {
        good: sentence(pick(random, plainVerbs).participle),
        bad: sentence(pick(random, strictVerbs).participle),
      };
    },
  },
];

const raising: readonly string[] = ['seemed', 'appeared', 'happened'];
const control: readonly string[] = ['hoped', 'decided', 'agreed', 'claimed'];
/** Of a whole state of affairs, never of someone who is to do something. */
const ofFacts: readonly string[] = ['possible', 'obvious', 'probable', 'true'];
/** Of someone who is to do something. */
const ofActors: readonly string[] = ['eager', 'willing', 'able', 'ready'];
const ofDeeds: readonly string[] = ['easy', 'hard', 'important', 'possible'];
const ofDoers: readonly string[] = ['able', 'unable'];

/** Verbs and adjectives that seem alike and differ in whose action is meant. */
export const controlAndRaising: readonly Paradigm[] = [
  {
    name: '"there" with verbs',
    make: (random) => {
      const thing = pick(random, objects).plural;
      const many = pick(random, ['some', 'many', 'few', ...numbers]);
      const place = pick(random, ['here', 'in the room', 'near the house', 'on the hill']);
      const sentence = (verb: string): string => `There ${verb} to be ${many} ${thing} ${place}.`;
      return { good: sentence(pick(random, raising)), bad: sentence(pick(random, control)) };
    },
  },
  {
    name: 'someone, with verbs that say something',
    make: (random) => {
      const [first, second] = pickTwo(random, people);
      const rest = `that the ${second.singular} ${pick(random, soleVerbs).past}`;
      const sentence = (verb: string): string => `The ${first.singular} ${verb} ${rest}.`;
      return { good: sentence(pick(random, control)), bad: sentence(pick(random, raising)) };
    },
  },
  {
    name: '"it" with adjectives',
    make: (random) => {
      const rest = `that the ${pick(random, people).singular} will ${pick(random, soleVerbs).base}`;
      const sentence = (adjective: string): string => `It is ${adjective} ${rest}.`;
      return { good: sentence(pick(random, ofFacts)), bad: sentence(pick(random, ofActors)) };
    },
  },
  {
    name: 'someone, with adjectives',
    make: (random) => {
      const [subject, verb] = [pick(random, people).singular, pick(random, soleVerbs).base];
      const sentence = (adjective: string): string => `The ${subject} is ${adjective} to ${verb}.`;
      return { good: sentence(pick(random, ofActors)), bad: sentence(pick(random, ofFacts)) };
    },
  },
  {
    name: 'adjectives of what is done',
    make: (random) => {
      const [first, second] = pickTwo(random, people);
      const rest = `for the ${first.singular} to ${pick(random, socialVerbs).base} the ${second.singular}`;
      const sentence = (adjective: string): string => `It was ${adjective} ${rest}.`;
      return { good: sentence(pick(random, ofDeeds)), bad: sentence(pick(random, ofDoers)) };
    },
  },
  {
    name: 'adjectives of who does it',
    make: (random) => {
      const [first, second] = pickTwo(random, people);
      const rest = `to ${pick(random, socialVerbs).base} the ${second.singular}`;
      const sentence = (adjective: string): string => `The ${first.singular} was ${adjective} ${rest}.`;
      return { good: sentence(pick(random, ofDoers)), bad: sentence(pick(random, ofDeeds)) };
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
      const [start, verb] = [pick(random, knowing), pick(random, strictVerbs).past];
      const sentence = (word: string): string => `${first} ${start} ${word} ${second} ${verb}.`;
      return { good: sentence('what'), bad: sentence('that') };
    },
  },
  {
    name: 'what and no gap',
    make: (random) => {
      const [first, second] = pickTwo(random, names);
      const rest = `${second} ${pick(random, strictVerbs).past} the ${pick(random, objects).singular}`;
      const start = `${first} ${pick(random, knowing)}`;
      return { good: `${start} that ${rest}.`, bad: `${start} what ${rest}.` };
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

const someone = (noun: Noun, isPlural: boolean): string => (isPlural ? noun.plural : noun.singular);

/** Words such as “ever” that want a negation above them, or a question: one beside them does not count. */
export const negativePolarity: readonly Paradigm[] = [
  {
    name: 'ever, and "no" in a relative clause',
    make: (random) => {
      // Not at the beginning, where a capital would make other words of the two.
      const start = `${pick(random, names)} ${pick(random, ['said', 'knew', 'thought'])} that`;
      const [subject, other] = pickTwo(random, people);
      const rest = `${pick(random, socialVerbs).past} has ever ${pick(random, soleVerbs).participle}`;
      return {
        good: `${start} no ${subject.singular} that the ${other.singular} ${rest}.`,
        bad: `${start} the ${subject.singular} that no ${other.singular} ${rest}.`,
      };
    },
  },
  {
    name: 'ever, and "not" in a relative clause',
    make: (random) => {
      const start = `The ${pick(random, people).plural} who were`;
      const mood = pick(random, ['happy', 'sad', 'tired', 'angry', 'sick', 'poor']);
      const rest = `ever ${pick(random, soleVerbs).participle}`;
      return { good: `${start} ${mood} have not ${rest}.`, bad: `${start} not ${mood} have ${rest}.` };
    },
  },
  {
    name: 'ever, without the order of a question',
    make: (random) => {
      const isPlural = coin(random);
      const subject = `the ${someone(pick(random, people), isPlural)}`;
      const rest = `ever ${pick(random, soleVerbs).participle}`;
      const helper = isPlural ? 'have' : 'has';
      const start = `${pick(random, names)},`;
      return { good: `${start} ${helper} ${subject} ${rest}?`, bad: `${start} ${subject} ${helper} ${rest}?` };
    },
  },
  {
    name: 'any, and "no" in a relative clause',
    make: (random) => {
      // Not at the beginning, where a capital would make other words of the two.
      const start = `${pick(random, names)} ${pick(random, ['said', 'knew', 'thought'])} that`;
      const [subject, other] = pickTwo(random, people);
      const rest = `${pick(random, socialVerbs).past} has ${pick(random, strictVerbs).participle} any ${pick(random, objects).plural}`;
      return {
        good: `${start} no ${subject.singular} that the ${other.singular} ${rest}.`,
        bad: `${start} the ${subject.singular} that no ${other.singular} ${rest}.`,
      };
    },
  },
];

const places: readonly string[] = [
  'on the table',
  'in the house',
  'under the bed',
  'behind the door',
  'in the box',
  'near the window',
];
const weakQuantifiers: readonly string[] = ['some', 'many', 'few', 'several'];

/** Words of quantity and what they may stand before. */
export const quantifiers: readonly Paradigm[] = [
  {
    name: 'there are all',
    make: (random) => {
      const rest = `${pick(random, objects).plural} ${pick(random, places)}`;
      return { good: `There were ${pick(random, weakQuantifiers)} ${rest}.`, bad: `There were all ${rest}.` };
    },
  },
  {
    name: 'almost some',
    make: (random) => {
      const rest = `${pick(random, objects).plural} were ${pick(random, places)}`;
      return { good: `Almost all ${rest}.`, bad: `Almost ${pick(random, weakQuantifiers)} ${rest}.` };
    },
  },
  {
    name: 'many and much',
    make: (random) => {
      const [start, isCounted] = [`${pick(random, names)} had`, coin(random)];
      const noun = isCounted ? pick(random, objects).plural : pick(random, substances);
      const [counted, uncounted] = pick(random, [
        ['many', 'much'],
        ['too many', 'too much'],
        ['very few', 'very little'],
        ['so many', 'so much'],
      ] as const);
      const [good, bad] = isCounted ? [counted, uncounted] : [uncounted, counted];
      return { good: `${start} ${good} ${noun}.`, bad: `${start} ${bad} ${noun}.` };
    },
  },
  {
    name: 'number of the noun',
    make: (random) => {
      const noun = pick(random, objects);
      const isPlural = coin(random);
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
