import { describe } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { type Engine, onnxEngine, type Provider, providers } from '../../src/engine/index.ts';
import { constant, trace } from '../../src/tensor/index.ts';

/**
 * Declares tests for each of the given providers that this machine has. Where WebGPU is missing its tests are skipped and a
 * note says why; on CI (CI=true) they fail instead, so that nobody loses them unnoticed.
 */
export async function describeOnProviders(
  title: string,
  body: (engine: Engine, provider: Provider) => void,
  chosen: readonly Provider[] = providers,
): Promise<void> {
  for (const provider of chosen) {
    const engine = await onnxEngine(provider);
    const missing = await reasonAgainst(engine);
    if (missing && provider !== 'webgpu') throw missing;
    if (missing && process.env.CI === 'true') throw missing;
    if (missing) {
      console.warn(
        `Skipped on ${provider}: ${title}.\n${missing.message}\n` +
          'For a graphics device in software: apt-get install chromium (tests/support/software-vulkan.ts finds it).',
      );
    }
    describe.skipIf(missing)(`${title} on onnx/${provider}`, () => body(engine, provider));
  }
}

/** Why an engine cannot run the smallest of Programs, or nothing if it can. */
async function reasonAgainst(engine: Engine): Promise<GroundworkError | undefined> {
  try {
    const session = await engine.load(trace(() => ({ outputs: { one: constant(1) } }), { inputs: {} }));
    await session.run({});
    await session.close();
    return undefined;
  } catch (error) {
    if (error instanceof GroundworkError && error.code === 'provider-unavailable') return error;
    throw error;
  }
}
