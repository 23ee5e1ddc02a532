import type { Model } from '../../../src/model/index.ts';
import type { Plan } from '../../../src/training/plan.ts';
import type { RunEvent } from '../../../src/training/run/events.ts';
import type { RunManifest } from '../../../src/training/run/run-manifest.ts';

const hash = (digit: string): string => digit.repeat(64);

export const examplePlan: Plan = {
  budget: { kind: 'time', durationMs: 300_000 },
  size: { vocabularySize: 8192, contextLength: 256, numLayers: 6, width: 256 },
  numParameters: 6_823_424,
  batch: {
    batchSize: 32,
    microBatchSize: 16,
    contextLength: 256,
    packing: 'stream',
    documentMask: false,
    recompute: false,
  },
  numSteps: 1000,
  mostSteps: null,
  numTokens: 8_192_000,
  epochs: 3.2,
  schedule: { kind: 'warmupStableDecay', warmupSteps: 50, finalFactor: 0.1, decayShare: 0.4 },
  evaluation: { everySteps: 100, numDocuments: 100, numFinalDocuments: 500, batchSize: 16 },
  samples: { everySteps: 200, numTokens: 60, prompts: [] },
  checkpoints: { everyMs: 60_000, everySteps: null, keep: 2 },
  expected: {
    msPerStep: 280,
    trainingMs: 280_000,
    otherMs: 15_000,
    limitMs: 295_000,
    finalMs: 5000,
    flopsPerStep: 3.4e11,
  },
  memory: { neededBytes: 900_000_000, availableBytes: 8_000_000_000, limit: 'memory of the machine' },
  reasons: ['A step of 8,192 tokens took 280 ms here, so 5 min hold 1,000 steps.', 'The text is read 3.2 times.'],
  warnings: [],
};

export const exampleManifest: RunManifest = {
  format: 'groundwork-run',
  version: 1,
  name: 'presidents-2026-11-23',
  createdAt: '2026-11-23T10:00:00.000Z',
  recipe: { name: 'baseline', file: null, options: {}, sha256: hash('1') },
  size: examplePlan.size,
  programHash: hash('2'),
  modelHash: hash('3'),
  batch: { batchSize: 32, microBatchSize: 16, contextLength: 256, packing: 'stream', documentMask: false },
  datasets: [
    { folder: 'datasets/presidents', name: 'presidents', fingerprint: hash('4'), weight: 3 },
    { folder: 'datasets/<b>letters</b>', name: '<b>letters</b>', fingerprint: hash('5'), weight: 1 },
  ],
  batchesFingerprint: hash('6'),
  tokenizerFingerprint: hash('7'),
  seed: 1,
  numSteps: 1000,
  schedule: examplePlan.schedule,
  optimizer: {
    clipNorm: 1,
    groups: [
      { algorithm: 'muon', roles: ['matrix'], learningRate: 0.02, momentum: 0.95, weightDecay: 0, numIterations: 5 },
      {
        algorithm: 'adamw',
        roles: ['embedding', 'head', 'gain', 'bias', 'scale'],
        learningRate: 0.003,
        beta1: 0.9,
        beta2: 0.95,
        epsilon: 1e-8,
        weightDecay: 0.01,
      },
    ],
  },
  engine: { provider: 'cpu', numThreads: 2, name: 'onnx/cpu', versions: { 'onnxruntime-node': '1.30.0' } },
  environment: { node: 'v20.20.0', platform: 'linux-x64', cpu: 'A processor with two cores', groundwork: '0.1.0' },
  plan: examplePlan,
  command: ['pretrain', '--budget', '5m', '--prompt', "It's a <test>"],
  status: 'finished',
  failure: null,
  result: {
    step: 1000,
    tokens: 8_192_000,
    bitsPerByte: 1.6123,
    numDocuments: 500,
    numValidationDocuments: 500,
    loss: 3.71,
    durationMs: 281_000,
  },
};

/** A model with two layers, as far as a report looks at it. */
export const exampleModel: Model = {
  vocabularySize: 8192,
  contextLength: 256,
  parameters: {
    embedding: { shape: [8192, 256], role: 'embedding', initialization: { kind: 'normal', deviation: 0.02 } },
    'layers.0.attention.query': { shape: [256, 256], role: 'matrix', initialization: { kind: 'constant', value: 0 } },
    'layers.1.attention.query': { shape: [256, 256], role: 'matrix', initialization: { kind: 'constant', value: 0 } },
    'norm.gain': { shape: [256], role: 'gain', initialization: { kind: 'constant', value: 1 } },
  },
  exports: { huggingFace: true, gguf: true, onnx: true },
  forward: () => {
    throw new Error('a report runs no model');
  },
};

/** A text that would break a page or move a cursor, if it could. */
export const hostileText = '</pre><script>document.title = "broken"</script>\u001b[2J\u0007 and\r\na tab\there\u202e.';

/** The events of a run of so many steps, as they would be, with a spike, a skipped step, a warning and a resume. */
export function exampleEvents(numSteps = 1000): RunEvent[] {
  const events: RunEvent[] = [{ type: 'started' }];
  let elapsedMs = 0;
  for (let step = 1; step <= numSteps; step++) {
    const share = step / numSteps;
    const noise = Math.sin(step * 12.9898) * 0.12;
    const durationMs = 280 + 20 * Math.sin(step);
    elapsedMs += durationMs;
    const isSkipped = step === Math.floor(numSteps * 0.6);
    const spike = step === Math.floor(numSteps * 0.3) ? 40 : 0;
    events.push({
      type: 'step',
      step,
      loss: isSkipped
        ? Number.NaN
        : 3.4 + 5.6 * Math.exp(-14 * share) + (0.8 * (1 - share)) / (1 + share) + noise + spike,
      gradientNorm: isSkipped
        ? Number.POSITIVE_INFINITY
        : 0.4 + 3 * Math.exp(-20 * share) + Math.abs(noise) + spike * 3,
      isApplied: !isSkipped,
      scheduleFactor: Math.min(step / 50, 1, (1 - share) / 0.4 + 0.1),
      tokens: step * 8192,
      durationMs,
      elapsedMs,
    });
    if (step % Math.ceil(numSteps / 10) === 0) {
      const bitsPerByte = 1.6 + 1.4 * Math.exp(-5 * share);
      events.push({
        type: 'evaluation',
        step,
        tokens: step * 8192,
        bitsPerByte,
        numDocuments: step === numSteps ? 500 : 100,
        numValidationDocuments: 500,
        isFinal: step === numSteps,
      });
      events.push({ type: 'checkpoint', step, sizeBytes: 82_000_000 });
    }
    if (step % Math.ceil(numSteps / 5) === 0) {
      const text = share > 0.9 ? hostileText : 'the people of the United States and the Congress of the last year.';
      events.push({ type: 'sample', step, prompt: '1862 Abraham Lincoln: ', text });
    }
    if (step === Math.floor(numSteps / 2)) {
      events.push({ type: 'warning', step, message: 'the loss rose for 20 steps' });
      events.push({ type: 'stopped', step, signal: 'SIGINT' });
      events.push({ type: 'resumed', step });
    }
  }
  return [...events, { type: 'finished' }];
}
