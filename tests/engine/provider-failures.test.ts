import { execFile } from 'node:child_process';
import { promisify } from 'node:util';
import { describe, expect, test } from 'vitest';
import { onnxEngine } from '../../src/engine/index.ts';
import { GraphBuilder } from '../../src/engine/onnx/builder.ts';
import { translateFailure } from '../../src/engine/onnx/failures.ts';
import { encodeModel } from '../../src/engine/onnx/graph.ts';
import { loadRuntime as loadWebRuntime } from '../../src/engine/onnx/runtime-web.ts';
import * as t from '../../src/tensor/index.ts';
import { expectRefusal, lateRefusalOf } from '../support/expect-refusal.ts';
import { describeOnProviders } from '../support/providers.ts';
import { smallModelProgram, tinyModel } from '../support/small-model.ts';

/** A model of one operator that no provider, or not every provider, has. */
function modelOf(operator: string): Uint8Array {
  const builder = new GraphBuilder();
  builder.at('head', 'forward');
  builder.output('y', builder.node(operator, [builder.input('x', [4], 'float32')], [4], 'float32'));
  return encodeModel(builder.build());
}

describe('a provider that is not there', () => {
  test.runIf(process.platform === 'linux')('webgpu without a Vulkan driver says what it needs', async () => {
    const nowhere = { VK_ICD_FILENAMES: '/nonexistent.json', VK_DRIVER_FILES: '/nonexistent.json' };
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['node_modules/tsx/dist/cli.mjs', 'tests/support/webgpu-refusal.ts'],
      { env: { ...process.env, ...nowhere } },
    );
    const refusal = JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
    expect(refusal).toEqual({ code: 'provider-unavailable', hint: expect.stringContaining('Vulkan') });
  });

  test('cpu in a browser points to wasm', async () => {
    const refusal = await lateRefusalOf(loadWebRuntime('cpu'));
    expectRefusal(refusal, 'provider-unavailable');
    expect(refusal.hint).toContain("'wasm'");
  });

  test('webgpu on a page without it points to wasm', async () => {
    // Node has no navigator.gpu either.
    const refusal = await lateRefusalOf(loadWebRuntime('webgpu'));
    expectRefusal(refusal, 'provider-unavailable');
    expect(refusal.hint).toContain("'wasm'");
  });
});

describe('threads of wasm', () => {
  test('another number than the one in force is refused, the same or none is not', async () => {
    const { numThreads } = (await onnxEngine('wasm')).runtime;
    const refusal = await lateRefusalOf(onnxEngine('wasm', { numThreads: numThreads + 1 }));
    expectRefusal(refusal, 'provider-unavailable');
    expect(refusal.message).toContain(`${numThreads} threads`);
    expect((await onnxEngine('wasm', { numThreads })).runtime.numThreads).toBe(numThreads);
    expect((await onnxEngine('wasm')).runtime.numThreads).toBe(numThreads);
  });
});

await describeOnProviders('a failure is translated', (engine, provider) => {
  const refuse = (model: Uint8Array) =>
    lateRefusalOf(
      engine.runtime.create(model, []).catch((cause) => {
        throw translateFailure(cause, provider);
      }),
    );

  test('an operator that nobody has is unsupported', async () => {
    expect((await refuse(modelOf('Nonsense'))).code).toBe('unsupported-op');
  });

  test.runIf(provider === 'webgpu')('an operator that only the processor has is unsupported', async () => {
    expectRefusal(await refuse(modelOf('Sign')), 'unsupported-op');
  });

  test('a tensor larger than any memory is out of memory', async () => {
    const program = t.trace(
      ({ x }) => ({ outputs: { y: t.reduceSum(t.multiply(t.broadcastTo(x, [2 ** 17, 2 ** 14, 64]), 2)) } }),
      { inputs: { x: { shape: [1] } } },
    );
    const session = await engine.load(program);
    expect((await lateRefusalOf(session.run({ x: Float32Array.of(1) }))).code).toBe('out-of-memory');
    await session.close();
  });

  test('a token outside the vocabulary names the embedding, before the step', async () => {
    const session = await engine.load(smallModelProgram(tinyModel));
    const tokens = new Int32Array(tinyModel.batchSize * tinyModel.contextLength);
    tokens[5] = tinyModel.vocabularySize;
    const inputs = { tokens, targets: new Int32Array(tokens.length), learningRate: Float32Array.of(1e-3) };
    const refusal = await lateRefusalOf(session.run(inputs));
    expectRefusal(refusal, 'invalid-array', 'embedding');
    expect(refusal.message).toContain(`${tinyModel.vocabularySize} at position 5`);
    await session.close();
  });

  // The WebGPU provider does not look at indices: it reads some row or none, and the step goes on with a wrong number.
  test.runIf(provider !== 'webgpu')('a computed index out of range names the scope and the operator', async () => {
    const program = t.trace(
      ({ x, table }) => ({ outputs: { y: t.scope('lookup', () => t.gatherRows(table, t.add(t.argMax(x, 0), 100))) } }),
      { inputs: { x: { shape: [2] }, table: { shape: [3, 2] } } },
    );
    const session = await engine.load(program);
    const refusal = await lateRefusalOf(session.run({ x: new Float32Array(2), table: new Float32Array(6) }));
    expectRefusal(refusal, 'engine-failure', 'lookup');
    expect(refusal.message).toContain('Gather');
    await session.close();
  });
});
