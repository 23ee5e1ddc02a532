// The rate of single matrix products in ONNX Runtime on the CPU, as a peer of the benchmark: the yardstick for a step.
//
//     node gemm.mjs --spec PATH.json --threads N
//
// Operands and product are state of a session, which on the CPU is memory that the runtime reads and writes directly.
// While it loads it tries every product of the model's step in every form; a "step" runs the fastest of them in turn.
// What a call costs beside its product (some 30 µs, measured on a product of 4×4 matrices) is taken off, as a step has
// many products to a call.

import { assert, present } from '../../src/core/index.ts';
import { type Engine, onnxEngine, type Session } from '../../src/engine/index.ts';
import { matmul, trace } from '../../src/tensor/index.ts';
import { serve } from '../peers/protocol.mjs';
import { type GemmShape, gemmShapes, nameGemm } from './models.ts';
import { least, median } from './statistics.ts';

/** How many of the products are measured in the rounds. */
const numKept = 8;
/** A product that takes no time to speak of. */
const emptyShape: GemmShape = { m: 4, n: 4, k: 4, transposeLeft: false, transposeRight: false };
/** Runs of one product after another: with the operands in the cache, as a product has them at best. */
const runsInARow = 4;

interface Product {
  readonly shape: GemmShape;
  readonly session: Session;
  /** FLOP per ms, from the trial. */
  readonly rate: number;
}

await serve(async ({ model }, threads) => {
  const engine = await onnxEngine('cpu', { numThreads: threads });
  const { session: empty } = await tryProduct(engine, emptyShape);
  let kept: Product[] = [];
  for (const shape of gemmShapes(model)) {
    kept = [...kept, await tryProduct(engine, shape)].sort((x, y) => y.rate - x.rate);
    await kept[numKept]?.session.close();
    kept = kept.slice(0, numKept);
  }
  let productMs: Record<string, number[]> = {};
  let callMs: number[] = [];
  return {
    versions: { 'onnxruntime-node': engine.runtime.version },
    step: async () => {
      for (const { shape, session } of kept) {
        callMs.push(...(await timeRuns(empty)));
        await session.run({});
        const name = nameGemm(shape);
        productMs[name] = [...(productMs[name] ?? []), ...(await timeRuns(session))];
      }
      return 0;
    },
    takeDetails: () => {
      const callCost = median(callMs);
      const pure = Object.entries(productMs).map(([name, times]) => [name, times.map((ms) => ms - callCost)]);
      productMs = {};
      callMs = [];
      return { productMs: Object.fromEntries(pure) };
    },
  };
});

async function timeRuns(session: Session, numRuns = runsInARow): Promise<number[]> {
  const times: number[] = [];
  for (let i = 0; i < numRuns; i++) {
    const start = performance.now();
    await session.run({});
    times.push(performance.now() - start);
  }
  return times;
}

/** Values in −0.5 … 0.5 without a short period. */
function fill(length: number, stride: number): Float32Array {
  const values = new Float32Array(length);
  for (let i = 0; i < length; i++) values[i] = ((i * stride) % 1019) / 1019 - 0.5;
  return values;
}

async function tryProduct(engine: Engine, shape: GemmShape): Promise<Product> {
  const { m, n, k, transposeLeft, transposeRight } = shape;
  const program = trace(
    (_, { left, right }) => {
      const product = matmul(present(left, 'left'), present(right, 'right'), { transposeLeft, transposeRight });
      return { outputs: {}, state: { product } };
    },
    {
      inputs: {},
      state: {
        left: { shape: transposeLeft ? [k, m] : [m, k] },
        right: { shape: transposeRight ? [n, k] : [k, n] },
        product: { shape: [m, n] },
      },
    },
  );
  const session = await engine.load(program);
  const left = fill(m * k, 7919);
  const right = fill(k * n, 6007);
  await session.set('left', left);
  await session.set('right', right);
  await session.run({});
  const product = await session.get('product');
  const [row, column] = [m - 1, n >> 1];
  let expected = 0;
  for (let i = 0; i < k; i++) {
    const x = left[transposeLeft ? i * m + row : row * k + i] ?? 0;
    const y = right[transposeRight ? column * k + i : i * n + column] ?? 0;
    expected += x * y;
  }
  const found = product[row * n + column] ?? Number.NaN;
  assert(Math.abs(found - expected) < 1e-2, `${nameGemm(shape)} gives ${found} where ${expected} is right`);
  const flop = 2 * m * n * k;
  // A large product is timed well by one run, and many of them would make the trial long.
  const times = await timeRuns(session, flop > 4e9 ? 1 : runsInARow);
  return { shape, session, rate: flop / least(times) };
}
