import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { randomStream } from '../../src/core/index.ts';
import { fillWithNormals, logarithm } from '../../src/recipe/normal-numbers.ts';

describe('the logarithm', () => {
  test('is that of the platform to 1e-13, over all that a point of the disc can have', () => {
    // Of x and of its distance from 1, where the logarithm itself is small.
    const exponents = fc.double({ min: -62, max: 0, noNaN: true });
    fc.assert(
      fc.property(exponents, (exponent) => {
        const x = 2 ** exponent;
        expect(Math.abs(logarithm(x) / Math.log(x) - 1) || 0).toBeLessThan(1e-13);
        const near = 1 - x / 2;
        expect(Math.abs(logarithm(near) - Math.log(near))).toBeLessThan(1e-13);
      }),
      { numRuns: 2000 },
    );
    expect(logarithm(1)).toBe(0);
  });
});

describe('normal numbers', () => {
  const many = new Float32Array(200_001);
  fillWithNormals(many, randomStream(1, 'normals'), 1);
  const share = (limit: number) => many.filter((x) => Math.abs(x) < limit).length / many.length;

  test('lie within one, two and three deviations as often as the distribution says', () => {
    // Five standard errors of a share of 200,001.
    expect(Math.abs(share(1) - 0.682689)).toBeLessThan(0.0053);
    expect(Math.abs(share(2) - 0.9545)).toBeLessThan(0.0024);
    expect(Math.abs(share(3) - 0.9973)).toBeLessThan(0.0006);
  });

  test('have neighbours that do not know each other', () => {
    let product = 0;
    for (let i = 1; i < many.length; i++) product += (many[i - 1] ?? 0) * (many[i] ?? 0);
    expect(Math.abs(product / many.length)).toBeLessThan(5 / Math.sqrt(many.length));
  });

  test('are the same whether their number is odd or even, and grow with the deviation', () => {
    const [odd, even] = [new Float32Array(7), new Float32Array(8)];
    fillWithNormals(odd, randomStream(2, 'x'), 1);
    fillWithNormals(even, randomStream(2, 'x'), 4);
    expect([...odd].map((x) => 4 * x)).toEqual([...even.slice(0, 7)]);
  });
});
