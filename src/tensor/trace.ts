import { GroundworkError } from '../core/index.ts';
import type { DType } from './dtype.ts';
import { buildProgram, type Program, type StateKind, verifyProgram } from './program.ts';
import { withContext } from './scope.ts';
import { formatShape, type Shape, sameShape } from './shape.ts';
import { makeTensor, type Tensor } from './tensor.ts';

/** Shape and element type of a value that is fed to every step. */
export interface InputSpec {
  readonly shape: Shape;
  /** Default float32. */
  readonly dtype?: DType;
}

/** Shape, element type and purpose of a value that lives in the session. */
export interface StateSpec extends InputSpec {
  /** Default `parameter`. */
  readonly kind?: StateKind;
}

export interface TraceSpecs<Inputs extends string, State extends string> {
  readonly inputs: { readonly [Name in Inputs]: InputSpec };
  readonly state?: { readonly [Name in State]: StateSpec };
}

export interface TraceResult {
  /** What a step returns, by name. */
  readonly outputs: { readonly [name: string]: Tensor };
  /** What each state becomes; one that is left out stays as it is. */
  readonly state?: { readonly [name: string]: Tensor };
}

type TensorsOf<Names extends string> = { readonly [Name in Names]: Tensor };

let taps: Map<string, Tensor> | undefined;

/**
 * Marks a tensor so that the Program being traced returns it as the extra output `tap.NAME`, without passing it through
 * every function in between. Outside of a trace it does nothing. Returns the tensor itself.
 */
export function tap(name: string, tensor: Tensor): Tensor {
  if (taps?.has(name)) failTap(name, tensor);
  taps?.set(name, tensor);
  return tensor;
}

function failTap(name: string, tensor: Tensor): never {
  throw new GroundworkError('invalid-trace', `two results are called "tap.${name}"`, {
    hint: 'Give each tap a name of its own, for instance with its scope in front.',
    scope: tensor.scope,
  });
}

/**
 * Calls `fn` once with symbolic inputs and state, and turns what it returns into a Program.
 *
 * @param fn maps inputs and state to outputs and the next state; it must build the same graph at every call
 * @param specs shapes and element types of inputs and state, by name
 * @throws GroundworkError if two results clash, a state changes its shape, or any op inside does not fit
 */
export function trace<Inputs extends string, State extends string = never>(
  fn: (inputs: TensorsOf<Inputs>, state: TensorsOf<State>) => TraceResult,
  specs: TraceSpecs<Inputs, State>,
): Program {
  return withContext({ scope: '', phase: 'forward', region: undefined }, () => {
    const leaf = (op: 'input' | 'state') => (name: string, spec: InputSpec) =>
      makeTensor(op, [], { name, shape: spec.shape, dtype: spec.dtype ?? 'float32' });
    const stateSpecs: { readonly [name: string]: StateSpec } = specs.state ?? {};
    const inputs = mapEntries<InputSpec, Tensor>(specs.inputs, leaf('input'));
    const state = mapEntries<StateSpec, Tensor>(stateSpecs, leaf('state'));

    const outerTaps = taps;
    taps = new Map();
    try {
      const result = fn(inputs as TensorsOf<Inputs>, state as TensorsOf<State>);
      const outputs: Record<string, Tensor> = { ...result.outputs };
      for (const [name, tensor] of taps) {
        if (Object.hasOwn(outputs, `tap.${name}`)) failTap(name, tensor);
        outputs[`tap.${name}`] = tensor;
      }
      const nextState = new Map(Object.entries(result.state ?? {}));
      for (const name of nextState.keys()) requireState(name, state);
      const program = buildProgram({
        inputs,
        state: mapEntries(state, (name, node) => {
          const next = nextState.get(name) ?? node;
          requireSameKind(name, node, next);
          return { node, next, kind: stateSpecs[name]?.kind ?? 'parameter' };
        }),
        outputs,
      });
      verifyProgram(program);
      return program;
    } finally {
      taps = outerTaps;
    }
  });
}

function mapEntries<T, U>(
  record: { readonly [name: string]: T },
  f: (name: string, value: T) => U,
): { [name: string]: U } {
  return Object.fromEntries(Object.entries(record).map(([name, value]) => [name, f(name, value)]));
}

function requireState(name: string, state: { readonly [name: string]: Tensor }): void {
  if (!Object.hasOwn(state, name)) {
    throw new GroundworkError('invalid-trace', `the next value of "${name}" is given, but there is no such state`, {
      hint: `States of this trace: ${Object.keys(state).join(', ') || '(none)'}.`,
    });
  }
}

function requireSameKind(name: string, node: Tensor, next: Tensor): void {
  if (!sameShape(node.shape, next.shape) || node.dtype !== next.dtype) {
    throw new GroundworkError(
      'invalid-trace',
      `state "${name}" is ${node.dtype} ${formatShape(node.shape)}, ` +
        `but its next value is ${next.dtype} ${formatShape(next.shape)}`,
      { hint: 'A state keeps its shape and type for ever.', scope: next.scope },
    );
  }
}
