import { present } from '../../core/index.ts';
import type { Phase, Shape } from '../../tensor/index.ts';
import type { OnnxAttribute, OnnxDType, OnnxGraph, OnnxInitializer, OnnxNode, OnnxValue } from './graph.ts';

/** One character for each byte, so that a text stands for an array exactly: −0 is not 0. */
const latin1 = new TextDecoder('latin1');

/** Collects the parts of an ONNX graph. Equal constants are stored once. */
export class GraphBuilder {
  private readonly inputs: OnnxValue[] = [];
  private readonly outputs: OnnxValue[] = [];
  private readonly initializers = new Map<string, OnnxInitializer>();
  private readonly nodes: OnnxNode[] = [];
  private readonly values = new Map<string, OnnxValue>();
  private place: { readonly scope: string; readonly phase: Phase } = { scope: '', phase: 'forward' };

  /** The scope and phase that the next nodes belong to. */
  at(scope: string, phase: Phase): void {
    this.place = { scope, phase };
  }

  /** A graph input under the given name. */
  input(name: string, shape: Shape, dtype: OnnxDType): OnnxValue {
    const value = this.declare(name, shape, dtype);
    this.inputs.push(value);
    return value;
  }

  /** A node with one result, whose value is returned; an equal node that is there already serves again. */
  node(
    opType: string,
    inputs: readonly OnnxValue[],
    shape: Shape,
    dtype: OnnxDType,
    attributes: { readonly [name: string]: OnnxAttribute } = {},
    domain = '',
  ): OnnxValue {
    const names = inputs.map(({ name }) => name);
    const key = `${domain}.${opType}(${names.join()})${JSON.stringify(attributes)}${shape.join()}${dtype}`;
    const known = this.known.get(key);
    if (known) return known;
    const output = this.declare(`v${this.values.size}`, shape, dtype);
    this.known.set(key, output);
    this.nodes.push({ opType, domain, inputs: names, outputs: [output.name], attributes, ...this.place });
    return output;
  }
  private readonly known = new Map<string, OnnxValue>();

  /** A graph output under a name of its own: ONNX wants each output to be the result of a node. */
  output(name: string, source: OnnxValue): void {
    const value = this.declare(name, source.shape, source.dtype);
    const isComputed = this.nodes.some(({ outputs }) => outputs[0] === source.name);
    if (isComputed && !this.renamed.has(source.name)) {
      // The node writes the output itself; other readers follow the new name.
      this.renamed.set(source.name, name);
    } else {
      const from = this.renamed.get(source.name) ?? source.name;
      // A reshape to the same shape: unlike Identity, the WebGPU provider runs it on bools too.
      const inputs = [from, this.int64s(source.shape).name];
      this.nodes.push({ opType: 'Reshape', domain: '', inputs, outputs: [name], attributes: {}, ...this.place });
    }
    this.outputs.push(value);
  }
  private readonly renamed = new Map<string, string>();

  floats(shape: Shape, data: readonly number[]): OnnxValue {
    return this.initializer(shape, 'float32', Float32Array.from(data));
  }

  int32s(shape: Shape, data: readonly number[]): OnnxValue {
    return this.initializer(shape, 'int32', Int32Array.from(data));
  }

  /** A list of int64, the type in which ONNX wants shapes and axes. */
  int64s(data: readonly number[]): OnnxValue {
    return this.initializer([data.length], 'int64', BigInt64Array.from(data, BigInt));
  }

  initializer(shape: Shape, dtype: OnnxDType, data: OnnxInitializer['data']): OnnxValue {
    const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
    const key = `${dtype}[${shape.join()}]${latin1.decode(bytes)}`;
    let found = this.initializers.get(key);
    if (!found) {
      found = { ...this.declare(`c${this.values.size}`, shape, dtype), data };
      this.initializers.set(key, found);
    }
    return found;
  }

  build(): OnnxGraph {
    const current = (name: string) => this.renamed.get(name) ?? name;
    return {
      inputs: this.inputs,
      outputs: this.outputs,
      initializers: [...this.initializers.values()],
      nodes: this.nodes.map((node) => ({
        ...node,
        inputs: node.inputs.map(current),
        outputs: node.outputs.map(current),
      })),
      values: this.values,
    };
  }

  /** The value of a name, which must exist. */
  value(name: string): OnnxValue {
    return present(this.values.get(name), `value ${name}`);
  }

  private declare(name: string, shape: Shape, dtype: OnnxDType): OnnxValue {
    const value = { name, shape, dtype };
    this.values.set(name, value);
    return value;
  }
}
