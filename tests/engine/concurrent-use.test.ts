import { describe, expect, test } from 'vitest';
import { GroundworkError } from '../../src/core/index.ts';
import { type Engine, onnxEngine, referenceEngine } from '../../src/engine/index.ts';
import { add, matmul, type Program, trace } from '../../src/tensor/index.ts';

// A session runs one step at a time. Whoever starts a second one too early gets a refusal, or it runs after the first:
// never a step that is lost or computed from half of another.

const width = 64;
/** Turns a vector by one place and counts; the two vectors change places, so that neither can be updated in place. */
function rotation(): Program {
  const vector = { shape: [1, width] };
  return trace(
    ({ turn }, { a, b, count }) => ({ outputs: { a }, state: { a: matmul(b, turn), b: a, count: add(count, 1) } }),
    {
      inputs: { turn: { shape: [width, width] } },
      state: { a: vector, b: vector, count: { shape: [], dtype: 'int32', kind: 'other' } },
    },
  );
}
const turn = Float32Array.from({ length: width * width }, (_, at) =>
  (Math.floor(at / width) + 1) % width === at % width ? 1 : 0,
);
const start = Float32Array.from({ length: width }, (_, i) => i);

async function opened(engine: Engine) {
  const session = await engine.load(rotation());
  await session.set('a', start);
  await session.set('b', start);
  return session;
}

/** a and b after some steps, one after the other. */
async function expected(numSteps: number): Promise<number[]> {
  const session = await opened(referenceEngine());
  for (let step = 0; step < numSteps; step++) await session.run({ turn });
  return [...(await session.get('a')), ...(await session.get('b'))];
}

const engines: readonly (readonly [name: string, load: () => Promise<Engine>])[] = [
  ['reference', async () => referenceEngine()],
  ['onnx/cpu', () => onnxEngine('cpu')],
];

for (const [name, loadEngine] of engines) {
  describe(`a session of ${name}`, () => {
    test('that is asked for several steps at once refuses some or takes all, in order', async () => {
      const session = await opened(await loadEngine());
      const results = await Promise.allSettled([1, 2, 3].map(() => session.run({ turn })));
      const numTaken = results.filter(({ status }) => status === 'fulfilled').length;
      for (const result of results) {
        if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(GroundworkError);
      }
      expect(numTaken).toBeGreaterThan(0);
      expect([...(await session.get('count'))]).toEqual([numTaken]);
      expect([...(await session.get('a')), ...(await session.get('b'))]).toEqual(await expected(numTaken));
      await session.close();
    });

    test('that is closed during a step finishes it or refuses, and blames nobody else', async () => {
      const session = await opened(await loadEngine());
      const [step, closing] = await Promise.allSettled([session.run({ turn }), session.close()]);
      if (step.status === 'rejected') expect(step.reason).toBeInstanceOf(GroundworkError);
      if (closing.status === 'rejected') expect(closing.reason).toBeInstanceOf(GroundworkError);
    });
  });
}
