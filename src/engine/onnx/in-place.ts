import { present } from '../../core/index.ts';
import { sameShape } from '../../tensor/index.ts';
import type { OnnxGraph, OnnxNode, OnnxValue } from './graph.ts';
import { viewKernels } from './kernels.ts';

/**
 * Which states a step may write over while it runs, so that they need one buffer instead of two.
 *
 * Writing over a state is right if everything that reads the old value has run before the node that writes the new one,
 * or is that node, element by element. The order of nodes follows from the graph alone, so what must run first is made an
 * operand of what comes later: an empty tensor, cut from the shape of the one, becomes part of the shape of the other.
 * That costs two nodes that move no data.
 */
export interface InPlacePlan {
  readonly graph: OnnxGraph;
  /** Names of the states that are written in place. */
  readonly inPlace: ReadonlySet<string>;
}

/** Kernels that write element i of the result after reading element i of operands of the same shape, and no other. */
const elementwise = new Set(['Add', 'Sub', 'Mul', 'Div', 'Where', 'Sqrt', 'Neg', 'Abs', 'Exp']);

export function planInPlace(graph: OnnxGraph, stateNames: readonly string[]): InPlacePlan {
  const planner = new Planner(graph);
  const inPlace = new Set(stateNames.filter((name) => planner.tryInPlace(`state.${name}`, `next.${name}`)));
  return { graph: planner.finish(), inPlace };
}

/** True if, in this order of nodes, every reader of the state runs before its writer. */
export function isWrittenLast(nodes: readonly OnnxNode[], stateName: string): boolean {
  const aliases = new Set([`state.${stateName}`]);
  let isWritten = false;
  for (const node of nodes) {
    const isReader = node.inputs.some((input) => aliases.has(input));
    if (isReader && isWritten) return false;
    if (isReader && viewKernels.has(node.opType)) for (const output of node.outputs) aliases.add(output);
    if (node.outputs.includes(`next.${stateName}`)) isWritten = true;
  }
  return true;
}

class Planner {
  private readonly graph: OnnxGraph;
  private readonly values: Map<string, OnnxValue>;
  private readonly producers = new Map<string, OnnxNode>();
  private readonly readers = new Map<string, OnnxNode[]>();
  private readonly outputs: ReadonlySet<string>;
  /** Nodes that take the place of others, and nodes to put before them. */
  private readonly replacements = new Map<OnnxNode, { before: OnnxNode[]; node: OnnxNode }>();
  /** What a node waits for besides its operands. */
  private readonly waits = new Map<OnnxNode, readonly OnnxNode[]>();

  constructor(graph: OnnxGraph) {
    this.graph = graph;
    this.values = new Map(graph.values);
    this.outputs = new Set(graph.outputs.map(({ name }) => name));
    for (const node of graph.nodes) {
      for (const output of node.outputs) this.producers.set(output, node);
      for (const input of new Set(node.inputs)) {
        const list = this.readers.get(input) ?? [];
        list.push(node);
        this.readers.set(input, list);
      }
    }
  }

  /** Makes the step write `output` over `input`, if that can be right. */
  tryInPlace(input: string, output: string): boolean {
    const writer = this.producers.get(output);
    if (!writer || viewKernels.has(writer.opType)) return false;
    const readers = this.readersOf(input);
    if (readers.has(writer) && !this.isElementwise(writer, input, output)) return false;
    readers.delete(writer);
    const before = this.ancestors(writer);
    const missing = [...readers].filter((reader) => !before.has(reader));
    return missing.length === 0 || this.orderAfter(writer, missing);
  }

  finish(): OnnxGraph {
    const nodes = this.graph.nodes.flatMap((node) => {
      const replacement = this.replacements.get(node);
      return replacement ? [...replacement.before, replacement.node] : [node];
    });
    return { ...this.graph, nodes, values: this.values };
  }

  /** The nodes that read a value, also through views of it. */
  private readersOf(name: string): Set<OnnxNode> {
    const found = new Set<OnnxNode>();
    const names = [name];
    for (let next = names.pop(); next !== undefined; next = names.pop()) {
      for (const node of this.readers.get(next) ?? []) {
        found.add(node);
        if (viewKernels.has(node.opType)) names.push(...node.outputs);
      }
    }
    return found;
  }

  private isElementwise(writer: OnnxNode, input: string, output: string): boolean {
    const result = present(this.values.get(output), output);
    return (
      elementwise.has(writer.opType) &&
      // A view of the state among the operands would hide another shape.
      writer.inputs.includes(input) &&
      sameShape(present(this.values.get(input), input).shape, result.shape)
    );
  }

  private ancestors(node: OnnxNode): Set<OnnxNode> {
    const found = new Set<OnnxNode>();
    const stack = [node];
    for (let next = stack.pop(); next; next = stack.pop()) {
      const producers = next.inputs.map((input) => this.producers.get(input));
      for (const earlier of [...producers, ...(this.waits.get(next) ?? [])]) {
        if (earlier && !found.has(earlier)) {
          found.add(earlier);
          stack.push(earlier);
        }
      }
    }
    return found;
  }

  /** Makes a node that only `writer` needs wait for others, at a scalar operand of it. */
  private orderAfter(writer: OnnxNode, others: readonly OnnxNode[]): boolean {
    const place = this.scalarOperand(writer);
    if (!place) return false;
    const { node, operand } = place;
    // Two states that change each other cannot both wait.
    if (others.some((other) => other === node || this.ancestors(other).has(node))) return false;
    this.waits.set(node, others);
    const before: OnnxNode[] = [];
    let scalar = operand;
    for (const other of others) {
      const empty = this.newValue([0], 'int64');
      const waited = this.newValue([], 'float32');
      const { scope, phase } = node;
      const trigger = present(other.outputs[0], 'a result');
      before.push(
        {
          opType: 'Shape',
          domain: '',
          inputs: [trigger],
          outputs: [empty],
          attributes: { start: 0, end: 0 },
          scope,
          phase,
        },
        { opType: 'Reshape', domain: '', inputs: [scalar, empty], outputs: [waited], attributes: {}, scope, phase },
      );
      scalar = waited;
    }
    const inputs = node.inputs.map((input) => (input === operand ? scalar : input));
    this.replacements.set(node, { before, node: { ...node, inputs } });
    return true;
  }

  /** A scalar that is read by the writer, or by a node whose result goes to the writer only. */
  private scalarOperand(writer: OnnxNode): { node: OnnxNode; operand: string } | undefined {
    const queue = [writer];
    for (let node = queue.shift(); node; node = queue.shift()) {
      const operand = node.inputs.find((input) => this.isScalar(input));
      if (operand !== undefined && !this.replacements.has(node)) return { node, operand };
      for (const input of node.inputs) {
        const producer = this.producers.get(input);
        const isExclusive = this.readers.get(input)?.length === 1 && !this.outputs.has(input);
        if (producer?.phase === writer.phase && isExclusive) queue.push(producer);
      }
    }
    return undefined;
  }

  private isScalar(name: string): boolean {
    const value = this.values.get(name);
    return value?.dtype === 'float32' && value.shape.length === 0;
  }

  private newValue(shape: readonly number[], dtype: 'int64' | 'float32'): string {
    const name = `w${this.values.size}`;
    this.values.set(name, { name, shape, dtype });
    return name;
  }
}
