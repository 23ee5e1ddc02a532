import { present } from '../../core/index.ts';
import { type Shape, sizeOf } from '../../tensor/index.ts';
import type { OnnxDType, OnnxGraph, OnnxInitializer, OnnxNode, OnnxValue } from './graph.ts';

/** A graph being rewritten: looks up who writes and who reads a value, and collects the new nodes. */
export class GraphEditor {
  /** The node that writes each value. */
  readonly producers = new Map<string, OnnxNode>();
  private readonly numReaders = new Map<string, number>();
  private readonly values: Map<string, OnnxValue>;
  private readonly nodes: OnnxNode[] = [];
  private readonly graph: OnnxGraph;
  private readonly constants: Map<string, OnnxInitializer>;
  /** Constants that were added, by what they hold. */
  private readonly added = new Map<string, string>();

  constructor(graph: OnnxGraph) {
    this.graph = graph;
    this.values = new Map(graph.values);
    for (const node of graph.nodes) {
      for (const output of node.outputs) this.producers.set(output, node);
      for (const input of node.inputs) this.numReaders.set(input, (this.numReaders.get(input) ?? 0) + 1);
    }
    this.constants = new Map(graph.initializers.map((initializer) => [initializer.name, initializer]));
    // An output of the graph is read by the caller.
    for (const { name } of graph.outputs) this.numReaders.set(name, (this.numReaders.get(name) ?? 0) + 1);
  }

  /** Shape and type of a value. */
  value(name: string): OnnxValue {
    return present(this.values.get(name), `value ${name}`);
  }

  /** The node that writes a value, if it is of the given operator. */
  producer(name: string, opType: string): OnnxNode | undefined {
    const node = this.producers.get(name);
    return node?.opType === opType ? node : undefined;
  }

  /** True if exactly one node, or the caller alone, reads a value. */
  isReadOnce(name: string): boolean {
    return this.numReaders.get(name) === 1;
  }

  /** The number that a value holds everywhere, if it is a constant or a constant stretched. */
  constantEverywhere(name: string): number | undefined {
    const stretched = this.producers.get(name);
    if (stretched?.opType === 'Expand' || stretched?.opType === 'Reshape') {
      return this.constantEverywhere(present(stretched.inputs[0], 'an operand'));
    }
    const found = this.constants.get(name);
    return found?.dtype === 'float32' && sizeOf(found.shape) === 1 ? Number(found.data[0]) : undefined;
  }

  /** True for a value that stands in the model file. */
  isConstant(name: string): boolean {
    return this.constants.has(name);
  }

  /** The numbers of a constant list of int64; undefined for anything else. */
  int64sOf(name: string): readonly number[] | undefined {
    const found = this.constants.get(name);
    return found?.dtype === 'int64' ? [...found.data].map(Number) : undefined;
  }

  /** The name of a constant list of int64, the type in which ONNX wants shapes and axes. */
  int64s(data: readonly number[]): string {
    return this.constant([data.length], 'int64', BigInt64Array.from(data, BigInt));
  }

  /** The name of a constant of float32. */
  floats(shape: Shape, data: Float32Array): string {
    return this.constant(shape, 'float32', data);
  }

  private constant(shape: Shape, dtype: OnnxDType, data: OnnxInitializer['data']): string {
    const key = `${dtype} ${shape.join()} ${data.join()}`;
    let name = this.added.get(key);
    if (name === undefined) {
      const value = this.newValue(shape, dtype);
      name = value.name;
      this.added.set(key, name);
      this.constants.set(name, { ...value, data });
    }
    return name;
  }

  /** A new intermediate value. */
  newValue(shape: Shape, dtype: OnnxDType): OnnxValue {
    const value = { name: `r${this.values.size}`, shape, dtype };
    this.values.set(value.name, value);
    return value;
  }

  /** Adds a node to the rewritten graph. */
  emit(node: OnnxNode): void {
    this.nodes.push(node);
    for (const output of node.outputs) this.producers.set(output, node);
  }

  /** The rewritten graph. */
  finish(): OnnxGraph {
    return { ...this.graph, nodes: this.nodes, values: this.values, initializers: [...this.constants.values()] };
  }
}
