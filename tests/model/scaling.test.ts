import { describe, expect, test } from 'vitest';
import { present } from '../../src/core/index.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import { type GptConfig, gptModel } from '../../src/model/index.ts';
import type { OptimizerSpec } from '../../src/optimizer/index.ts';
import { runsEverything } from '../support/full-tests.ts';
import { type Movements, movementsOf } from './support/coordinate-check.ts';

const sizes = { vocabularySize: 64, contextLength: 16, numLayers: 2, width: 256 };

describe('muP with AdamW, four times the base', () => {
  const at = (options: Partial<GptConfig>) =>
    gptModel({ ...sizes, outputInitialization: 'scaled', ...options }).parameters;
  const scaled = at({ scaling: { baseWidth: 64 }, hasValueEmbeddings: true, hasBiases: true });
  const plain = at({ hasValueEmbeddings: true, hasBiases: true });

  test('matrices learn at a quarter of the rate and forget at the same pace', () => {
    for (const name of ['attention.query', 'attention.output', 'mlp.gate', 'mlp.down'].map(
      (part) => `blocks.1.${part}`,
    )) {
      expect(scaled[name], name).toMatchObject({ learningRateFactor: 1 / 4, weightDecayFactor: 4 });
    }
  });

  test('all else learns at the same rate, also the gate that always reads as many channels', () => {
    for (const name of ['embedding', 'head', 'norm.gain', 'blocks.1.mlp.up.bias', 'blocks.1.attention.valueGate']) {
      expect(scaled[name], name).toEqual(plain[name]);
      expect(scaled[name], name).not.toHaveProperty('learningRateFactor');
    }
  });

  test('a deviation that is given is that of the base', () => {
    const deviationOf = (options: Partial<GptConfig>) => at(options)['blocks.0.mlp.up']?.initialization;
    expect(deviationOf({})).toEqual({ kind: 'normal', deviation: 1 / 16 });
    expect(deviationOf({ scaling: { baseWidth: 64 } })).toEqual({ kind: 'normal', deviation: 1 / 16 });
    expect(deviationOf({ matrixDeviation: 0.02 })).toEqual({ kind: 'normal', deviation: 0.02 });
    const given = { matrixDeviation: 0.02, scaling: { baseWidth: 64 } };
    expect(deviationOf(given)).toEqual({ kind: 'normal', deviation: 0.01 });
  });

  test('at the base nothing changes', () => {
    const base = gptModel({ ...sizes, scaling: { baseWidth: 256 } });
    expect(base.parameters).toEqual(gptModel(sizes).parameters);
  });

  test('a matrix whose fan-in stays as it is keeps rate and deviation', () => {
    const fixed = at({
      headWidth: 64,
      numHeads: 2,
      hiddenWidth: 128,
      matrixDeviation: 0.02,
      outputInitialization: 'scaled',
      scaling: { baseWidth: 64, baseNumHeads: 2, baseHiddenWidth: 128 },
    });
    for (const name of ['attention.output', 'mlp.down'].map((part) => `blocks.0.${part}`)) {
      expect(fixed[name], name).not.toHaveProperty('learningRateFactor');
      expect(fixed[name]?.initialization, name).toEqual({ kind: 'normal', deviation: 0.02 / Math.sqrt(2 * 2) });
    }
    for (const name of ['attention.query', 'attention.value', 'mlp.up'].map((part) => `blocks.0.${part}`)) {
      expect(fixed[name], name).toMatchObject({ learningRateFactor: 1 / 4, weightDecayFactor: 4 });
      expect(fixed[name]?.initialization, name).toEqual({ kind: 'normal', deviation: 0.02 / 2 });
    }
  });
});

describe('with Muon', () => {
  const factorsOf = (options: Partial<GptConfig>) =>
    Object.fromEntries(
      Object.entries(gptModel({ ...sizes, numLayers: 1, ...options }).parameters).flatMap(([name, spec]) =>
        spec.learningRateFactor === undefined ? [] : [[name, [spec.learningRateFactor, spec.weightDecayFactor]]],
      ),
    );

  test('matrices need no factor where they grow as much in either direction, to the last bit', () => {
    for (const width of [32, 64, 96, 160, 224, 256, 320]) {
      expect(factorsOf({ width, scaling: { baseWidth: 64, matrices: 'muon' } }), `${width}`).toEqual({});
    }
  });

  test('matrices that get wider as they grow learn by √min(1, out / in) less, relative to the base', () => {
    // Keys and values were [32, 64] and are [32, 256]: √(1/8) / √(1/2). Values' gates are [1, 32] at both.
    const scaling = { baseWidth: 64, baseNumGroups: 1, matrices: 'muon' } as const;
    expect(factorsOf({ headWidth: 32, numGroups: 1, hasValueEmbeddings: true, scaling })).toEqual({
      'blocks.0.attention.key': [expect.closeTo(1 / 2, 12), expect.closeTo(2, 12)],
      'blocks.0.attention.value': [expect.closeTo(1 / 2, 12), expect.closeTo(2, 12)],
    });
    // [128, 64], which is not wide, and [128, 256]; [64, 128] and [256, 128].
    expect(factorsOf({ hiddenWidth: 128, scaling: { baseWidth: 64, baseHiddenWidth: 128, matrices: 'muon' } })).toEqual(
      {
        'blocks.0.mlp.gate': [expect.closeTo(Math.SQRT1_2, 12), expect.closeTo(Math.SQRT2, 12)],
        'blocks.0.mlp.up': [expect.closeTo(Math.SQRT1_2, 12), expect.closeTo(Math.SQRT2, 12)],
        'blocks.0.mlp.down': [expect.closeTo(Math.SQRT2, 12), expect.closeTo(Math.SQRT1_2, 12)],
      },
    );
  });

  test('at the base nothing changes, whatever the shapes', () => {
    const scaling = { baseWidth: 256, baseNumGroups: 1, baseHiddenWidth: 100, matrices: 'muon' } as const;
    expect(factorsOf({ headWidth: 32, numGroups: 1, hiddenWidth: 100, scaling })).toEqual({});
  });
});

describe('initialisation', () => {
  test('matrices begin at 1/√fan-in, outputs at zero or smaller with depth', () => {
    const of = (options: Partial<GptConfig>) => gptModel({ ...sizes, hiddenWidth: 100, ...options }).parameters;
    expect(of({})['blocks.0.mlp.down']?.initialization).toEqual({ kind: 'constant', value: 0 });
    const scaled = of({ outputInitialization: 'scaled' });
    expect(scaled['blocks.0.mlp.up']?.initialization).toEqual({ kind: 'normal', deviation: 1 / 16 });
    expect(scaled['blocks.0.mlp.down']?.initialization).toEqual({ kind: 'normal', deviation: 0.1 / 2 });
  });
});

describe('coordinate check: how far activations move in five steps', () => {
  const adamW = { algorithm: 'adamw', beta1: 0.9, beta2: 0.95, epsilon: 1e-12, weightDecay: 0 } as const;
  const muon = { algorithm: 'muon', learningRate: 0.02, momentum: 0.95, weightDecay: 0, numIterations: 5 } as const;
  const vectors = ['embedding', 'head', 'gain', 'bias', 'scale'];
  const withAdamW: OptimizerSpec = {
    groups: [{ ...adamW, roles: [...vectors, 'matrix'], learningRate: 0.001 }],
    clipNorm: null,
  };
  const withMuon: OptimizerSpec = {
    groups: [
      { ...adamW, roles: vectors, learningRate: 0.001 },
      { ...muon, roles: ['matrix'] },
    ],
    clipNorm: null,
  };
  const narrow = 64;
  const wide = runsEverything ? 512 : 256;
  /** Embeddings that stand out against the first updates, and logits that begin at zero: nothing moves but by learning. */
  const start = { embeddingDeviation: 1, headDeviation: 0 };

  /** Keys and values of one group, and an MLP, that stay as wide as they are. */
  const fixed = { headWidth: 32, numGroups: 1, hiddenWidth: 128 };
  const fixedBases = { baseWidth: narrow, baseNumGroups: 1, baseHiddenWidth: 128 };

  const movements = async (options: Partial<GptConfig>, optimizer: OptimizerSpec): Promise<Movements> => {
    const engine = await onnxEngine('cpu', { numThreads: 1 });
    return movementsOf(engine, { config: { ...sizes, ...start, ...options }, optimizer, numSteps: 5 });
  };
  /** At the base all rules are the same. */
  const atBase = new Map<string, Movements>();

  /** By activation, the exponent of the width with which movements grow. */
  async function exponents(options: Partial<GptConfig>, optimizer: OptimizerSpec): Promise<[string, number][]> {
    const { scaling, ...others } = options;
    const key = JSON.stringify([others, optimizer]);
    const before = atBase.get(key) ?? (await movements({ ...others, width: narrow }, optimizer));
    atBase.set(key, before);
    const after = await movements({ ...options, width: wide }, optimizer);
    return [...after].map(([name, moved]) => [
      name,
      Math.log(moved / present(before.get(name), name)) / Math.log(wide / narrow),
    ]);
  }

  test('with the rules for AdamW they stay', async () => {
    const found = await exponents({ scaling: { baseWidth: narrow } }, withAdamW);
    expect(found.map(([name]) => name).sort()).toEqual([
      'logits',
      'tap.attention.0',
      'tap.attention.1',
      'tap.values.0',
      'tap.values.1',
    ]);
    for (const [name, exponent] of found) expect(Math.abs(exponent), name).toBeLessThan(0.15);
  });

  test('without them they grow, all of them', async () => {
    for (const [name, exponent] of await exponents({}, withAdamW)) expect(exponent, name).toBeGreaterThan(0.3);
  });

  test('with the rules for Muon they stay', async () => {
    const found = await exponents({ scaling: { baseWidth: narrow, matrices: 'muon' } }, withMuon);
    for (const [name, exponent] of found) expect(Math.abs(exponent), name).toBeLessThan(0.15);
  });

  test('with the rules for Muon they stay where axes do not grow', async () => {
    const found = await exponents({ ...fixed, scaling: { ...fixedBases, matrices: 'muon' } }, withMuon);
    for (const [name, exponent] of found) expect(Math.abs(exponent), name).toBeLessThan(0.15);
  });

  test.runIf(runsEverything)('with the rules for AdamW they stay where axes do not grow', async () => {
    const found = await exponents({ ...fixed, scaling: fixedBases }, withAdamW);
    for (const [name, exponent] of found) expect(Math.abs(exponent), name).toBeLessThan(0.25);
  });

  test.runIf(runsEverything)('with the rules for AdamW, Muon moves too little', async () => {
    const found = new Map(await exponents({ scaling: { baseWidth: narrow } }, withMuon));
    expect(found.get('tap.attention.1')).toBeLessThan(-0.3);
  });

  test.runIf(runsEverything)('Muon without rules moves logits too far', async () => {
    const found = new Map(await exponents({}, withMuon));
    expect(found.get('logits')).toBeGreaterThan(0.5);
  });
});
