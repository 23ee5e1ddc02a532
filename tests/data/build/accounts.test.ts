import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { Accounts, sampleOf } from '../../../src/data/build/accounts.ts';

const place = { source: 'a.txt', line: 1, byteOffset: 0 };

type Event = readonly ['keep' | 'remove' | 'edit', rule: string, bytes: number];
const event: fc.Arbitrary<Event> = fc.tuple(
  fc.constantFrom('keep' as const, 'remove' as const, 'edit' as const),
  fc.constantFrom('a/x', 'a/y', 'b/x'),
  fc.nat(1000),
);

function book(events: readonly (Event & { readonly number?: number })[], first = 0): Accounts {
  const accounts = new Accounts();
  for (const [i, [kind, rule, bytes]] of events.entries()) {
    const sample = () => sampleOf({ ...place, line: first + i }, `${kind} ${rule}`);
    accounts.read(1, bytes);
    accounts.language(rule === 'b/x' ? 'en' : 'de', bytes);
    if (kind === 'remove') accounts.removed(rule, bytes, sample);
    if (kind === 'edit') accounts.edited(rule, bytes, sample);
  }
  return accounts;
}

describe('the books', () => {
  test('are the same for the whole as for the sum of any parts', () => {
    fc.assert(
      fc.property(fc.array(event, { maxLength: 60 }), fc.nat(60), fc.nat(60), (events, one, other) => {
        const [a, b] = [Math.min(one, other, events.length), Math.min(Math.max(one, other), events.length)];
        const sum = new Accounts();
        sum.add(book(events.slice(0, a)).data());
        sum.add(book(events.slice(a, b), a).data());
        sum.add(book(events.slice(b), b).data());
        expect(sum.data(['b', 'a'])).toEqual(book(events).data(['b', 'a']));
      }),
    );
  });

  test('list rules in the order of the steps, then by name', () => {
    const accounts = new Accounts();
    for (const rule of ['b/x', 'a/z', 'c', 'a/y', 'ab/q']) accounts.removed(rule, 1, () => sampleOf(place, rule));
    expect(accounts.data(['c', 'b', 'a']).removed.map(({ rule }) => rule)).toEqual(['c', 'b/x', 'a/y', 'a/z', 'ab/q']);
  });

  test('keep the first five examples of a rule', () => {
    const accounts = new Accounts();
    for (let i = 0; i < 9; i++) accounts.removed('a', 1, () => sampleOf(place, String(i)));
    expect(accounts.data().removed[0]?.samples.map(({ excerpt }) => excerpt)).toEqual(['0', '1', '2', '3', '4']);
  });
});

test('an excerpt is cut at 300 characters, and not within one', () => {
  expect(sampleOf(place, 'x'.repeat(300)).excerpt).toBe('x'.repeat(300));
  expect(sampleOf(place, 'x'.repeat(301)).excerpt).toBe(`${'x'.repeat(300)}…`);
  expect(sampleOf(place, `${'x'.repeat(299)}😀y`).excerpt).toBe(`${'x'.repeat(299)}…`);
});
