import { describe, expect, test } from 'vitest';
import {
  add,
  constant,
  exp,
  makeTensor,
  multiply,
  recompute,
  reduceSum,
  scope,
  type Tensor,
  type TraceResult,
  tap,
  trace,
  updatePhase,
} from '../../src/tensor/index.ts';
import { expectRefusal, refusalOf } from '../support/expect-refusal.ts';

const x3 = { inputs: { x: { shape: [3] } } };

/** What a tensor made now would carry. */
function here(): { scope: string; phase: string; isRecomputed: boolean } {
  const { scope, phase, region } = constant(0);
  return { scope, phase, isRecomputed: region !== undefined };
}
const top = { scope: '', phase: 'forward', isRecomputed: false };

describe('trace', () => {
  test('gives inputs and states the shapes, types and kinds of their specs', () => {
    const program = trace(() => ({ outputs: {} }), {
      inputs: { a: { shape: [2] }, b: { shape: [], dtype: 'int32' } },
      state: {
        p: { shape: [1] },
        m: { shape: [1], dtype: 'bool', kind: 'optimizer' },
        o: { shape: [], kind: 'other' },
      },
    });
    const kinds = Object.values(program.state).map(({ kind }) => kind);
    expect(program.nodes.map(({ dtype, shape }) => [dtype, shape])).toEqual([
      ['float32', [2]],
      ['int32', []],
      ['float32', [1]],
      ['bool', [1]],
      ['float32', []],
    ]);
    expect(kinds).toEqual(['parameter', 'optimizer', 'other']);
  });

  test('calls its function once', () => {
    let numCalls = 0;
    trace(() => {
      numCalls += 1;
      return { outputs: {} };
    }, x3);
    expect(numCalls).toBe(1);
  });

  test('leaves a state that the function does not return as it is', () => {
    const { state } = trace((_, { a, b }) => ({ outputs: {}, state: { a: add(a, b) } }), {
      inputs: {},
      state: { a: { shape: [] }, b: { shape: [] } },
    });
    expect(state.a?.next).not.toBe(state.a?.node);
    expect(state.b?.next).toBe(state.b?.node);
  });

  test('keeps an input and a state of one name apart', () => {
    const program = trace(({ x }, { x: state }) => ({ outputs: { y: add(x, state) } }), {
      ...x3,
      state: { x: { shape: [3] } },
    });
    expect(program.inputs.x).not.toBe(program.state.x?.node);
  });

  test('lets one tensor be several outputs and next states', () => {
    const program = trace(
      ({ x }) => {
        const y = exp(x);
        return { outputs: { a: y, b: y, c: x }, state: { s: y } };
      },
      { ...x3, state: { s: { shape: [3] } } },
    );
    expect(program.outputs.a).toBe(program.outputs.b);
    expect(program.state.s?.next).toBe(program.outputs.a);
    expect(program.outputs.c).toBe(program.inputs.x);
  });

  test('refuses the next value of a state that does not exist', () => {
    for (const name of ['t', 'toString', 'constructor']) {
      const error = refusalOf(() =>
        trace((_, { s }) => ({ outputs: {}, state: { [name]: s } }), { inputs: {}, state: { s: { shape: [] } } }),
      );
      expectRefusal(error, 'invalid-trace');
      expect(error.message).toContain(`"${name}"`);
      expect(error.hint).toContain('s');
    }
  });

  test('takes a state whose name every object has, such as constructor', () => {
    const program = trace((_, state) => ({ outputs: { y: state.constructor } }), {
      inputs: {},
      state: { constructor: { shape: [2] } },
    });
    expect(program.state.constructor).toEqual({ node: 0, next: 0, kind: 'parameter' });
  });

  test('refuses a state that changes its shape or its type', () => {
    const next = (change: (s: Tensor) => Tensor) => () =>
      trace((_, { s }) => ({ outputs: {}, state: { s: scope('update', () => change(s)) } }), {
        inputs: {},
        state: { s: { shape: [2] } },
      });
    expectRefusal(refusalOf(next(reduceSum)), 'invalid-trace', 'update');
    expectRefusal(refusalOf(next(() => constant(1, 'int32'))), 'invalid-trace', 'update');
    expectRefusal(refusalOf(next((s) => makeTensor('cast', [s], { to: 'float16' }))), 'invalid-trace', 'update');
  });

  test('refuses a tensor of another trace, even where a leaf of the same name and shape exists', () => {
    const leaked: Tensor[] = [];
    trace(({ x }) => {
      leaked.push(scope('outer', () => exp(x)));
      return { outputs: { y: x } };
    }, x3);
    for (const name of ['x', 'z']) {
      const error = refusalOf(() =>
        trace(
          (inputs: { readonly [name: string]: Tensor }) => ({ outputs: { y: add(inputs[name] ?? 0, leaked[0] ?? 0) } }),
          {
            inputs: { [name]: { shape: [3] } },
          },
        ),
      );
      expectRefusal(error, 'invalid-trace');
      expect(error.message).toContain('"x"');
    }
  });

  test('refuses a leaf that trace() did not make', () => {
    const error = refusalOf(() =>
      trace(
        () => ({
          outputs: { y: scope('a', () => makeTensor('input', [], { name: 'y', shape: [], dtype: 'float32' })) },
        }),
        x3,
      ),
    );
    expectRefusal(error, 'invalid-trace', 'a');
  });

  test('can be called inside itself: the inner trace neither sees nor changes scope, phase and taps of the outer', () => {
    const program = trace(({ x }) => {
      const outer = scope('outer', () =>
        updatePhase(() =>
          recompute(() => {
            tap('value', x);
            const inner = trace(({ x: innerX }) => {
              expect(here()).toEqual(top);
              return { outputs: { y: tap('value', exp(innerX)) } };
            }, x3);
            expect(Object.keys(inner.outputs)).toEqual(['y', 'tap.value']);
            expect(inner.nodes.every(({ scope, phase }) => scope === '' && phase === 'forward')).toBe(true);
            expect(here()).toEqual({ scope: 'outer', phase: 'update', isRecomputed: true });
            return exp(x);
          }),
        ),
      );
      return { outputs: { z: outer } };
    }, x3);
    expect(Object.keys(program.outputs)).toEqual(['z', 'tap.value']);
  });
});

describe('tap', () => {
  test('returns its tensor, and adds an output of that name to the trace', () => {
    const program = trace(({ x }) => ({ outputs: { y: multiply(tap('middle', exp(x)), 2) } }), x3);
    expect(program.nodes[program.outputs['tap.middle'] ?? -1]?.op).toBe('exp');
  });

  test('does nothing outside of a trace', () => {
    const x = constant(1);
    expect(tap('x', x)).toBe(x);
    expect(tap('x', x)).toBe(x);
  });

  test('refuses a name that is taken, by a tap or by an output', () => {
    const twice = () =>
      trace(({ x }) => {
        tap('a', x);
        return { outputs: { y: scope('block', () => tap('a', exp(x))) } };
      }, x3);
    expectRefusal(refusalOf(twice), 'invalid-trace', 'block');
    const clash = () => trace(({ x }) => ({ outputs: { 'tap.a': x, y: scope('block', () => tap('a', exp(x))) } }), x3);
    expectRefusal(refusalOf(clash), 'invalid-trace', 'block');
  });

  test('forgets its names with the end of a trace, also of one that failed', () => {
    const attempt = (end: () => TraceResult) => () =>
      trace(({ x }) => {
        tap('a', x);
        return end();
      }, x3);
    expect(attempt(() => ({ outputs: {} }))).not.toThrow();
    expect(attempt(() => expect.fail('inside'))).toThrow('inside');
    expect(attempt(() => ({ outputs: {} }))).not.toThrow();
    expect(() => tap('a', tap('a', constant(1)))).not.toThrow();
  });
});

describe('scope, phase and recomputation', () => {
  test('nest by joining names with dots', () => {
    expect(scope('blocks.3', () => scope('attention', here))).toEqual({ ...top, scope: 'blocks.3.attention' });
  });

  test('hold for everything that a function does, and end with it', () => {
    expect(updatePhase(() => recompute(() => scope('a', here)))).toEqual({
      scope: 'a',
      phase: 'update',
      isRecomputed: true,
    });
    expect(here()).toEqual(top);
  });

  test('end also with an exception', () => {
    const fail = () => expect.fail('inside');
    const bodies: (() => unknown)[] = [
      () => scope('a', () => scope('b', fail)),
      () => updatePhase(fail),
      () => recompute(fail),
      () => scope('a', () => trace(fail, x3)),
      () => scope('a', () => add(makeTensor('iota', [], { length: 2, dtype: 'int32' }), constant(1))),
    ];
    for (const body of bodies) {
      expect(body).toThrow();
      expect(here()).toEqual(top);
    }
  });

  test('two recomputation scopes are two, even at one place of the model', () => {
    const [a, b] = [recompute(() => constant(1)), recompute(() => constant(1))];
    expect(a.region).not.toBe(b.region);
  });
});
