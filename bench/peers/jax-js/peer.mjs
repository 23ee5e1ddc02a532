// The jax-js peer: the whole training step, gradient and AdamW included, in one jit on the wasm backend.
//
//     node peer.mjs --spec PATH.json --threads N
//
// Axis names: B batch, T time, D model width, H heads, K head width, V vocabulary. An array of jax-js is consumed by
// the function it is given to, so each use but the last goes through `.ref`.

import { readFileSync } from 'node:fs';

import { serve } from '../protocol.mjs';
import { provideWorkers } from './web-worker.mjs';

/** Returns loss(parameters, inputsBT, targetsBT), the mean cross-entropy. */
function makeLoss({ numpy: np, nn }, model) {
  const { batchSize, contextLength, numLayers, numHeads, width } = model;
  const headWidth = width / numHeads;
  const half = headWidth / 2;
  const angles = Array.from({ length: contextLength * half }, (_, i) => {
    return Math.floor(i / half) * 10000 ** ((-2 * (i % half)) / headWidth);
  });
  const tableTHK = (of) => np.array(new Float32Array(angles.map(of)), { shape: [contextLength, 1, half] });
  const cosTHK = tableTHK(Math.cos);
  const sinTHK = tableTHK(Math.sin);

  const norm = (x) => x.ref.div(np.sqrt(np.mean(np.square(x), -1, { keepdims: true }).add(1e-6)));

  const rotate = (xBTHK) => {
    const [first, second] = np.split(xBTHK, 2, -1);
    const cosine = (x) => x.mul(cosTHK.ref);
    const sine = (x) => x.mul(sinTHK.ref);
    return np.concatenate([cosine(first.ref).sub(sine(second.ref)), cosine(second).add(sine(first))], -1);
  };

  // nn.dotProductAttention says the same, but needs a Node of 22 or later.
  const isVisibleTS = np.tril(np.ones([contextLength, contextLength])).greater(0);
  const attend = (qBTHK, kBTHK, vBTHK) => {
    const scoresBHTS = np.matmul(np.transpose(qBTHK, [0, 2, 1, 3]), np.transpose(kBTHK, [0, 2, 3, 1]));
    const maskedBHTS = np.where(isVisibleTS.ref, scoresBHTS.mul(headWidth ** -0.5), -1e30);
    const mixedBHTK = np.matmul(nn.softmax(maskedBHTS, -1), np.transpose(vBTHK, [0, 2, 1, 3]));
    return np.transpose(mixedBHTK, [0, 2, 1, 3]);
  };

  return (parameters, inputsBT, targetsBT) => {
    const linear = (x, name) => np.dot(x, parameters[name].ref.transpose());
    const heads = (hBTD, name) => linear(hBTD, name).reshape([batchSize, contextLength, numHeads, headWidth]);

    let xBTD = np.take(parameters.embedding.ref, inputsBT, 0);
    for (let layer = 0; layer < numLayers; layer++) {
      const attention = `blocks.${layer}.attention`;
      const mlp = `blocks.${layer}.mlp`;
      const hBTD = norm(xBTD.ref);
      const qBTHK = rotate(norm(heads(hBTD.ref, `${attention}.query`)));
      const kBTHK = rotate(norm(heads(hBTD.ref, `${attention}.key`)));
      const vBTHK = heads(hBTD, `${attention}.value`);
      const mixedBTD = attend(qBTHK, kBTHK, vBTHK).reshape([batchSize, contextLength, width]);
      xBTD = xBTD.add(linear(mixedBTD, `${attention}.output`));
      const hiddenBTF = np.square(nn.relu(linear(norm(xBTD.ref), `${mlp}.up`)));
      xBTD = xBTD.add(linear(hiddenBTF, `${mlp}.down`));
    }
    const logitsBTV = linear(norm(xBTD), 'head');
    // takeAlongAxis would be shorter, but jit refuses its gradient in 0.1.25 ("input is not imm").
    const isTargetBTV = nn.oneHot(targetsBT, model.vocabularySize);
    const targetLogitsBT = np.sum(logitsBTV.ref.mul(isTargetBTV), -1);
    return np.mean(nn.logsumexp(logitsBTV, -1).sub(targetLogitsBT));
  };
}

/**
 * Returns step(parameters, first, second, rate, correction, inputsBT, targetsBT) -> [parameters, first, second, loss],
 * with the two numbers of bias correction as arguments: lr / (1 - beta1^t) and 1 / sqrt(1 - beta2^t).
 */
function makeStep(jax, model, optimizer) {
  const { numpy: np } = jax;
  const { learningRate, beta1, beta2, epsilon, weightDecay } = optimizer;
  const lossAndGradient = jax.valueAndGrad(makeLoss(jax, model));

  return jax.jit((parameters, first, second, rate, correction, inputsBT, targetsBT) => {
    const [loss, gradient] = lossAndGradient(jax.tree.ref(parameters), inputsBT, targetsBT);
    const updated = { parameters: {}, first: {}, second: {} };
    for (const name of Object.keys(parameters)) {
      const g = gradient[name];
      const m = first[name].mul(beta1).add(g.ref.mul(1 - beta1));
      const v = second[name].mul(beta2).add(np.square(g).mul(1 - beta2));
      const update = m.ref.mul(rate.ref).div(np.sqrt(v.ref).mul(correction.ref).add(epsilon));
      updated.parameters[name] = parameters[name].mul(1 - learningRate * weightDecay).sub(update);
      updated.first[name] = m;
      updated.second[name] = v;
    }
    rate.dispose();
    correction.dispose();
    return [updated.parameters, updated.first, updated.second, loss];
  });
}

await serve(async (task, threads) => {
  provideWorkers(threads);
  const jax = await import('@jax-js/jax');
  await jax.init('wasm');
  jax.defaultDevice('wasm');
  const { numpy: np } = jax;
  const { model, optimizer } = task;
  const run = makeStep(jax, model, optimizer);

  const entries = Object.entries(task.parameters);
  const each = (make) => Object.fromEntries(entries.map(([name, { shape, values }]) => [name, make(shape, values)]));
  let parameters = each((shape, values) => np.array(values, { shape }));
  let first = each((shape) => np.zeros(shape));
  let second = each((shape) => np.zeros(shape));
  const tokensBT = (values) => np.array(values, { shape: [model.batchSize, model.contextLength], dtype: np.int32 });

  const step = async (k) => {
    const { inputs, targets } = task.batches[k % task.batches.length];
    const rate = np.array(optimizer.learningRate / (1 - optimizer.beta1 ** (k + 1)));
    const correction = np.array(1 / Math.sqrt(1 - optimizer.beta2 ** (k + 1)));
    let loss;
    [parameters, first, second, loss] = run(
      parameters,
      first,
      second,
      rate,
      correction,
      tokensBT(inputs),
      tokensBT(targets),
    );
    return (await loss.data())[0];
  };

  const manifest = new URL('node_modules/@jax-js/jax/package.json', import.meta.url);
  return { versions: { '@jax-js/jax': JSON.parse(readFileSync(manifest, 'utf8')).version }, step };
});
