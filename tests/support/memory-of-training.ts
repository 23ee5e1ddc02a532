import { readFileSync } from 'node:fs';
import { traceTrainingStep } from '../../examples/gpt.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import { nodeAt, sizeOf } from '../../src/tensor/index.ts';
import { collectGarbage } from './collect-garbage.ts';

// A process of its own for memory.test.ts: trains model M for three steps and prints by how many bytes it has grown at most,
// beside the engine's estimate. Linux only.

/** What the kernel says of this process, in bytes: `VmRSS` memory now, `VmHWM` the most it ever was. */
function statusBytes(key: 'VmRSS' | 'VmHWM'): number {
  const [, kilobytes] = new RegExp(`${key}:\\s+(\\d+)`).exec(readFileSync('/proc/self/status', 'utf8')) ?? [];
  return Number(kilobytes) * 1024;
}

const config = {
  vocabularySize: 4096,
  width: 384,
  numLayers: 6,
  numHeads: 6,
  contextLength: 256,
  batchSize: 8,
  hiddenWidth: 1536,
  recomputeBlocks: process.argv[2] === 'recompute',
};
const program = traceTrainingStep(config, { beta1: 0.9, beta2: 0.95, epsilon: 1e-8, weightDecay: 0.1 });
const engine = await onnxEngine('cpu');
const estimate = engine.estimateMemory(program);
collectGarbage();
const before = statusBytes('VmRSS');
const session = await engine.load(program);
for (const [name, { node }] of Object.entries(program.state)) {
  await session.set(name, new Float32Array(sizeOf(nodeAt(program, node).shape)).fill(0.01));
}
collectGarbage();
const ids = new Int32Array(config.batchSize * config.contextLength);
for (let step = 0; step < 3; step++) {
  await session.run({ tokens: ids, targets: ids, learningRate: Float32Array.of(1e-3) });
}
console.log(JSON.stringify({ estimate, growthBytes: statusBytes('VmHWM') - before }));
