import { afterAll, describe } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { type Engine, onnxEngine, type Provider, providers, type Session } from '../../src/engine/index.ts';
import { constant, trace } from '../../src/tensor/index.ts';

/**
 * Declares tests for each of the given providers that this machine has. Where WebGPU is missing its tests are skipped and a
 * note says why; on CI (CI=true) they fail instead, so that nobody loses them unnoticed.
 */
export async function describeOnProviders(
  title: string,
  body: (engine: Awaited<ReturnType<typeof onnxEngine>>, provider: Provider) => void,
  chosen: readonly Provider[] = providers,
): Promise<void> {
  for (const provider of chosen) {
    const engine = await onnxEngine(provider);
    const probe = await smallestSession(engine);
    const isMissing = probe instanceof GroundworkError;
    if (isMissing && (provider !== 'webgpu' || process.env.CI === 'true')) throw probe;
    if (isMissing) {
      console.warn(
        `Skipped on ${provider}: ${title}.\n${probe.message}\n` +
          'For a graphics device in software: apt-get install chromium (tests/support/software-vulkan.ts finds it).',
      );
    }
    describe.skipIf(isMissing)(`${title} on onnx/${provider}`, () => {
      body(engine, provider);
      // Open until now, because the last session to close takes the device and its compiled shaders with it.
      afterAll(async () => {
        if (!isMissing) await probe.close();
      });
    });
  }
}

/** A session that has run the smallest of Programs, or why the engine cannot. */
async function smallestSession(engine: Engine): Promise<Session | GroundworkError> {
  try {
    const session = await engine.load(trace(() => ({ outputs: { one: constant(1) } }), { inputs: {} }));
    await session.run({});
    return session;
  } catch (error) {
    if (error instanceof GroundworkError && error.code === 'provider-unavailable') return error;
    throw error;
  }
}
