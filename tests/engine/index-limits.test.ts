import { describe, expect, test } from 'vitest';
import { onnxEngine } from '../../src/engine/index.ts';
import { checkIndices, indexLimits } from '../../src/engine/index-limits.ts';
import {
  add,
  broadcastTo,
  crossEntropy,
  gatherRows,
  type Program,
  reshape,
  scope,
  slice,
  type Tensor,
  takeAlongAxis,
  trace,
  transpose,
} from '../../src/tensor/index.ts';
import { expectRefusal, lateRefusalOf, refusalOf } from '../support/expect-refusal.ts';
import { smallBatch, smallTrainingStep } from '../support/small-gpt.ts';

/** A Program of an int32 input `ids` [2, 2] and two tables of 5 and 3 rows. */
function programOf(build: (ids: Tensor, five: Tensor, three: Tensor) => readonly Tensor[]): Program {
  return trace(
    ({ ids, five, three }) => ({
      outputs: Object.fromEntries(build(ids, five, three).map((result, i) => [`y${i}`, result])),
    }),
    { inputs: { ids: { shape: [2, 2], dtype: 'int32' }, five: { shape: [5, 4] }, three: { shape: [3, 4] } } },
  );
}

const flat = (ids: Tensor) => reshape(ids, [4]);
const logits = (table: Tensor) => broadcastTo(slice(table, 0, 0, 1), [4, 4]);

describe('indexLimits', () => {
  test('of a training step are the vocabulary, for targets with the one to leave out, with the scopes', () => {
    expect(indexLimits(smallTrainingStep())).toEqual([
      { input: 'tokens', limit: 7, ignored: undefined, scope: 'embedding' },
      { input: 'targets', limit: 7, ignored: -1, scope: 'loss' },
    ]);
  });

  test('are found through ops that only move numbers', () => {
    const moved = programOf((ids, five) => [
      scope('lookup', () => gatherRows(five, broadcastTo(flat(transpose(ids, [1, 0])), [3, 4]))),
    ]);
    expect(indexLimits(moved)).toEqual([{ input: 'ids', limit: 5, ignored: undefined, scope: 'lookup' }]);
  });

  test('know nothing of the rest of an input of which a part is looked up', () => {
    expect(indexLimits(programOf((ids, five) => [gatherRows(five, slice(ids, 0, 0, 1))]))).toEqual([]);
  });

  test('know nothing of indices that the step computes', () => {
    expect(indexLimits(programOf((ids, five) => [gatherRows(five, add(ids, 1))]))).toEqual([]);
  });

  test('of an axis are its extent', () => {
    const along = programOf((ids, five) => [takeAlongAxis(five, reshape(ids, [1, 4]), 0)]);
    expect(indexLimits(along).map(({ limit }) => limit)).toEqual([5]);
    const across = programOf((ids, five) => [takeAlongAxis(slice(five, 0, 0, 4), reshape(ids, [4, 1]), 1)]);
    expect(indexLimits(across).map(({ limit }) => limit)).toEqual([4]);
  });

  test('of an input that is used twice are the smaller, whichever comes first, with its scope', () => {
    const use = (name: string, table: Tensor, ids: Tensor) => scope(name, () => gatherRows(table, ids));
    const expected = [{ input: 'ids', limit: 3, ignored: undefined, scope: 'small' }];
    expect(indexLimits(programOf((ids, five, three) => [use('large', five, ids), use('small', three, ids)]))).toEqual(
      expected,
    );
    expect(indexLimits(programOf((ids, five, three) => [use('small', three, ids), use('large', five, ids)]))).toEqual(
      expected,
    );
  });

  test('leave a number out only if every use does', () => {
    const loss = (table: Tensor, ids: Tensor, ignoredTarget?: number) =>
      crossEntropy(logits(table), flat(ids), ignoredTarget === undefined ? {} : { ignoredTarget });
    const ignored = (build: Parameters<typeof programOf>[0]) => indexLimits(programOf(build)).map((one) => one.ignored);
    expect(ignored((ids, five) => [loss(five, ids, -1)])).toEqual([-1]);
    expect(ignored((ids, five, three) => [loss(five, ids, -1), loss(three, ids, -1)])).toEqual([-1]);
    expect(ignored((ids, five) => [loss(five, ids, -1), gatherRows(five, ids)])).toEqual([undefined]);
    expect(ignored((ids, five) => [gatherRows(five, ids), loss(five, ids, -1)])).toEqual([undefined]);
    expect(ignored((ids, five, three) => [loss(five, ids, -1), loss(three, ids)])).toEqual([undefined]);
  });
});

describe('checkIndices', () => {
  const limits = [{ input: 'ids', limit: 4, ignored: -1, scope: 'loss' }];
  const strict = [{ input: 'ids', limit: 4, ignored: undefined, scope: 'embedding' }];

  test('takes every number in range and the one to leave out', () => {
    expect(() => checkIndices(limits, { ids: Int32Array.of(0, 3, -1) })).not.toThrow();
    expect(() => checkIndices(strict, { ids: Int32Array.of(0, 1, 2, 3) })).not.toThrow();
  });

  test('names input, number, position, range and scope of the first that is out of range', () => {
    const error = refusalOf(() => checkIndices(limits, { ids: Int32Array.of(0, -1, 4, 9) }));
    expectRefusal(error, 'invalid-array', 'loss');
    expect(error.message).toContain('"ids" has 4 at position 2, expected 0 … 3, or -1');
  });

  test('refuses what lies just outside', () => {
    for (const index of [-1, 4, 2 ** 31 - 1, -(2 ** 31)]) {
      expectRefusal(
        refusalOf(() => checkIndices(strict, { ids: Int32Array.of(index) })),
        'invalid-array',
        'embedding',
      );
    }
    expectRefusal(
      refusalOf(() => checkIndices(limits, { ids: Int32Array.of(-2) })),
      'invalid-array',
      'loss',
    );
  });
});

test('a step that is refused for a token leaves the session usable, though its state is in place', async () => {
  const program = smallTrainingStep();
  const session = await (await onnxEngine('cpu')).load(program);
  const batch = smallBatch(program, 1);
  const tokens = Int32Array.from(batch.tokens ?? []);
  tokens[3] = 7;
  const error = await lateRefusalOf(session.run({ ...batch, tokens }));
  expectRefusal(error, 'invalid-array', 'embedding');
  expect(error.message).toContain('7 at position 3');
  await expect(session.run(batch)).resolves.toBeDefined();
  await session.close();
});
