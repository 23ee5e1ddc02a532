import { expect, test } from 'vitest';
import { randomStream } from '../../../src/core/index.ts';
import { referenceEngine } from '../../../src/engine/index.ts';
import { stretch } from '../../../src/recipe/causality/field.ts';
import { forwardProgram, interpret } from '../../../src/recipe/causality/interpretation.ts';
import { type Knowledge, none, rowOf, timeOf } from '../../../src/recipe/causality/knowledge.ts';
import { nodeAt, type Program, sizeOf } from '../../../src/tensor/index.ts';
import { runsOf } from '../../support/full-tests.ts';
import { batchSize, contextLength, randomProgram } from './random-graphs.ts';
import { roundedOutputs } from './rounded-values.ts';

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

type Arrays = { readonly [name: string]: ArrayLike<number> };
type Run = (given: Arrays) => Promise<Arrays>;

/** Float64 all the way. */
async function exactly(program: Program, states: { readonly [name: string]: Float64Array }): Promise<Run> {
  const session = await referenceEngine().load(program);
  for (const [name, data] of Object.entries(states)) await session.set(name, data);
  return (given) => session.run(given as { readonly [name: string]: Int32Array });
}

/** Rounded to the element type after every op. */
async function rounded(program: Program, states: Arrays): Promise<Run> {
  return async (given) => roundedOutputs(program, { ...given, ...states });
}

const arithmetics = [
  ['float32, computed exactly', 'float32', exactly, 720],
  ['float32, rounded', 'float32', rounded, 80],
  ['bfloat16, computed exactly', 'bfloat16', exactly, 80],
  ['bfloat16, rounded', 'bfloat16', rounded, 240],
] as const;

test.each(arithmetics)(
  'no value of a random graph in %s changes with a token that it cannot reach, or leaves its bounds',
  async (_, dtype, arithmetic, numDraws) => {
    const numGraphs = runsOf(numDraws);
    let numCompared = 0;
    let numIndependent = 0;
    for (let seed = 0; seed < numGraphs; seed++) {
      const random = randomStream(seed, 'soundness');
      const program = randomProgram(random, 2 + random.nextInteger(8), dtype);
      const known = interpret(forwardProgram(program));
      const states = Object.entries(program.state).map(([name, { node }]) => {
        const scale = 2 ** random.nextInteger(3);
        const length = sizeOf(nodeAt(program, node).shape);
        return [name, Float64Array.from({ length }, () => scale * random.nextNormal())] as const;
      });
      const run = await arithmetic(program, Object.fromEntries(states));
      const tokens = Int32Array.from({ length: numTokens }, () => random.nextInteger(5));
      const segments = Int32Array.from({ length: numTokens }, () => random.nextInteger(3));
      const before = await run({ tokens, segments });
      const fields = Object.entries(program.outputs).map(([name, position]) => {
        const { shape, reach, range } = known[position] as Knowledge;
        const full = (data: Float64Array) => stretch({ shape: range.shape, data }, shape).data;
        return { name, reach: stretch(reach, shape).data, low: full(range.low), high: full(range.high) };
      });
      for (const { name, reach, low, high } of fields) {
        Array.from(before[name] ?? []).forEach((x, i) => {
          const isAnything = low[i] === Number.NEGATIVE_INFINITY && high[i] === Number.POSITIVE_INFINITY;
          const isWithin = x >= (low[i] as number) && x <= (high[i] as number);
          if (!isAnything && !isWithin) expect.fail(`seed ${seed}: ${name} is ${x}, not in ${low[i]} … ${high[i]}`);
          numIndependent += Number(reach[i] === none);
        });
      }
      for (let token = 0; token < numTokens; token++) {
        for (const shift of [1, 3]) {
          const changed = tokens.map((id, i) => (i === token ? (id + shift) % 5 : id));
          const after = await run({ tokens: changed, segments });
          for (const { name, reach } of fields) {
            Array.from(before[name] ?? []).forEach((x, i) => {
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
    }
    // Neither all skipped nor all trivial.
    expect(numCompared).toBeGreaterThan(1000 * numGraphs);
    expect(numIndependent).toBeGreaterThan(10 * numGraphs);
  },
);
