import {
  type AdamWOptions,
  adamW,
  add,
  attention,
  cast,
  crossEntropy,
  divide,
  equal,
  gatherRows,
  globalNorm,
  gradient,
  type InputSpec,
  linear,
  maximum,
  minimum,
  multiply,
  newtonSchulz,
  nextBiasCorrection,
  not,
  type Program,
  recompute,
  reduceSum,
  reluSquared,
  reshape,
  rmsNorm,
  rotaryEmbedding,
  rotaryTables,
  type Shape,
  type StateSpec,
  scope,
  silu,
  subtract,
  type Tensor,
  tap,
  trace,
  transpose,
  updatePhase,
} from '../src/tensor/index.ts';

/**
 * A GPT's complete training step in one Program, as an example of the language. The tests train it against PyTorch and
 * the benchmarks against everything else.
 *
 * Axes: B batch, T time, D model width, H heads, G key/value groups, K head width, F hidden width of the MLP, V vocabulary.
 */
export interface GptConfig {
  readonly vocabularySize: number;
  readonly width: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly contextLength: number;
  readonly batchSize: number;
  readonly hiddenWidth: number;
  /** Groups of key/value heads. Default: as many as heads. */
  readonly numGroups?: number;
  /** Learned gains in all norms. Default false. */
  readonly hasGains?: boolean;
  /** `reluSquared` (default): down(relu(up x)²). `swiglu`: down(silu(gate x) · up x). */
  readonly mlp?: 'reluSquared' | 'swiglu';
  /** Sliding window of each layer; a layer without one sees everything before it. */
  readonly windows?: readonly (number | undefined)[];
  /** Build each block's activations a second time in the backward pass. Default false. */
  readonly recomputeBlocks?: boolean;
}

export interface OptimizerConfig extends AdamWOptions {
  /** Muon for the matrices of the blocks; its learning rate is the input `matrixLearningRate`. Default `adamw`. */
  readonly kind?: 'adamw' | 'muon';
  /** Clip the gradients to this global norm. Default: do not clip. */
  readonly clipNorm?: number;
  /** Weight decay also on gains. Default true. */
  readonly decayGains?: boolean;
  /** Return every gradient as an output `tap.gradient.NAME`. Default false. */
  readonly tapGradients?: boolean;
}

type Tensors = { readonly [name: string]: Tensor };

/** The parameters of the model by name, in the order in which the model uses them. Matrices are [out, in]. */
export function gptParameters(config: GptConfig): { readonly [name: string]: Shape } {
  const { vocabularySize: V, width: D, numLayers, numHeads: H, hiddenWidth: F, hasGains, mlp } = config;
  const K = D / H;
  const G = config.numGroups ?? H;
  const gain = (name: string, width: number) => (hasGains ? { [name]: [width] } : {});
  const shapes: Record<string, Shape> = { embedding: [V, D] };
  for (let layer = 0; layer < numLayers; layer++) {
    const block = `blocks.${layer}`;
    Object.assign(shapes, {
      ...gain(`${block}.attention.norm.gain`, D),
      [`${block}.attention.query`]: [H * K, D],
      [`${block}.attention.key`]: [G * K, D],
      [`${block}.attention.value`]: [G * K, D],
      ...gain(`${block}.attention.queryNorm.gain`, K),
      ...gain(`${block}.attention.keyNorm.gain`, K),
      [`${block}.attention.output`]: [D, H * K],
      ...gain(`${block}.mlp.norm.gain`, D),
      ...(mlp === 'swiglu' ? { [`${block}.mlp.gate`]: [F, D] } : {}),
      [`${block}.mlp.up`]: [F, D],
      [`${block}.mlp.down`]: [D, F],
    });
  }
  return { ...shapes, ...gain('norm.gain', D), head: [V, D] };
}

/** Logits [B · T, V] from tokens [B, T]. */
export function gptLogits(config: GptConfig, parameters: Tensors, tokensBT: Tensor): Tensor {
  const { width: D, numLayers, numHeads: H, contextLength: T, batchSize: B } = config;
  const K = D / H;
  const G = config.numGroups ?? H;
  const parameter = (name: string): Tensor => {
    const found = parameters[name];
    if (!found) throw new RangeError(`the model has no parameter ${name}`);
    return found;
  };
  const norm = (x: Tensor, name: string) =>
    config.hasGains ? multiply(rmsNorm(x), parameter(`${name}.gain`)) : rmsNorm(x);
  const tables = scope('rotary', () => rotaryTables(T, K));

  const attend = (xBTD: Tensor, block: string, window: number | undefined): Tensor => {
    const hBTD = norm(xBTD, `${block}.norm`);
    const heads = (name: string, numHeads: number) =>
      transpose(reshape(linear(hBTD, parameter(`${block}.${name}`)), [B, T, numHeads, K]), [0, 2, 1, 3]);
    const qBHTK = rotaryEmbedding(norm(heads('query', H), `${block}.queryNorm`), tables);
    const kBGTK = rotaryEmbedding(norm(heads('key', G), `${block}.keyNorm`), tables);
    const oBHTK = attention(qBHTK, kBGTK, heads('value', G), window === undefined ? {} : { window });
    return linear(reshape(transpose(oBHTK, [0, 2, 1, 3]), [B, T, H * K]), parameter(`${block}.output`));
  };
  const mlp = (xBTD: Tensor, block: string): Tensor => {
    const hBTD = norm(xBTD, `${block}.norm`);
    const upBTF = linear(hBTD, parameter(`${block}.up`));
    const activeBTF =
      config.mlp === 'swiglu' ? multiply(silu(linear(hBTD, parameter(`${block}.gate`))), upBTF) : reluSquared(upBTF);
    return linear(activeBTF, parameter(`${block}.down`));
  };
  const block = (xBTD: Tensor, layer: number): Tensor => {
    const name = `blocks.${layer}`;
    const yBTD = add(
      xBTD,
      scope('attention', () => attend(xBTD, `${name}.attention`, config.windows?.[layer])),
    );
    return add(
      yBTD,
      scope('mlp', () => mlp(yBTD, `${name}.mlp`)),
    );
  };

  let xBTD = scope('embedding', () => gatherRows(parameter('embedding'), tokensBT));
  for (let layer = 0; layer < numLayers; layer++) {
    const input = xBTD;
    const build = () => block(input, layer);
    xBTD = scope(`blocks.${layer}`, () => (config.recomputeBlocks ? recompute(build) : build()));
  }
  return scope('head', () => linear(reshape(norm(xBTD, 'norm'), [B * T, D]), parameter('head')));
}

/** The mean cross-entropy over positions whose target is not −1, in nats. */
export function meanLoss(logits: Tensor, targets: Tensor, ignoresTargets: boolean): Tensor {
  const flat = reshape(targets, [-1]);
  const losses = crossEntropy(logits, flat, ignoresTargets ? { ignoredTarget: -1 } : {});
  if (!ignoresTargets) return multiply(reduceSum(losses), 1 / (flat.shape[0] ?? 1));
  const numTargets = reduceSum(cast(not(equal(flat, -1)), 'float32'));
  return divide(reduceSum(losses), maximum(numTargets, 1));
}

/**
 * Forward, backward and optimizer as one Program. Inputs `tokens` and `targets` [B, T], `learningRate` (and
 * `matrixLearningRate` for Muon) scalars; output `loss` (and `gradientNorm` if clipping).
 */
export function traceTrainingStep(
  config: GptConfig,
  optimizer: OptimizerConfig,
  { ignoresTargets = false } = {},
): Program {
  const { batchSize: B, contextLength: T } = config;
  const shapes = gptParameters(config);
  const names = Object.keys(shapes);
  const usesMuon = (name: string) =>
    optimizer.kind === 'muon' && name.startsWith('blocks.') && shapes[name]?.length === 2;
  const state: Record<string, StateSpec> = {};
  for (const name of names) state[name] = { shape: shapes[name] ?? [] };
  for (const name of names) {
    const moment = { shape: shapes[name] ?? [], kind: 'optimizer' } as const;
    state[`${name}.firstMoment`] = moment;
    if (!usesMuon(name)) state[`${name}.secondMoment`] = moment;
  }
  state['biasCorrection.first'] = { shape: [], kind: 'optimizer' };
  state['biasCorrection.second'] = { shape: [], kind: 'optimizer' };
  const tokens = { shape: [B, T], dtype: 'int32' } as const;
  const inputs: Record<string, InputSpec> = { tokens, targets: tokens, learningRate: { shape: [] } };
  if (optimizer.kind === 'muon') inputs.matrixLearningRate = { shape: [] };

  return trace(
    (given: Tensors, values: Tensors) => {
      const get = (from: Tensors, name: string): Tensor => {
        const found = from[name];
        if (!found) throw new RangeError(`there is no ${name}`);
        return found;
      };
      const logits = gptLogits(config, values, get(given, 'tokens'));
      const loss = scope('loss', () => meanLoss(logits, get(given, 'targets'), ignoresTargets));
      const gradients = gradient(
        loss,
        names.map((name) => get(values, name)),
      );
      const outputs: Record<string, Tensor> = { loss };
      const next: Record<string, Tensor> = {};
      updatePhase(() =>
        scope('optimizer', () => {
          const correction = nextBiasCorrection(
            { first: get(values, 'biasCorrection.first'), second: get(values, 'biasCorrection.second') },
            optimizer,
          );
          next['biasCorrection.first'] = correction.first;
          next['biasCorrection.second'] = correction.second;
          let factor: Tensor | undefined;
          if (optimizer.clipNorm !== undefined) {
            const norm = globalNorm(gradients);
            outputs.gradientNorm = norm;
            factor = minimum(divide(optimizer.clipNorm, add(norm, 1e-6)), 1);
          }
          names.forEach((name, i) => {
            const raw = gradients[i];
            if (!raw) throw new RangeError(`there is no gradient for ${name}`);
            if (optimizer.tapGradients) tap(`gradient.${name}`, raw);
            const g = factor ? multiply(raw, factor) : raw;
            const parameter = get(values, name);
            const firstMoment = get(values, `${name}.firstMoment`);
            if (usesMuon(name)) {
              const updated = muon(parameter, g, firstMoment, get(given, 'matrixLearningRate'), optimizer.weightDecay);
              next[name] = updated.parameter;
              next[`${name}.firstMoment`] = updated.momentum;
              return;
            }
            const isDecayed = optimizer.decayGains !== false || parameter.shape.length > 1;
            const updated = adamW(
              { parameter, firstMoment, secondMoment: get(values, `${name}.secondMoment`) },
              g,
              get(given, 'learningRate'),
              correction,
              { ...optimizer, weightDecay: isDecayed ? optimizer.weightDecay : 0 },
            );
            next[name] = updated.parameter;
            next[`${name}.firstMoment`] = updated.firstMoment;
            next[`${name}.secondMoment`] = updated.secondMoment;
          });
        }),
      );
      return { outputs, state: next };
    },
    { inputs, state },
  );
}

/** Muon (Jordan et al. 2024): momentum 0.95 with Nesterov's look-ahead, orthogonalised. */
function muon(
  parameter: Tensor,
  gradient: Tensor,
  previous: Tensor,
  learningRate: Tensor,
  weightDecay: number,
): { parameter: Tensor; momentum: Tensor } {
  const [rows = 1, columns = 1] = parameter.shape;
  const momentum = add(multiply(previous, 0.95), gradient);
  const direction = newtonSchulz(add(gradient, multiply(momentum, 0.95)));
  const decayed = multiply(parameter, subtract(1, multiply(learningRate, weightDecay)));
  const step = multiply(direction, multiply(learningRate, Math.sqrt(Math.max(1, rows / columns))));
  return { parameter: subtract(decayed, step), momentum };
}
