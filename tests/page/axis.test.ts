import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type Axis, isShown, placeAxis, roundStep } from '../../src/page/axis.ts';

const texts = (axis: Omit<Axis, 'label'>, values: readonly number[], maxTicks = 6) =>
  placeAxis({ label: 'x', ...axis }, values, { from: 0, to: 600, maxTicks }).ticks.map(({ text }) => text);
const finite = (min: number, max: number) => fc.double({ min, max, noNaN: true });

/** Numbers below those of any measurement become 0: their powers of ten underflow. */
const notTiny = (value: number) => (Math.abs(value) < 1e-30 ? 0 : value);

describe('an axis that is clipped', () => {
  test('draws what lies beyond at its edge, and shows no more than it may', () => {
    const { place, ticks } = placeAxis({ label: 'x', atMost: [2, 6] }, [1, 3, 1e6], { from: 0, to: 400, maxTicks: 6 });
    expect([place(1), place(2), place(4), place(6), place(1e6)]).toEqual([0, 0, 200, 400, 400]);
    expect(ticks.map(({ value }) => value)).toEqual([2, 3, 4, 5, 6]);
    expect(place(Number.NaN)).toBeNaN();
  });

  test('is no wider than its values', () => {
    const { ticks } = placeAxis({ label: 'x', atMost: [0, 1000] }, [3, 4], { from: 0, to: 400, maxTicks: 6 });
    expect(ticks.at(-1)?.value).toBe(4);
  });
});

describe('ticks', () => {
  test('stand at 1, 2 and 5 times a power of ten', () => {
    expect(texts({}, [0, 97])).toEqual(['0', '20', '40', '60', '80', '100']);
    expect(texts({}, [2.31, 2.36])).toEqual(['2.31', '2.32', '2.33', '2.34', '2.35', '2.36']);
    expect(texts({}, [-0.3, 0.3])).toEqual(['-0.4', '-0.2', '0.0', '0.2', '0.4']);
    expect(texts({}, [0, 1_200_000])).toEqual(['0', '500,000', '1,000,000', '1,500,000']);
    fc.assert(
      fc.property(finite(1e-9, 1e9), (step) => {
        const rounded = roundStep(step);
        expect(rounded / step).toBeGreaterThan(1 - 1e-6);
        expect(rounded / step).toBeLessThan(2.5 + 1e-6);
        expect(rounded.toExponential(6)).toMatch(/^[125]\.000000e/);
      }),
    );
  });

  test('speak in units', () => {
    expect(texts({ format: 'bytes' }, [0, 2_500_000])).toEqual(['0 B', '500 kB', '1 MB', '1.5 MB', '2 MB', '2.5 MB']);
    expect(texts({ format: 'bytes' }, [1e9, 1e9 + 1e6], 2)).toEqual(['1 GB', '1.001 GB']);
    expect(texts({ format: 'compact' }, [0, 24_000])).toEqual(['0', '5 k', '10 k', '15 k', '20 k', '25 k']);
    expect(texts({ format: 'percent' }, [0, 0.09], 5)).toEqual(['0 %', '5 %', '10 %']);
  });

  test('of a logarithm are powers of ten, with others between or left out as room allows', () => {
    expect(texts({ scale: 'log', format: 'compact' }, [1, 1e5])).toEqual(['1', '10', '100', '1 k', '10 k', '100 k']);
    expect(texts({ scale: 'log', format: 'bytes' }, [1, 1e12], 5)).toEqual(['1 B', '1 kB', '1 MB', '1 GB', '1 TB']);
    expect(texts({ scale: 'log', format: 'bytes' }, [60, 9000], 8)).toEqual([
      '100 B',
      '200 B',
      '500 B',
      '1 kB',
      '2 kB',
      '5 kB',
    ]);
    expect(texts({ scale: 'log' }, [1e15, 1e17])).toEqual(['10¹⁵', '3×10¹⁵', '10¹⁶', '3×10¹⁶', '10¹⁷']);
    expect(texts({ scale: 'log' }, [2.9, 4.1], 6)).toEqual(['3', '3.2', '3.4', '3.6', '3.8', '4']);
    const near = ['0.00965', '0.0097', '0.00975', '0.0098', '0.00985', '0.0099', '0.00995', '0.01', '0.01005'];
    expect(texts({ scale: 'log' }, [0.009601, 0.01005], 9)).toEqual(near);
  });

  test('are few, in order, unlike, and inside of the plot, for any values', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.array(
            fc.oneof(
              finite(-1e6, 1e6).map(notTiny),
              finite(1e-6, 1),
              finite(1e-30, 1e-20),
              fc.constantFrom(Number.NaN, Infinity, 0),
            ),
          ),
          // Near to each other, at any size.
          fc
            .tuple(fc.integer({ min: -28, max: 25 }), finite(1, 10), finite(1e-3, 5e-2))
            .map(([power, digits, apart]) => [digits * 10 ** power, digits * 10 ** power * (1 + apart)]),
        ),
        fc.constantFrom('linear' as const, 'log' as const),
        fc.constantFrom('number' as const, 'compact' as const, 'bytes' as const),
        fc.integer({ min: 2, max: 9 }),
        fc.boolean(),
        (values, scale, format, maxTicks, toTicks) => {
          const axis = placeAxis({ label: 'x', scale, format }, values, { from: 300, to: 20, maxTicks, toTicks });
          const places = axis.ticks.map(({ value }) => axis.place(value));
          expect(places.length).toBeLessThanOrEqual(maxTicks + 2);
          expect(new Set(axis.ticks.map(({ text }) => text)).size).toBe(places.length);
          places.forEach((place, index) => {
            expect(place).toBeLessThan(300 + 1e-3);
            expect(place).toBeGreaterThan(20 - 1e-3);
            if (index > 0) expect(place).toBeLessThan(places[index - 1] ?? 0);
          });
          for (const value of values) {
            if (!isShown({ label: 'x', scale }, value)) expect(axis.place(value)).toBeNaN();
            else expect(Math.abs(axis.place(value) - 160)).toBeLessThan(140 + 1e-3);
          }
        },
      ),
      { numRuns: 500 },
    );
  });
});

describe('an axis', () => {
  test('of one value, or of none, has a range', () => {
    expect(texts({}, [], 3)).toEqual(['0.0', '0.5', '1.0']);
    expect(texts({}, [7], 3).at(0)).toBe('0');
    expect(texts({ scale: 'log' }, [], 3)).toEqual(['1', '3', '10']);
    expect(placeAxis({ label: 'x', scale: 'log' }, [8], { from: 0, to: 100, maxTicks: 4 }).place(8)).toBeCloseTo(50);
  });

  test('shows at least what it is told to', () => {
    expect(texts({ atLeast: [0, 0] }, [90, 97], 5)[0]).toBe('0');
  });
});
