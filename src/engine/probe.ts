import { type Clock, present, randomStream, systemClock } from '../core/index.ts';
import { matmul, reduceSum, trace } from '../tensor/index.ts';
import type { Engine, EngineProbe } from './engine.ts';

/** Products of language models, [M, K] · [N, K]ᵀ: square, into an MLP, out of it, onto a vocabulary. */
const probeShapes = [
  { M: 1024, K: 1024, N: 1024 },
  { M: 2048, K: 384, N: 1536 },
  { M: 2048, K: 1536, N: 384 },
  { M: 1024, K: 512, N: 4096 },
] as const;

/** What an engine says of where it runs. */
interface ProbedRuntime {
  readonly provider: string;
  readonly device: string;
  readonly numThreads: number;
  readonly memoryBytes: number | undefined;
}

export interface ProbeOptions {
  /** How long to measure each shape, in milliseconds. Default 250. */
  readonly durationMs?: number;
  /** Shapes to measure. Default: four of language models. */
  readonly shapes?: readonly { readonly M: number; readonly K: number; readonly N: number }[];
  readonly clock?: Clock;
}

/**
 * Measures what an engine has: provider, device, threads, memory, and the best sustained rate of float32 matrix products.
 * Operands are state of the session, so that no step moves them; only a sum leaves it.
 */
export async function probe(
  engine: Engine & { readonly runtime?: ProbedRuntime },
  options: ProbeOptions = {},
): Promise<EngineProbe> {
  const { durationMs = 250, shapes = probeShapes, clock = systemClock } = options;
  let best = 0;
  for (const { M, K, N } of shapes) {
    const program = trace(
      (_, { left, right }) => {
        const product = matmul(left, right, { transposeRight: true });
        return { outputs: { sum: reduceSum(product) } };
      },
      { inputs: {}, state: { left: { shape: [M, K] }, right: { shape: [N, K] } } },
    );
    const session = await engine.load(program);
    try {
      for (const name of ['left', 'right'] as const) {
        const random = randomStream(1, name);
        const size = name === 'left' ? M * K : N * K;
        await session.set(
          name,
          Float32Array.from({ length: size }, () => random.nextUniform() - 0.5),
        );
      }
      await session.run({});
      const start = clock.monotonicMs();
      const durations: number[] = [];
      do {
        const before = clock.monotonicMs();
        await session.run({});
        durations.push(clock.monotonicMs() - before);
      } while (clock.monotonicMs() - start < durationMs);
      durations.sort((a, b) => a - b);
      const median = present(durations[Math.floor(durations.length / 2)], 'a duration');
      best = Math.max(best, (2 * M * K * N) / (median * 1e6));
    } finally {
      await session.close();
    }
  }
  const { runtime } = engine;
  return {
    engine: engine.name,
    provider: runtime?.provider ?? engine.name,
    device: runtime?.device ?? 'JavaScript',
    numThreads: runtime?.numThreads ?? 1,
    memoryBytes: runtime?.memoryBytes,
    gemmGflops: best,
  };
}
