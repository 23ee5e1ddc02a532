import { onnxEngine } from '../../src/engine/index.ts';
import { matmul, multiply, reduceSum, trace } from '../../src/tensor/index.ts';
import { collectGarbage } from './collect-garbage.ts';

// A process of its own for native-session.test.ts: runs many steps on a state of a MiB, written in place or in turn, and prints
// by how much the process and its arrays have grown.

const [kind, numSteps] = [process.argv[2], Number(process.argv[3])];
const width = 512;
const program = trace(
  ({ rate }, { weights }) => ({
    outputs: { sum: reduceSum(weights) },
    state: { weights: kind === 'in place' ? multiply(weights, rate) : matmul(weights, weights) },
  }),
  { inputs: { rate: { shape: [] } }, state: { weights: { shape: [width, width] } } },
);
const session = await (await onnxEngine('cpu')).load(program);
const step = () => session.run({ rate: Float32Array.of(0.99) });

function memory(): { readonly arrayBuffers: number; readonly rss: number } {
  collectGarbage();
  return process.memoryUsage();
}

for (let i = 0; i < 20; i++) await step();
const start = memory();
// Without collection on the way: what a step throws away counts.
let mostArrayBuffers = 0;
for (let i = 0; i < numSteps; i++) {
  await step();
  mostArrayBuffers = Math.max(mostArrayBuffers, process.memoryUsage().arrayBuffers);
}
const end = memory();
console.log(
  JSON.stringify({
    stateBytes: 4 * width * width,
    mostArrayBytes: mostArrayBuffers - start.arrayBuffers,
    rssBytes: end.rss - start.rss,
  }),
);
