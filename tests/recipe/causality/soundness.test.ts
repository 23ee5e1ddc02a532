import { expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { referenceEngine } from '../../../src/engine/index.ts';
import { stretch } from '../../../src/recipe/causality/field.ts';
import { forwardProgram, interpret } from '../../../src/recipe/causality/interpretation.ts';
import { type Knowledge, none, rowOf, timeOf } from '../../../src/recipe/causality/knowledge.ts';
import { nodeAt, sizeOf } from '../../../src/tensor/index.ts';
import { runsOf } from '../../data/full-tests.ts';
import { batchSize, contextLength, randomProgram } from './random-graphs.ts';

const numGraphs = runsOf(720);
const numTokens = batchSize * contextLength;

/** True if knowledge allows an element to change with a token. */
function mayDepend(reach: number, token: number): boolean {
  const row = rowOf(reach);
  return (
    reach !== none &&
    (row === 'several' || row === Math.floor(token / contextLength)) &&
    timeOf(reach) >= token % contextLength
  );
}

test('no value of a random graph changes with a token that it cannot reach, or leaves its bounds', async () => {
  let numCompared = 0;
  let numIndependent = 0;
  for (let seed = 0; seed < numGraphs; seed++) {
    const random = randomStream(seed, 'soundness');
    const program = randomProgram(random, 2 + random.nextInteger(8));
    const known = interpret(forwardProgram(program));
    const session = await referenceEngine().load(program);
    for (const [name, { node }] of Object.entries(program.state)) {
      const scale = 2 ** random.nextInteger(3);
      const data = Float64Array.from(
        { length: sizeOf(nodeAt(program, node).shape) },
        () => scale * random.nextNormal(),
      );
      await session.set(name, data);
    }
    const tokens = Int32Array.from({ length: numTokens }, () => random.nextInteger(5));
    const segments = Int32Array.from({ length: numTokens }, () => random.nextInteger(3));
    const before = await session.run({ tokens, segments });
    const fields = Object.entries(program.outputs).map(([name, position]) => {
      const { shape, reach, range } = known[position] as Knowledge;
      const full = (data: Float64Array) => stretch({ shape: range.shape, data }, shape).data;
      return { name, reach: stretch(reach, shape).data, low: full(range.low), high: full(range.high) };
    });
    for (const { name, reach, low, high } of fields) {
      before[name]?.forEach((x: number, i: number) => {
        const isAnything = low[i] === Number.NEGATIVE_INFINITY && high[i] === Number.POSITIVE_INFINITY;
        const isWithin = x >= (low[i] as number) && x <= (high[i] as number);
        if (!isAnything && !isWithin) expect.fail(`seed ${seed}: ${name} is ${x}, not in ${low[i]} … ${high[i]}`);
        numIndependent += Number(reach[i] === none);
      });
    }
    for (let token = 0; token < numTokens; token++) {
      for (const shift of [1, 3]) {
        const changed = tokens.map((id, i) => (i === token ? (id + shift) % 5 : id));
        const after = await session.run({ tokens: changed, segments });
        for (const { name, reach } of fields) {
          before[name]?.forEach((x: number, i: number) => {
            numCompared += 1;
            // The sign of a zero is not followed, only what comes of it.
            if (x === after[name]?.[i] || Object.is(x, after[name]?.[i]) || mayDepend(reach[i] as number, token))
              return;
            expect.fail(
              `seed ${seed}: element ${i} of ${name} changes with token ${token}, but reaches ${rowOf(reach[i] as number)}, ${timeOf(reach[i] as number)}`,
            );
          });
        }
      }
    }
    await session.close();
  }
  // Neither all skipped nor all trivial.
  expect(numCompared).toBeGreaterThan(1000 * numGraphs);
  expect(numIndependent).toBeGreaterThan(10 * numGraphs);
});
