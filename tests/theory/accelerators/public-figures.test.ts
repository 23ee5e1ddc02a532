import { describe, expect, test } from 'vitest';
import { foretoldMemory, foretoldSpeed } from '../../../bench/fleet/held-against.ts';
import { memoryCases, speedCases } from '../../../bench/fleet/public-cases.ts';

describe('memory of a device, held against figures that others published', () => {
  for (const one of memoryCases.filter(({ published }) => !published.isUpperEnd)) {
    test(`${one.name}: within a tenth, of float8 at least 70 %`, () => {
      const ratio = foretoldMemory(one) / one.published.bytes;
      // float8 holds what the formula does not know; the others are met to a tenth.
      expect(ratio).toBeGreaterThan(one.name.includes('float8') ? 0.7 : 0.9);
      expect(ratio).toBeLessThan(1.1);
    });
  }

  test('what FSDP over 128 instead of 8 devices saves is as published, to a tenth', () => {
    const of = (devices: number) =>
      memoryCases.find(({ name }) => name.startsWith(`torchtitan, Llama 3.1 8B, ${devices} `));
    const [few, many] = [of(8), of(128)];
    if (few === undefined || many === undefined) throw new Error('the cases are in the table');
    const published = few.published.bytes - many.published.bytes;
    expect((foretoldMemory(few) - foretoldMemory(many)) / published).toBeGreaterThan(0.9);
    expect((foretoldMemory(few) - foretoldMemory(many)) / published).toBeLessThan(1.1);
  });

  test('what ran on devices of 80 GB fits by the formula, and is no small part of them', () => {
    const upper = memoryCases.filter(({ published }) => published.isUpperEnd);
    expect(upper.length).toBeGreaterThan(5);
    for (const one of upper) {
      const ratio = foretoldMemory(one) / one.published.bytes;
      expect(ratio, one.name).toBeLessThan(1);
      expect(ratio, one.name).toBeGreaterThan(0.55);
    }
  });
});

describe('speed, held against figures that others published and the forecast does not know', () => {
  for (const one of speedCases) {
    test(`${one.name}: within the interval of 95 %, to a third`, () => {
      const { value, interval95 } = foretoldSpeed(one);
      expect(one.tokensPerSecond).toBeGreaterThan(interval95[0]);
      expect(one.tokensPerSecond).toBeLessThan(interval95[1]);
      expect(Math.abs(Math.log(value / one.tokensPerSecond))).toBeLessThan(Math.log(1.35));
    });
  }
});
