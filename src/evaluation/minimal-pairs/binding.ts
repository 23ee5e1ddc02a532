import type { Paradigm } from './paradigm.ts';
import { coin, men, moods, pick, reflexive, reflexiveVerbs, women } from './words.ts';

const saying: readonly string[] = ['said', 'thought', 'knew', 'believed'];

/** Which noun a reflexive pronoun may mean. */
export const binding: readonly Paradigm[] = [
  {
    name: 'the subject of its own clause',
    make: (random) => {
      const isWoman = coin(random);
      const outer = pick(random, isWoman ? men : women);
      const inner = pick(random, isWoman ? women : men);
      const start = `${outer} ${pick(random, saying)} that ${inner} ${pick(random, reflexiveVerbs).past}`;
      return { good: `${start} ${reflexive(isWoman)}.`, bad: `${start} ${reflexive(!isWoman)}.` };
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
      return { good: `${start} ${reflexive(isWoman)}.`, bad: `${start} ${reflexive(!isWoman)}.` };
    },
  },
  {
    name: 'never a subject itself',
    make: (random) => {
      const isWoman = coin(random);
      const start = `${pick(random, isWoman ? women : men)} ${pick(random, saying)} that`;
      const rest = `was ${pick(random, moods)}`;
      return { good: `${start} ${isWoman ? 'she' : 'he'} ${rest}.`, bad: `${start} ${reflexive(isWoman)} ${rest}.` };
    },
  },
  {
    name: 'an object, where a subject cannot stand',
    make: (random) => {
      const isWoman = coin(random);
      const start = `${pick(random, isWoman ? women : men)} ${pick(random, reflexiveVerbs).past}`;
      const rest = pick(random, ['again', 'at last', 'yesterday', 'today']);
      return { good: `${start} ${reflexive(isWoman)} ${rest}.`, bad: `${start} ${isWoman ? 'she' : 'he'} ${rest}.` };
    },
  },
];
