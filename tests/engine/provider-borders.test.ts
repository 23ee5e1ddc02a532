import { expect, test } from 'vitest';
import type { NumericData } from '../../src/engine/index.ts';
import * as t from '../../src/tensor/index.ts';
import { describeOnProviders } from '../support/providers.ts';

const list = (data: NumericData | undefined) => Array.from(data ?? []);

await describeOnProviders('what crosses the border of a session', (engine) => {
  const vector = { shape: [3] };
  const x = Float32Array.of(1, -2, 3);

  test('an input that no node reads is accepted', async () => {
    const program = t.trace(({ x }) => ({ outputs: { y: t.negate(x) } }), { inputs: { x: vector, unread: vector } });
    const session = await engine.load(program);
    expect(list((await session.run({ x, unread: x })).y)).toEqual([-1, 2, -3]);
    await session.close();
  });

  test('an output may be an input, a state, a constant, or another output again', async () => {
    const program = t.trace(
      ({ x }, { s }) => {
        const y = t.negate(x);
        return { outputs: { x, s, y, again: y, table: t.iota(3, 'float32'), fixed: t.constant(2.5) } };
      },
      { inputs: { x: vector }, state: { s: vector } },
    );
    const session = await engine.load(program);
    await session.set('s', Float32Array.of(7, 8, 9));
    for (let step = 0; step < 2; step++) {
      const found = await session.run({ x });
      expect(list(found.x)).toEqual([1, -2, 3]);
      expect(list(found.s)).toEqual([7, 8, 9]);
      expect(list(found.y)).toEqual([-1, 2, -3]);
      expect(list(found.again)).toEqual([-1, 2, -3]);
      expect(list(found.table)).toEqual([0, 1, 2]);
      expect(list(found.fixed)).toEqual([2.5]);
    }
    await session.close();
  });

  test('bools and integers go in and come out, also unchanged', async () => {
    const program = t.trace(
      ({ flags, ids }) => ({
        outputs: {
          flags,
          ids,
          negated: t.not(flags),
          isLarge: t.less(1, ids),
          next: t.add(ids, 1),
          chosen: t.where(flags, ids, -1),
        },
      }),
      { inputs: { flags: { shape: [5], dtype: 'bool' }, ids: { shape: [5], dtype: 'int32' } } },
    );
    const session = await engine.load(program);
    const flags = Uint8Array.of(1, 0, 0, 1, 1);
    const ids = Int32Array.of(0, 1, 2, 3, -2147483648);
    const found = await session.run({ flags, ids });
    expect(found.flags).toEqual(flags);
    expect(found.ids).toEqual(ids);
    expect(found.negated).toEqual(Uint8Array.of(0, 1, 1, 0, 0));
    expect(found.isLarge).toEqual(Uint8Array.of(0, 0, 1, 1, 0));
    expect(found.next).toEqual(Int32Array.of(1, 2, 3, 4, -2147483647));
    expect(found.chosen).toEqual(Int32Array.of(0, -1, -1, 3, -2147483648));
    await session.close();
  });

  test('states of every type are kept, replaced, swapped and read', async () => {
    const program = t.trace(
      ({ x }, { count, seen, kept, left, right, last }) => ({
        outputs: { sum: t.add(t.add(left, kept), last) },
        state: { count: t.add(count, 1), seen: t.or(seen, t.less(0, x)), left: right, right: left, last: x },
      }),
      {
        inputs: { x: vector },
        state: {
          count: { shape: [], dtype: 'int32', kind: 'other' },
          seen: { shape: [3], dtype: 'bool', kind: 'other' },
          kept: vector,
          left: vector,
          right: vector,
          last: vector,
        },
      },
    );
    const session = await engine.load(program);
    await session.set('kept', Float32Array.of(100, 100, 100));
    await session.set('left', Float32Array.of(1, 1, 1));
    await session.set('right', Float32Array.of(2, 2, 2));
    const sums: number[] = [];
    for (const sign of [1, -1, 1]) sums.push(list((await session.run({ x: x.map((v) => v * sign) })).sum)[0] ?? 0);
    // left alternates between 1 and 2; last is 0 at first, then what the step before was given.
    expect(sums).toEqual([101, 103, 100]);
    expect(list(await session.get('count'))).toEqual([3]);
    expect(list(await session.get('seen'))).toEqual([1, 1, 1]);
    expect(list(await session.get('kept'))).toEqual([100, 100, 100]);
    expect(list(await session.get('left'))).toEqual([2, 2, 2]);
    expect(list(await session.get('right'))).toEqual([1, 1, 1]);
    expect(list(await session.get('last'))).toEqual([1, -2, 3]);
    await session.set('left', Float32Array.of(5, 5, 5));
    expect(list((await session.run({ x })).sum)).toEqual([106, 103, 108]);
    await session.close();
  });

  test('results stay what they were when later steps run', async () => {
    const program = t.trace((_, { s }) => ({ outputs: { s }, state: { s: t.add(s, 1) } }), {
      inputs: {},
      state: { s: vector },
    });
    const session = await engine.load(program);
    const found = [];
    for (let step = 0; step < 3; step++) found.push((await session.run({})).s);
    const copy = await session.get('s');
    await session.run({});
    expect(found.map(list)).toEqual([
      [0, 0, 0],
      [1, 1, 1],
      [2, 2, 2],
    ]);
    expect(list(copy)).toEqual([3, 3, 3]);
    await session.close();
  });
});
