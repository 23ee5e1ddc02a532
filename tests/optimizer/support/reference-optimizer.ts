import type { OptimizerSpec, TrainedParameter } from '../../../src/optimizer/index.ts';

type Arrays = Map<string, Float64Array>;

/**
 * The slow, obvious version, after the documentation of `torch.optim.AdamW` and `torch.nn.utils.clip_grad_norm_` and the
 * program that Keller Jordan published with Muon: in place, number by number, in float64.
 */
export class ReferenceOptimizer {
  readonly parameters: Arrays;
  private readonly spec: OptimizerSpec;
  private readonly specs: { readonly [name: string]: TrainedParameter };
  private readonly first: Arrays = new Map();
  private readonly second: Arrays = new Map();
  private numSteps = 0;

  constructor(spec: OptimizerSpec, specs: { readonly [name: string]: TrainedParameter }, start: Arrays) {
    this.spec = spec;
    this.specs = specs;
    this.parameters = new Map([...start].map(([name, data]) => [name, data.slice()]));
    for (const [name, data] of start) {
      this.first.set(name, new Float64Array(data.length));
      this.second.set(name, new Float64Array(data.length));
    }
  }

  /** One step; returns the norm before clipping. */
  step(given: Arrays, scheduleFactor: number): number {
    this.numSteps += 1;
    let sum = 0;
    for (const g of given.values()) for (const x of g) sum += x * x;
    const norm = Math.sqrt(sum);
    const { clipNorm } = this.spec;
    const clip = clipNorm === null ? 1 : Math.min(1, clipNorm / (norm + 1e-6));
    for (const [name, raw] of given) {
      const spec = this.specs[name];
      const group = this.spec.groups.find(({ roles }) => roles.includes(spec?.role ?? ''));
      const [p, m, v] = [this.parameters.get(name), this.first.get(name), this.second.get(name)];
      if (!spec || !group || !p || !m || !v) throw new RangeError(`${name} is missing`);
      const g = raw.map((x) => x * clip);
      const rate = group.learningRate * scheduleFactor * (spec.learningRateFactor ?? 1);
      const decay = group.weightDecay * (spec.weightDecayFactor ?? 1);
      for (let i = 0; i < p.length; i++) p[i] = (p[i] ?? 0) * (1 - rate * decay);
      if (group.algorithm === 'muon') {
        const [rows = 0, columns = 0] = spec.shape;
        for (let i = 0; i < m.length; i++) m[i] = group.momentum * (m[i] ?? 0) + (g[i] ?? 0);
        const lookAhead = g.map((x, i) => x + group.momentum * (m[i] ?? 0));
        const direction = orthogonalised(lookAhead, rows, columns, group.numIterations);
        const scale = rate * Math.sqrt(Math.max(1, rows / columns));
        for (let i = 0; i < p.length; i++) p[i] = (p[i] ?? 0) - scale * (direction[i] ?? 0);
        continue;
      }
      const { beta1, beta2, epsilon } = group;
      for (let i = 0; i < p.length; i++) {
        const x = g[i] ?? 0;
        m[i] = beta1 * (m[i] ?? 0) + (1 - beta1) * x;
        v[i] = beta2 * (v[i] ?? 0) + (1 - beta2) * x * x;
        const mHat = (m[i] ?? 0) / (1 - beta1 ** this.numSteps);
        const vHat = (v[i] ?? 0) / (1 - beta2 ** this.numSteps);
        p[i] = (p[i] ?? 0) - (rate * mHat) / (Math.sqrt(vHat) + epsilon);
      }
    }
    return norm;
  }
}

/** Newton–Schulz on rows × columns numbers, as published: transposed where there are more rows than columns. */
function orthogonalised(x: Float64Array, rows: number, columns: number, numSteps: number): Float64Array {
  if (rows > columns)
    return transposed(orthogonalised(transposed(x, rows, columns), columns, rows, numSteps), columns, rows);
  const norm = Math.sqrt(x.reduce((sum, y) => sum + y * y, 0)) + 1e-7;
  let X = x.map((y) => y / norm);
  for (let step = 0; step < numSteps; step++) {
    const A = product(X, transposed(X, rows, columns), rows, columns, rows);
    const squared = product(A, A, rows, rows, rows);
    const B = A.map((y, i) => -4.775 * y + 2.0315 * (squared[i] ?? 0));
    const BX = product(B, X, rows, rows, columns);
    X = X.map((y, i) => 3.4445 * y + (BX[i] ?? 0));
  }
  return X;
}

function transposed(x: Float64Array, rows: number, columns: number): Float64Array {
  return x.map((_, i) => x[(i % rows) * columns + Math.floor(i / rows)] ?? 0);
}

function product(x: Float64Array, y: Float64Array, rows: number, inner: number, columns: number): Float64Array {
  const z = new Float64Array(rows * columns);
  for (let i = 0; i < rows; i++) {
    for (let j = 0; j < columns; j++) {
      let sum = 0;
      for (let k = 0; k < inner; k++) sum += (x[i * inner + k] ?? 0) * (y[k * columns + j] ?? 0);
      z[i * columns + j] = sum;
    }
  }
  return z;
}
