// Groundwork as a peer of the benchmark (bench/peers/README.md): a GPT's whole step as one Program in ONNX Runtime.
//
//     node ours.mjs --spec PATH.json --threads N [--provider cpu|wasm|webgpu]

import { traceTrainingStep } from '../../examples/gpt.ts';
import { present } from '../../src/core/index.ts';
import { onnxEngine, type Provider } from '../../src/engine/index.ts';
import { serve } from '../peers/protocol.mjs';

const packages: { readonly [provider: string]: string } = {
  cpu: 'onnxruntime-node',
  wasm: 'onnxruntime-web',
  webgpu: 'onnxruntime-node',
};

await serve(
  async ({ model, optimizer, parameters, batches }, threads, { provider = 'cpu' }) => {
    const engine = await onnxEngine(provider as Provider, { numThreads: threads });
    const start = performance.now();
    const session = await engine.load(traceTrainingStep(model, optimizer));
    const traceToSessionMs = performance.now() - start;
    for (const [name, { values }] of Object.entries(parameters)) await session.set(name, values);
    const learningRate = Float32Array.of(optimizer.learningRate);
    return {
      versions: { [present(packages[provider], 'the package of a provider')]: engine.runtime.version },
      details: { traceToSessionMs },
      step: async (k) => {
        const { inputs, targets } = present(batches[k % batches.length], 'a batch');
        const { loss } = await session.run({ tokens: inputs, targets, learningRate });
        return present(loss?.[0], 'the loss');
      },
    };
  },
  { provider: ['cpu', 'wasm', 'webgpu'] },
);
