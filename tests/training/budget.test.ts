import { expect, test } from 'vitest';
import { parseDuration, parseQuantity } from '../../src/training/budget.ts';

test.each([
  ['90s', 90_000],
  ['10m', 600_000],
  ['1h30m', 5_400_000],
  ['1.5h', 5_400_000],
  ['250 ms', 250],
  ['2d', 172_800_000],
  [' 5M ', 300_000],
])('%s is a length of time', (text, expected) => {
  expect(parseDuration(text)).toBe(expected);
});

test.each(['', '10', 'm', '10 minutes', '-5m', '0s', '1e3s', '5m!', '400d', 'NaNs'])('"%s" is none', (text) => {
  expect(() => parseDuration(text)).toThrow(`the budget of time is "${text}"`);
});

test.each([
  ['2000000', 2e6],
  ['20M', 20e6],
  ['1.5G', 1.5e9],
  ['3e15', 3e15],
  ['2.5e3k', 2.5e6],
])('%s is a number of tokens', (text, expected) => {
  expect(parseQuantity(text, 'tokens')).toBe(expected);
});

test.each(['', '0', '-1', '20 apples', '1e400', 'e5', '0.5'])('"%s" is none', (text) => {
  expect(() => parseQuantity(text, 'tokens')).toThrow(`the number of tokens is "${text}"`);
});
