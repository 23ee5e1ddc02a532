import type { GptConfig, GptSettings } from '../../../src/model/index.ts';
import { gptSettings } from '../../../src/model/index.ts';

/**
 * A GPT in float64 as the formulas say it, one position at a time and without a single op of the language: what the model is
 * held against. Vectors are arrays, matrices [out, in] are read row by row.
 */
export type Values = ReadonlyMap<string, ArrayLike<number>>;
type Vector = readonly number[];

/** Which earlier positions a position of a row may see, besides itself and windows. */
export type SameText = (row: number, query: number, key: number) => boolean;

/** Logits [row][position][vocabulary]. */
export function slowLogits(
  config: GptConfig,
  values: Values,
  tokens: readonly Vector[],
  isSameText: SameText = () => true,
): Vector[][] {
  const gpt = new SlowGpt(gptSettings(config), values);
  return tokens.map((row, r) => gpt.logits(row, (query, key) => isSameText(r, query, key)));
}

class SlowGpt {
  readonly #settings: GptSettings;
  readonly #values: Values;

  constructor(settings: GptSettings, values: Values) {
    this.#settings = settings;
    this.#values = values;
  }

  logits(tokens: Vector, isSameText: (query: number, key: number) => boolean): Vector[] {
    const s = this.#settings;
    const x0 = tokens.map((token, t) => {
      let x = this.#row('embedding', token, s.width);
      if (s.positions === 'learned') {
        const position = tokens.filter((_, before) => before < t && isSameText(t, before)).length;
        x = plus(x, this.#row('positions', position, s.width));
      }
      return s.hasEmbeddingNorm ? rms(x, s.normEpsilon) : x;
    });
    let x: Vector[] = x0;
    for (let layer = 0; layer < s.numLayers; layer++) {
      const [r, i] = [this.#scalar('residualScales', layer, 1), this.#scalar('inputScales', layer, 0)];
      x = x.map((vector, t) => plus(times(vector, r), times(x0[t] ?? [], i)));
      x = this.#block(layer, x, tokens, isSameText);
    }
    const head = s.isHeadTied ? 'embedding' : 'head';
    const ratio = s.scaling ? s.width / s.scaling.baseWidth : 1;
    return x.map((vector) => {
      const logits = times(this.#matrix(head, this.#norm('norm', vector), s.vocabularySize), 1 / ratio);
      const cap = s.logitSoftcap;
      return cap === null ? logits : logits.map((z) => cap * Math.tanh(z / cap));
    });
  }

  #block(layer: number, x: readonly Vector[], tokens: Vector, isSameText: (q: number, k: number) => boolean): Vector[] {
    const name = `blocks.${layer}`;
    const isParallel = this.#settings.hasParallelBlocks;
    const read = x.map((vector) => this.#norm(isParallel ? `${name}.norm` : `${name}.attention.norm`, vector));
    const attended = this.#attention(layer, read, tokens, isSameText);
    return x.map((vector, t) => {
      const y = plus(vector, attended[t] ?? []);
      return plus(y, this.#mlp(`${name}.mlp`, isParallel ? (read[t] ?? []) : this.#norm(`${name}.mlp.norm`, y)));
    });
  }

  #attention(layer: number, x: readonly Vector[], tokens: Vector, isSameText: (q: number, k: number) => boolean) {
    const s = this.#settings;
    const { numHeads: H, numGroups: G, headWidth: K } = s;
    const name = `blocks.${layer}.attention`;
    const heads = (vector: Vector, n: number) => Array.from({ length: n }, (_, h) => vector.slice(h * K, (h + 1) * K));
    const placed = (which: string, n: number) =>
      x.map((vector, t) =>
        heads(this.#linear(`${name}.${which}`, vector, n * K), n).map((head) => {
          const normalize = (v: Vector) => this.#gained(`${name}.${which}Norm`, rms(v, s.normEpsilon));
          const turn = (v: Vector) => (s.positions === 'rotary' ? rotated(v, t, s.rotaryBase) : v);
          if (s.qkNorm === 'beforeRotary') return times(turn(normalize(head)), s.qkScale);
          if (s.qkNorm === 'afterRotary') return times(normalize(turn(head)), s.qkScale);
          return times(turn(head), s.qkScale);
        }),
      );
    const [q, k] = [placed('query', H), placed('key', G)];
    const v = x.map((vector, t) => {
      const own = heads(this.#linear(`${name}.value`, vector, G * K), G);
      if (!this.#values.has(`${name}.valueEmbedding`)) return own;
      const row = heads(this.#row(`${name}.valueEmbedding`, tokens[t] ?? 0, G * K), G);
      const gate = this.#matrix(`${name}.valueGate`, vector.slice(0, Math.min(32, s.width)), G);
      return own.map((head, g) => plus(head, times(row[g] ?? [], 2 / (1 + Math.exp(-(gate[g] ?? 0))))));
    });
    const pattern = s.windowPattern;
    const isShort = pattern[layer % pattern.length] === 'S' && layer !== s.numLayers - 1;
    const scale = s.scaling?.baseHeadWidth ? Math.sqrt(s.scaling.baseHeadWidth) / K : 1 / Math.sqrt(K);
    return x.map((_, t) => {
      const joined = Array.from({ length: H }, (__, h) => {
        const g = Math.floor(h / (H / G));
        const seen = x.flatMap((___, key) =>
          key <= t && isSameText(t, key) && (!isShort || t - key < s.shortWindow) ? [key] : [],
        );
        const slope = s.positions === 'alibi' ? slowSlope(h, H) : 0;
        const scores = seen.map((key) => scale * dot(q[t]?.[h] ?? [], k[key]?.[g] ?? []) - slope * (t - key));
        const total = scores.reduce((sum, score) => sum + Math.exp(score), 0);
        return seen.reduce<Vector>(
          (sum, key, i) => plus(sum, times(v[key]?.[g] ?? [], Math.exp(scores[i] ?? 0) / total)),
          new Array<number>(K).fill(0),
        );
      }).flat();
      return this.#linear(`${name}.output`, joined, s.width);
    });
  }

  #mlp(name: string, x: Vector): Vector {
    const { mlp, hiddenWidth, width } = this.#settings;
    const up = this.#linear(`${name}.up`, x, hiddenWidth);
    const gate = mlp === 'swiglu' || mlp === 'geglu' ? this.#linear(`${name}.gate`, x, hiddenWidth) : [];
    const tanhGelu = (z: number) => (z / 2) * (1 + Math.tanh(Math.sqrt(2 / Math.PI) * (z + 0.044715 * z ** 3)));
    const hidden = up.map((z, i) => {
      const g = gate[i] ?? 0;
      if (mlp === 'swiglu') return (g / (1 + Math.exp(-g))) * z;
      if (mlp === 'geglu') return tanhGelu(g) * z;
      if (mlp === 'reluSquared') return Math.max(z, 0) ** 2;
      return mlp === 'geluTanh' ? tanhGelu(z) : z * normalDistribution(z);
    });
    return this.#linear(`${name}.down`, hidden, width);
  }

  #norm(name: string, x: Vector): Vector {
    const { norm, normEpsilon } = this.#settings;
    if (norm === 'rmsNorm') return this.#gained(name, rms(x, normEpsilon));
    const mean = x.reduce((sum, z) => sum + z, 0) / x.length;
    const centred = x.map((z) => z - mean);
    const bias = this.#values.get(`${name}.bias`);
    return this.#gained(name, rms(centred, normEpsilon)).map((z, i) => z + (bias?.[i] ?? 0));
  }

  #gained(name: string, x: Vector): Vector {
    const gain = this.#values.get(`${name}.gain`);
    return x.map((z, i) => z * (gain?.[i] ?? 1));
  }

  #linear(name: string, x: Vector, numOut: number): Vector {
    const bias = this.#values.get(`${name}.bias`);
    return this.#matrix(name, x, numOut).map((z, i) => z + (bias?.[i] ?? 0));
  }

  #matrix(name: string, x: Vector, numOut: number): Vector {
    return Array.from({ length: numOut }, (_, i) => dot(this.#row(name, i, x.length), x));
  }

  #row(name: string, index: number, width: number): Vector {
    const values = this.#values.get(name);
    if (!values) throw new Error(`the slow model misses ${name}`);
    return Array.from({ length: width }, (_, i) => values[index * width + i] ?? Number.NaN);
  }

  #scalar(name: string, index: number, otherwise: number): number {
    return this.#values.get(name)?.[index] ?? otherwise;
  }
}

const dot = (x: Vector, y: Vector): number => x.reduce((sum, z, i) => sum + z * (y[i] ?? Number.NaN), 0);
const plus = (x: Vector, y: Vector): Vector => x.map((z, i) => z + (y[i] ?? Number.NaN));
const times = (x: Vector, factor: number): Vector => x.map((z) => z * factor);
const rms = (x: Vector, epsilon: number): Vector => times(x, 1 / Math.sqrt(dot(x, x) / x.length + epsilon));

/** Pairs (x[j], x[j + K/2]) turned by t · base^(−2j/K). */
function rotated(x: Vector, t: number, base: number): Vector {
  const half = x.length / 2;
  return x.map((z, i) => {
    const angle = t * base ** ((-2 * (i % half)) / x.length);
    const other = (i < half ? x[i + half] : x[i - half]) ?? Number.NaN;
    return z * Math.cos(angle) + (i < half ? -1 : 1) * other * Math.sin(angle);
  });
}

/** The slopes of the paper for a power of two; of its code for others. */
export function slowSlope(head: number, numHeads: number): number {
  if (Number.isInteger(Math.log2(numHeads))) return 2 ** ((-8 * (head + 1)) / numHeads);
  let power = 1;
  while (power * 2 <= numHeads) power *= 2;
  return head < power ? slowSlope(head, power) : slowSlope(2 * (head - power), 2 * power);
}

/** Φ(z) by Simpson's rule on the density from 0. */
function normalDistribution(z: number): number {
  const numSteps = 2000;
  const h = z / numSteps;
  const density = (x: number) => Math.exp((-x * x) / 2) / Math.sqrt(2 * Math.PI);
  let sum = density(0) + density(z);
  for (let i = 1; i < numSteps; i++) sum += (i % 2 === 0 ? 2 : 4) * density(i * h);
  return 0.5 + (sum * h) / 3;
}
