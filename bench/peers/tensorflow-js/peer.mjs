// The TensorFlow.js peer: eager kernels on the wasm backend, one tf.tidy a step.
//
//     node peer.mjs --spec PATH.json --threads N
//
// In Node the wasm backend of 4.22 always computes on one thread, so "threads" in the answer is 1 whatever N is.
// Axis names: B batch, T time, M = B*T rows, D model width, H heads, K head width, V vocabulary.

import { createRequire } from 'node:module';

import { serve } from '../protocol.mjs';

/**
 * y = x @ W^T with x [M, in], W [out, in].
 *
 * The wasm kernel is fast (XNNPACK) only for a product without a transposed operand, and the library's own gradient
 * transposes operands: hence explicit transposes and a gradient of our own.
 */
function makeLinear(tf) {
  return tf.customGrad((x, weight, save) => {
    save([x, weight]);
    const gradFunc = (dy, [x, weight]) => [tf.matMul(dy, weight), tf.matMul(tf.transpose(dy), x)];
    return { value: tf.matMul(x, tf.transpose(weight)), gradFunc };
  });
}

/** a @ b over the last two axes, in batches, with the gradient free of transposed operands as above. */
function makeBatchedProduct(tf) {
  const transposed = (x) => tf.transpose(x, [0, 2, 1]);
  return tf.customGrad((a, b, save) => {
    save([a, b]);
    const gradFunc = (dy, [a, b]) => [tf.matMul(dy, transposed(b)), tf.matMul(transposed(a), dy)];
    return { value: tf.matMul(a, b), gradFunc };
  });
}

/** table[tokens], whose gradient the wasm backend lacks (UnsortedSegmentSum); scatterND adds up repeated rows too. */
function makeEmbed(tf) {
  return (table, tokensM) =>
    tf.customGrad((table) => {
      const gradFunc = (dy) => tf.scatterND(tf.reshape(tokensM, [-1, 1]), dy, table.shape);
      return { value: tf.gather(table, tokensM), gradFunc };
    })(table);
}

/** Returns loss(parameters, inputsM, targetsM), the mean cross-entropy; it keeps its constant tables. */
function makeLoss(tf, model) {
  const { batchSize, contextLength, numLayers, numHeads, vocabularySize, width } = model;
  const headWidth = width / numHeads;
  const half = headWidth / 2;
  const frequencies = Array.from({ length: half }, (_, j) => 10000 ** ((-2 * j) / headWidth));
  const tableTHK = (of) => {
    const values = Array.from({ length: contextLength }, (_, t) => frequencies.map((frequency) => of(t * frequency)));
    return tf.tensor(values.flat(), [contextLength, 1, half]);
  };
  const cosTHK = tableTHK(Math.cos);
  const sinTHK = tableTHK(Math.sin);
  const maskTS = tf.tensor(
    Array.from({ length: contextLength ** 2 }, (_, i) => {
      return i % contextLength > Math.floor(i / contextLength) ? -1e30 : 0;
    }),
    [contextLength, contextLength],
  );
  const scale = tf.scalar(headWidth ** -0.5);
  const epsilon = tf.scalar(1e-6);
  const linear = makeLinear(tf);
  const batchedProduct = makeBatchedProduct(tf);
  const embed = makeEmbed(tf);

  const norm = (x) => tf.mul(x, tf.rsqrt(tf.add(tf.mean(tf.mul(x, x), -1, true), epsilon)));

  const rotate = (xBTHK) => {
    const [first, second] = tf.split(xBTHK, 2, -1);
    return tf.concat(
      [tf.sub(tf.mul(first, cosTHK), tf.mul(second, sinTHK)), tf.add(tf.mul(second, cosTHK), tf.mul(first, sinTHK))],
      -1,
    );
  };

  const rows = batchSize * numHeads;
  return (parameters, inputsM, targetsM) => {
    const heads = (hMD, name) =>
      tf.reshape(linear(hMD, parameters[name]), [batchSize, contextLength, numHeads, headWidth]);

    let xMD = embed(parameters.embedding, inputsM);
    for (let layer = 0; layer < numLayers; layer++) {
      const attention = `blocks.${layer}.attention`;
      const mlp = `blocks.${layer}.mlp`;
      const hMD = norm(xMD);
      const byHead = (xBTHK, axes, shape) => tf.reshape(tf.transpose(xBTHK, axes), shape);
      const q = byHead(rotate(norm(heads(hMD, `${attention}.query`))), [0, 2, 1, 3], [rows, contextLength, headWidth]);
      const kT = byHead(rotate(norm(heads(hMD, `${attention}.key`))), [0, 2, 3, 1], [rows, headWidth, contextLength]);
      const v = byHead(heads(hMD, `${attention}.value`), [0, 2, 1, 3], [rows, contextLength, headWidth]);
      const weights = tf.softmax(tf.add(tf.mul(batchedProduct(q, kT), scale), maskTS));
      const mixed = tf.reshape(batchedProduct(weights, v), [batchSize, numHeads, contextLength, headWidth]);
      const mixedMD = byHead(mixed, [0, 2, 1, 3], [batchSize * contextLength, width]);
      xMD = tf.add(xMD, linear(mixedMD, parameters[`${attention}.output`]));
      const hidden = tf.relu(linear(norm(xMD), parameters[`${mlp}.up`]));
      xMD = tf.add(xMD, linear(tf.mul(hidden, hidden), parameters[`${mlp}.down`]));
    }
    const logitsMV = linear(norm(xMD), parameters.head);
    return tf.losses.softmaxCrossEntropy(tf.oneHot(targetsM, vocabularySize), logitsMV);
  };
}

/** AdamW with decoupled decay over all parameters; the library's Adam has no decay, so it is written out here. */
function makeUpdate(tf, optimizer) {
  const { learningRate, beta1, beta2, epsilon, weightDecay } = optimizer;
  const [keptFirst, newFirst, keptSecond, newSecond] = [beta1, 1 - beta1, beta2, 1 - beta2].map((x) => tf.scalar(x));
  const keptParameter = tf.scalar(1 - learningRate * weightDecay);
  const epsilonScalar = tf.scalar(epsilon);
  return ({ parameter, first, second }, g, rate, correction) => {
    const m = tf.add(tf.mul(first, keptFirst), tf.mul(g, newFirst));
    const v = tf.add(tf.mul(second, keptSecond), tf.mul(tf.mul(g, g), newSecond));
    const change = tf.div(tf.mul(m, rate), tf.add(tf.mul(tf.sqrt(v), correction), epsilonScalar));
    parameter.assign(tf.sub(tf.mul(parameter, keptParameter), change));
    first.assign(m);
    second.assign(v);
  };
}

await serve(async (task, threads) => {
  const require = createRequire(import.meta.url);
  const tf = require('@tensorflow/tfjs');
  require('@tensorflow/tfjs-backend-wasm');
  await tf.setBackend('wasm');
  if (threads > 1) process.stderr.write(`TensorFlow.js computes on 1 thread in Node, not on ${threads}.\n`);

  const { model, optimizer } = task;
  const lossOf = makeLoss(tf, model);
  const update = makeUpdate(tf, optimizer);
  const names = Object.keys(task.parameters);
  const states = names.map((name) => {
    const { shape, values } = task.parameters[name];
    return {
      parameter: tf.variable(tf.tensor(values, shape)),
      first: tf.variable(tf.zeros(shape)),
      second: tf.variable(tf.zeros(shape)),
    };
  });
  const lossOfBatch = (inputs, targets) => {
    const lossOfParameters = (...values) =>
      lossOf(Object.fromEntries(values.map((value, i) => [names[i], value])), inputs, targets);
    return tf.valueAndGrads(lossOfParameters)(states.map(({ parameter }) => parameter));
  };

  const step = async (k) => {
    const { inputs, targets } = task.batches[k % task.batches.length];
    const loss = tf.tidy(() => {
      const { value, grads } = lossOfBatch(tf.tensor1d(inputs, 'int32'), tf.tensor1d(targets, 'int32'));
      const rate = tf.scalar(optimizer.learningRate / (1 - optimizer.beta1 ** (k + 1)));
      const correction = tf.scalar(1 / Math.sqrt(1 - optimizer.beta2 ** (k + 1)));
      for (const [i, state] of states.entries()) update(state, grads[i], rate, correction);
      return value;
    });
    const [value] = await loss.data();
    loss.dispose();
    return value;
  };
  return { versions: { '@tensorflow/tfjs': tf.version.tfjs }, step, threads: 1 };
});
