import { present } from '../../core/index.ts';
import {
  type DType,
  dtypes,
  expandComposites,
  isPrimitive,
  type NumericArray,
  nodeAt,
  type Program,
  signatureOf,
  sizeOf,
  verifyProgram,
  withContext,
} from '../../tensor/index.ts';
import { checkArray, checkInputs, sessionClosed, specOf } from '../arrays.ts';
import type { Engine, MemoryEstimate, NumericData, Session } from '../engine.ts';
import { checkIndices, indexLimits } from '../index-limits.ts';

/**
 * The reference: evaluates the op table node by node in float64. Slow and obviously right; every other engine is tested
 * against it. Its outputs and states are `Float64Array`s.
 */
export function referenceEngine(): Engine {
  return {
    name: 'reference',
    dtypes: new Set(dtypes),
    estimateMemory,
    load: async (program) => {
      verifyProgram(program);
      return new ReferenceSession(program);
    },
  };
}

/** Every value of a step is kept to its end, each element in eight bytes. */
function estimateMemory(program: Program): MemoryEstimate {
  verifyProgram(program);
  const stateBytes = sum(Object.values(program.state).map(({ node }) => 8 * sizeOf(nodeAt(program, node).shape)));
  const activationBytes = sum(expandComposites(program).nodes.map(({ shape }) => 8 * sizeOf(shape)));
  return { stateBytes, activationBytes, peakBytes: 2 * stateBytes + activationBytes, overheadBytes: 0 };
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, x) => total + x, 0);
}

class ReferenceSession implements Session {
  readonly program: Program;
  private readonly expanded: Program;
  private readonly state = new Map<string, Float64Array>();
  private isClosed = false;

  constructor(program: Program) {
    this.program = program;
    this.expanded = expandComposites(program);
    for (const name of Object.keys(program.state)) {
      this.state.set(name, new Float64Array(sizeOf(specOf(program, 'state', name).shape)));
    }
  }

  async run(inputs: { readonly [name: string]: NumericData }): Promise<{ [name: string]: NumericData }> {
    this.requireOpen();
    checkInputs(this.program, inputs);
    checkIndices(indexLimits(this.program), inputs);
    const values = evaluate(this.expanded, (kind, name) =>
      kind === 'input'
        ? asNumbers(specOf(this.program, 'input', name).dtype, present(inputs[name], name))
        : present(this.state.get(name), name),
    );
    const at = (position: number) => present(values[position], `value ${position}`).data;
    for (const [name, { next }] of Object.entries(this.expanded.state)) this.state.set(name, at(next).slice());
    return Object.fromEntries(
      Object.entries(this.expanded.outputs).map(([name, position]) => [
        name,
        asArray(nodeAt(this.expanded, position).dtype, at(position)),
      ]),
    );
  }

  async set(name: string, data: NumericData): Promise<void> {
    this.requireOpen();
    const spec = specOf(this.program, 'state', name);
    checkArray('state', name, spec, data);
    this.state.set(name, asNumbers(spec.dtype, data));
  }

  async get(name: string): Promise<NumericData> {
    this.requireOpen();
    return asArray(specOf(this.program, 'state', name).dtype, present(this.state.get(name), name));
  }

  async close(): Promise<void> {
    this.isClosed = true;
    this.state.clear();
  }

  private requireOpen(): void {
    if (this.isClosed) throw sessionClosed('is closed');
  }
}

/** A copy in the type in which the reference hands out: float64 for every floating type. */
function asArray(dtype: DType, data: Float64Array): NumericData {
  if (dtype === 'int32') return Int32Array.from(data);
  return dtype === 'bool' ? Uint8Array.from(data) : data.slice();
}

/** A copy as float64; half-width types may come as raw bits. */
function asNumbers(dtype: DType, data: NumericData): Float64Array {
  if (!(data instanceof Uint16Array)) return Float64Array.from(data);
  return Float64Array.from(data, dtype === 'bfloat16' ? fromBfloat16 : fromFloat16);
}

function fromBfloat16(bits: number): number {
  return new Float32Array(Uint32Array.of(bits << 16).buffer)[0] ?? Number.NaN;
}

/** IEEE 754 binary16: sign, five bits of exponent, ten of fraction. */
function fromFloat16(bits: number): number {
  const sign = bits >> 15 ? -1 : 1;
  const exponent = (bits >> 10) & 31;
  const fraction = bits & 1023;
  if (exponent === 31) return fraction ? Number.NaN : sign * Number.POSITIVE_INFINITY;
  return exponent === 0 ? sign * fraction * 2 ** -24 : sign * (1024 + fraction) * 2 ** (exponent - 25);
}

/** The value of every node of a Program of primitives. */
function evaluate(program: Program, leaf: (kind: 'input' | 'state', name: string) => Float64Array): NumericArray[] {
  const values: NumericArray[] = [];
  program.nodes.forEach((node, index) => {
    const { op, shape, dtype, attributes, scope } = nodeAt(program, index);
    const inputs = node.inputs.map((position) => present(values[position], `value ${position}`));
    if (op === 'input' || op === 'state') {
      values.push({ shape, dtype, data: leaf(op, String(attributes.name)) });
    } else {
      if (!isPrimitive(op)) throw new TypeError(`${op} was not expanded`);
      const data = withContext({ scope }, () => signatureOf(op).evaluate(inputs, attributes, { shape, dtype }));
      values.push({ shape, dtype, data });
    }
  });
  return values;
}
