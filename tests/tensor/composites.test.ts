import { describe, expect, test } from 'vitest';
import * as t from '../../src/tensor/index.ts';
import { evaluate, type Numbers, normals } from '../support/evaluate.ts';
import { expectClose } from '../support/expect-close.ts';

// Each composite against its formula, written out in loops that share nothing with `definitions.ts`.

/** Σ f(i) over 0 ≤ i < n. */
function sum(n: number, f: (i: number) => number): number {
  let total = 0;
  for (let i = 0; i < n; i++) total += f(i);
  return total;
}

/** An element of a row-major array. */
const at = ({ shape, data }: Numbers, ...index: number[]): number =>
  data[index.reduce((position, i, axis) => position * (shape[axis] ?? 1) + i, 0)] ?? Number.NaN;

/** An array filled by a function of the multi-index. */
function tabulate(shape: t.Shape, f: (...index: number[]) => number): number[] {
  const index = (flat: number) => {
    const result: number[] = [];
    let rest = flat;
    for (const extent of [...shape].reverse()) {
      result.unshift(rest % extent);
      rest = Math.floor(rest / extent);
    }
    return result;
  };
  return Array.from({ length: t.sizeOf(shape) }, (_, flat) => f(...index(flat)));
}

const x = normals('x', [3, 4]);

describe('activations', () => {
  const cases: readonly [string, (x: t.Tensor) => t.Tensor, (x: number) => number][] = [
    ['relu', t.relu, (v) => Math.max(v, 0)],
    ['reluSquared', t.reluSquared, (v) => (v > 0 ? v * v : 0)],
    ['sigmoid', t.sigmoid, (v) => Math.exp(v) / (1 + Math.exp(v))],
    ['silu', t.silu, (v) => v / (1 + Math.exp(-v))],
    ['gelu', (v) => t.gelu(v), (v) => v * normalDistribution(v)],
    [
      'gelu by tanh',
      (v) => t.gelu(v, 'tanh'),
      (v) => 0.5 * v * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (v + 0.044715 * v ** 3))),
    ],
  ];
  for (const [name, build, f] of cases) {
    test(`${name} is its formula`, async () => {
      const points: Numbers = { shape: [7], data: Float64Array.of(-8, -1.5, -0.1, 0, 0.1, 1.5, 8) };
      expectClose(await evaluate(build, [points]), [...points.data].map(f), 1e-10);
    });
  }
});

/** Φ(x) by Simpson's rule on the density, which needs no error function. */
function normalDistribution(x: number): number {
  const numSteps = 4000;
  const h = x / numSteps;
  const density = (v: number) => Math.exp((-v * v) / 2) / Math.sqrt(2 * Math.PI);
  const inner = sum(numSteps - 1, (i) => density((i + 1) * h) * (i % 2 === 0 ? 4 : 2));
  return 0.5 + (h / 3) * (density(0) + inner + density(x));
}

describe('softmax and logSumExp', () => {
  test('are their formulas along any axis', async () => {
    const columnSum = (j: number) => sum(3, (i) => Math.exp(at(x, i, j)));
    const rowSum = (i: number) => sum(4, (j) => Math.exp(at(x, i, j)));
    expectClose(
      await evaluate((v) => t.softmax(v, 0), [x]),
      tabulate([3, 4], (i = 0, j = 0) => Math.exp(at(x, i, j)) / columnSum(j)),
    );
    expectClose(
      await evaluate((v) => t.softmax(v), [x]),
      tabulate([3, 4], (i = 0, j = 0) => Math.exp(at(x, i, j)) / rowSum(i)),
    );
    expectClose(
      await evaluate((v) => t.logSumExp(v, 0), [x]),
      tabulate([4], (j = 0) => Math.log(columnSum(j))),
    );
  });

  test('stay exact where the exponentials overflow or vanish', async () => {
    const large: Numbers = { shape: [2, 3], data: Float64Array.of(2000, 2001, 1999, -2000, -2001, -1999) };
    const shifted = normalsShifted([0, 1, -1, 0, -1, 1]);
    expectClose(await evaluate((v) => t.softmax(v), [large]), await evaluate((v) => t.softmax(v), [shifted]));
    const logSums = await evaluate((v) => t.logSumExp(v), [shifted]);
    expectClose(await evaluate((v) => t.logSumExp(v), [large]), [(logSums[0] ?? 0) + 2000, (logSums[1] ?? 0) - 2000]);
  });
});

const normalsShifted = (values: number[]): Numbers => ({ shape: [2, 3], data: Float64Array.from(values) });

describe('normalisation', () => {
  const epsilon = 0.01;
  const mean = (i: number) => sum(4, (j) => at(x, i, j)) / 4;

  test('rmsNorm divides by the root of the mean square', async () => {
    const scale = (i: number) => 1 / Math.sqrt(sum(4, (j) => at(x, i, j) ** 2) / 4 + epsilon);
    expectClose(
      await evaluate((v) => t.rmsNorm(v, { epsilon }), [x]),
      tabulate([3, 4], (i = 0, j = 0) => at(x, i, j) * scale(i)),
    );
  });

  test('layerNorm takes the mean away and divides by the root of the biased variance', async () => {
    const variance = (i: number) => sum(4, (j) => (at(x, i, j) - mean(i)) ** 2) / 4;
    expectClose(
      await evaluate((v) => t.layerNorm(v, { epsilon }), [x]),
      tabulate([3, 4], (i = 0, j = 0) => (at(x, i, j) - mean(i)) / Math.sqrt(variance(i) + epsilon)),
    );
  });
});

describe('rotaryEmbedding', () => {
  const [B, H, T, K] = [2, 3, 5, 6];
  const input = normals('rotary', [B, H, T, K]);
  const angle = (time: number, j: number, base: number) => time * base ** ((-2 * j) / K);

  for (const base of [10_000, 100]) {
    test(`turns each pair by its angle, with base ${base}`, async () => {
      const expected = tabulate([B, H, T, K], (b = 0, h = 0, time = 0, k = 0) => {
        const j = k % (K / 2);
        const [first, second] = [at(input, b, h, time, j), at(input, b, h, time, j + K / 2)];
        const a = angle(time, j, base);
        return k < K / 2 ? first * Math.cos(a) - second * Math.sin(a) : second * Math.cos(a) + first * Math.sin(a);
      });
      expectClose(await evaluate((v) => t.rotaryEmbedding(v, t.rotaryTables(T, K, base)), [input]), expected);
    });
  }

  test('keeps the length of every vector, and leaves position 0 as it is', async () => {
    const turned = await evaluate((v) => t.rotaryEmbedding(v, t.rotaryTables(T, K)), [input]);
    const output: Numbers = { shape: input.shape, data: Float64Array.from(turned) };
    const norms = (of: Numbers) => tabulate([B, H, T], (b = 0, h = 0, i = 0) => sum(K, (k) => at(of, b, h, i, k) ** 2));
    expectClose(norms(output), norms(input));
    for (let k = 0; k < K; k++) expect(at(output, 1, 2, 0, k)).toBe(at(input, 1, 2, 0, k));
  });

  test('makes scores depend on the distance of two positions only', async () => {
    const [q, k] = [normals('q', [K]), normals('k', [K])];
    const repeat = (v: Numbers): Numbers => ({
      shape: [1, 1, T, K],
      data: Float64Array.from({ length: T * K }, (_, i) => v.data[i % K] ?? 0),
    });
    const turn = async (v: Numbers): Promise<Numbers> => ({
      shape: [T, K],
      data: Float64Array.from(await evaluate((u) => t.rotaryEmbedding(u, t.rotaryTables(T, K)), [repeat(v)])),
    });
    const [turnedQ, turnedK] = [await turn(q), await turn(k)];
    const score = (i: number, j: number) => sum(K, (c) => at(turnedQ, i, c) * at(turnedK, j, c));
    expectClose([score(3, 1), score(4, 2)], [score(2, 0), score(2, 0)]);
    expect(Math.abs(score(3, 1) - score(3, 2))).toBeGreaterThan(1e-3);
  });
});

describe('attention', () => {
  const [B, H, T, K] = [2, 4, 5, 3];

  /** The formula, head by head and position by position. */
  function textbook(q: Numbers, k: Numbers, v: Numbers, scale: number, window: number): number[] {
    const numGroups = k.shape[1] ?? 1;
    const group = (h: number) => Math.floor(h / (H / numGroups));
    return tabulate([B, H, T, K], (b = 0, h = 0, time = 0, c = 0) => {
      const g = group(h);
      const from = Math.max(0, time - window + 1);
      const weight = (s: number) => Math.exp(scale * sum(K, (i) => at(q, b, h, time, i) * at(k, b, g, s, i)));
      const total = sum(time - from + 1, (i) => weight(from + i));
      return sum(time - from + 1, (i) => weight(from + i) * at(v, b, g, from + i, c)) / total;
    });
  }

  for (const numGroups of [4, 2, 1]) {
    for (const window of [undefined, 1, 2, 4]) {
      test(`is its formula with ${numGroups} groups and ${window ? `a window of ${window}` : 'no window'}`, async () => {
        const q = normals('q', [B, H, T, K]);
        const [k, v] = [normals('k', [B, numGroups, T, K]), normals('v', [B, numGroups, T, K])];
        const options = window === undefined ? {} : { window };
        const found = await evaluate((...[a, b, c]) => t.attention(a ?? q0, b ?? q0, c ?? q0, options), [q, k, v]);
        expectClose(found, textbook(q, k, v, 1 / Math.sqrt(K), window ?? T));
      });
    }
  }

  test('takes another scale', async () => {
    const [q, k, v] = [normals('q', [B, H, T, K]), normals('k', [B, H, T, K]), normals('v', [B, H, T, K])];
    const found = await evaluate((...[a, b, c]) => t.attention(a ?? q0, b ?? q0, c ?? q0, { scale: 0.3 }), [q, k, v]);
    expectClose(found, textbook(q, k, v, 0.3, T));
  });

  test('never looks ahead: what comes later changes nothing, not by one bit', async () => {
    const [q, k, v] = [normals('q', [B, H, T, K]), normals('k', [B, H, T, K]), normals('v', [B, H, T, K])];
    const changedFrom = (time: number, of: Numbers): Numbers => ({
      shape: of.shape,
      data: Float64Array.from(of.data, (value, i) => (Math.floor(i / K) % T >= time ? value * 1e3 + 1 : value)),
    });
    const run = (inputs: Numbers[]) => evaluate((...[a, b, c]) => t.attention(a ?? q0, b ?? q0, c ?? q0), inputs);
    const before = await run([q, k, v]);
    const after = await run([q, k, v].map((of) => changedFrom(3, of)));
    before.forEach((value, i) => {
      if (Math.floor(i / K) % T < 3) expect(after[i]).toBe(value);
    });
    expect(after).not.toEqual(before);
  });
});

const q0 = t.constant(0);

describe('crossEntropy', () => {
  const logits = normals('logits', [4, 5]);
  const loss = (n: number, target: number) =>
    Math.log(sum(5, (v) => Math.exp(at(logits, n, v)))) - at(logits, n, target);

  test('is minus the logarithm of the probability of the target', async () => {
    const targets: Numbers = { shape: [4], data: Int32Array.of(0, 4, 2, 2) };
    const found = await evaluate((a, b) => t.crossEntropy(a ?? q0, b ?? q0), [logits, targets]);
    expectClose(found, [loss(0, 0), loss(1, 4), loss(2, 2), loss(3, 2)]);
  });

  for (const ignoredTarget of [-1, -100, 2]) {
    test(`is 0 at positions whose target is ${ignoredTarget}, if that is to be ignored`, async () => {
      const targets: Numbers = { shape: [4], data: Int32Array.of(0, ignoredTarget, 4, ignoredTarget) };
      const found = await evaluate((a, b) => t.crossEntropy(a ?? q0, b ?? q0, { ignoredTarget }), [logits, targets]);
      expectClose(found, [loss(0, 0), 0, loss(2, 4), 0]);
    });
  }

  test('passes no gradient at ignored positions, and softmax minus one-hot elsewhere', async () => {
    const targets: Numbers = { shape: [4], data: Int32Array.of(0, -1, 4, -1) };
    const found = await evaluate(
      (a = q0, b = q0) => t.gradient(t.reduceSum(t.crossEntropy(a, b, { ignoredTarget: -1 })), [a])[0] ?? q0,
      [logits, targets],
    );
    const probability = (n: number, v: number) =>
      Math.exp(at(logits, n, v)) / sum(5, (u) => Math.exp(at(logits, n, u)));
    const expected = tabulate([4, 5], (n = 0, v = 0) =>
      n % 2 ? 0 : probability(n, v) - (v === targets.data[n] ? 1 : 0),
    );
    expectClose(found, expected);
  });
});

describe('small helpers of models', () => {
  test('linear multiplies by the transpose over the last axis', async () => {
    const [input, w] = [normals('input', [2, 3, 4]), normals('w', [5, 4])];
    expectClose(
      await evaluate((a = q0, b = q0) => t.linear(a, b), [input, w]),
      tabulate([2, 3, 5], (i = 0, j = 0, o = 0) => sum(4, (k) => at(input, i, j, k) * at(w, o, k))),
    );
  });

  test('globalNorm is the Euclidean norm of all elements together', async () => {
    const [a, b] = [normals('a', [2, 3]), normals('b', [5])];
    const total = [...a.data, ...b.data].reduce((acc, value) => acc + value * value, 0);
    expectClose(await evaluate((...tensors) => t.globalNorm(tensors), [a, b]), [Math.sqrt(total)]);
  });
});
