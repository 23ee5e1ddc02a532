import { describe, expect, test } from 'vitest';
import { referenceEngine } from '../../src/engine/index.ts';
import { adamW, constant, newtonSchulz, nextBiasCorrection, type Program, trace } from '../../src/tensor/index.ts';
import { evaluate, type Numbers, normals } from '../support/evaluate.ts';
import { expectClose } from '../support/expect-close.ts';

describe('adamW', () => {
  const options = { beta1: 0.9, beta2: 0.95, epsilon: 1e-3, weightDecay: 0.1 };
  const size = 5;

  function adamWProgram(weightDecay: number): Program {
    const moment = { shape: [size], kind: 'optimizer' } as const;
    const average = { shape: [], kind: 'optimizer' } as const;
    return trace(
      ({ gradient, learningRate }, { first, second, ...state }) => {
        const correction = nextBiasCorrection({ first, second }, options);
        const next = adamW(state, gradient, learningRate, correction, { ...options, weightDecay });
        return { outputs: {}, state: { ...next, ...correction } };
      },
      {
        inputs: { gradient: { shape: [size] }, learningRate: { shape: [] } },
        state: {
          parameter: { shape: [size] },
          firstMoment: moment,
          secondMoment: moment,
          first: average,
          second: average,
        },
      },
    );
  }

  for (const weightDecay of [0.1, 0]) {
    test(`is algorithm 2 of Loshchilov & Hutter, number by number, with weight decay ${weightDecay}`, async () => {
      const session = await referenceEngine().load(adamWProgram(weightDecay));
      const start = normals('parameter', [size]).data;
      await session.set('parameter', start);
      const expected = Array.from(start, (parameter) => ({ parameter, m: 0, v: 0 }));
      for (let step = 1; step <= 20; step++) {
        const gradient = normals(`gradient ${step}`, [size]).data;
        const learningRate = 0.05 / step;
        await session.run({ gradient, learningRate: Float64Array.of(learningRate) });
        expected.forEach((own, i) => {
          const g = gradient[i] ?? 0;
          own.m = options.beta1 * own.m + (1 - options.beta1) * g;
          own.v = options.beta2 * own.v + (1 - options.beta2) * g * g;
          const mHat = own.m / (1 - options.beta1 ** step);
          const vHat = own.v / (1 - options.beta2 ** step);
          own.parameter -= learningRate * weightDecay * own.parameter;
          own.parameter -= (learningRate * mHat) / (Math.sqrt(vHat) + options.epsilon);
        });
        expectClose(
          await session.get('parameter'),
          expected.map(({ parameter }) => parameter),
        );
        expectClose(
          await session.get('firstMoment'),
          expected.map(({ m }) => m),
        );
        expectClose(
          await session.get('secondMoment'),
          expected.map(({ v }) => v),
        );
        expectClose(await session.get('first'), [1 - options.beta1 ** step]);
        expectClose(await session.get('second'), [1 - options.beta2 ** step]);
      }
    });
  }
});

describe('newtonSchulz', () => {
  /** Column vectors of length `length`, orthonormal to 1e-15 (Gram–Schmidt, twice). */
  function orthonormal(name: string, length: number, count: number): number[][] {
    const columns: number[][] = [];
    for (let c = 0; c < count; c++) {
      let v = [...normals(`${name} ${c}`, [length]).data];
      for (let pass = 0; pass < 2; pass++) {
        for (const u of columns) {
          const overlap = dot(u, v);
          v = v.map((x, i) => x - overlap * (u[i] ?? 0));
        }
      }
      const norm = Math.sqrt(dot(v, v));
      columns.push(v.map((x) => x / norm));
    }
    return columns;
  }
  const dot = (a: readonly number[], b: readonly number[]) => a.reduce((total, x, i) => total + x * (b[i] ?? 0), 0);

  const singularValues = [1, 0.6, 0.3, 0.05];
  const shapes: readonly (readonly [rows: number, columns: number])[] = [
    [4, 4],
    [4, 9],
    [9, 4],
  ];
  for (const [rows, columns] of shapes) {
    test(`keeps the singular vectors of a ${rows}×${columns} matrix and brings its singular values near 1`, async () => {
      const [left, right] = [orthonormal('left', rows, 4), orthonormal('right', columns, 4)];
      const x: Numbers = {
        shape: [rows, columns],
        data: Float64Array.from({ length: rows * columns }, (_, at) => {
          const [i, j] = [Math.floor(at / columns), at % columns];
          return singularValues.reduce((total, s, r) => total + s * (left[r]?.[i] ?? 0) * (right[r]?.[j] ?? 0), 0) * 37;
        }),
      };
      const found = await evaluate((v = constant(0)) => newtonSchulz(v), [x]);
      const applied = (v: readonly number[]) =>
        Array.from({ length: rows }, (_, i) => dot(found.slice(i * columns, (i + 1) * columns), v));
      // In the bases of the singular vectors the result is diagonal.
      for (const [r, u] of left.entries()) {
        for (const [c, v] of right.entries()) {
          const entry = dot(u, applied(v));
          expect(r === c ? 0 : Math.abs(entry)).toBeLessThan(1e-10);
          expect(r === c ? entry : 1).toBeGreaterThan(0.6);
          expect(r === c ? entry : 1).toBeLessThan(1.3);
        }
      }
      // And nothing stands outside of them: the squares add up to those of the diagonal.
      const total = dot(found, found);
      expect(total).toBeCloseTo(
        left.reduce((sum, u, r) => sum + dot(u, applied(right[r] ?? [])) ** 2, 0),
        10,
      );
    });
  }

  test('does not depend on the scale of its operand', async () => {
    const x = normals('x', [3, 5]);
    const scaled: Numbers = { shape: x.shape, data: x.data.map((value) => value * 1000) };
    const run = (input: Numbers) => evaluate((v = constant(0)) => newtonSchulz(v, { epsilon: 0 }), [input]);
    expectClose(await run(scaled), await run(x), 1e-10);
  });

  test('squares the smaller side, whichever that is', () => {
    for (const shape of [
      [4, 9],
      [9, 4],
    ]) {
      const { nodes } = trace(({ x }) => ({ outputs: { y: newtonSchulz(x) } }), { inputs: { x: { shape } } });
      const squares = nodes.filter((node) => node.op === 'matmul' && node.shape[0] === node.shape[1]);
      expect(squares).toHaveLength(10);
      for (const square of squares) expect(square.shape).toEqual([4, 4]);
    }
  });

  test('gives zeros for zeros', async () => {
    const zeros: Numbers = { shape: [2, 3], data: new Float64Array(6) };
    expect(await evaluate((v = constant(0)) => newtonSchulz(v), [zeros])).toEqual([0, 0, 0, 0, 0, 0]);
  });

  test('takes its number of steps and its coefficients', async () => {
    const x = normals('x', [2, 2]);
    const norm = Math.sqrt(dot([...x.data], [...x.data]));
    const coefficients = [2, 0, 0] as const;
    const doubled = await evaluate(
      (v = constant(0)) => newtonSchulz(v, { numSteps: 3, coefficients, epsilon: 0 }),
      [x],
    );
    expectClose(
      doubled,
      [...x.data].map((value) => (8 * value) / norm),
    );
  });
});
