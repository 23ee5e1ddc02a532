import { present } from '../../../core/index.ts';
import {
  type AttributesOf,
  formatShape,
  nodeAt,
  type OpName,
  type Program,
  type ProgramNode,
} from '../../../tensor/index.ts';
import {
  differentiatedExpressions,
  expressions,
  jnpDtype,
  type LeafName,
  type OperandText,
  pythonNumber,
} from './expressions.ts';
import { layerOf } from './layer-scope.ts';
import { type NameSupply, pythonString, pythonTuple } from './python-names.ts';
import { assembled, type Element, type Place, Stack } from './stacks.ts';

/** Where the leaves of a graph are found in Python. */
export interface Leaves {
  state(name: string): Place;
  input(name: string): Place;
}

/** Some lines of Python that belong to a scope of the model. Written when all statements are known. */
export interface Statement {
  readonly scope: string;
  readonly lines: () => readonly string[];
}

/** Writes the nodes of a Program as statements, and knows where each value is found afterwards. */
export class GraphWriter {
  readonly program: Program;
  readonly names: NameSupply;
  readonly statements: Statement[] = [];
  private readonly leaves: Leaves;
  private readonly isDifferentiated: boolean;
  private readonly places = new Map<number, Place[]>();
  private readonly rowStacks = new Map<number, Stack>();

  /** @param isDifferentiated JAX differentiates what is written */
  constructor(program: Program, leaves: Leaves, names: NameSupply, isDifferentiated = false) {
    this.program = program;
    this.leaves = leaves;
    this.names = names;
    this.isDifferentiated = isDifferentiated;
  }

  /** The Python of a node on its operands. */
  expressionOf(node: ProgramNode, operands: readonly OperandText[]): string {
    return expressionOf(node, operands, this.isDifferentiated ? differentiatedExpressions : expressions);
  }

  /** Writes one node as a statement. */
  writeNode(position: number): void {
    const node = nodeAt(this.program, position);
    const name = this.names.next(variableName(node));
    const written =
      this.joinedRows(node) ??
      this.expressionOf(
        node,
        node.inputs.map((input) => this.operand(input)),
      );
    const text = this.isShareOfRows(node) ? `shard_rows(${written})` : written;
    this.statements.push({ scope: node.scope, lines: () => [assignment(name, text, node)] });
    this.addPlace(position, { text: () => name });
  }

  /** Writes a chain of waits as one: the first operand of the first node, when all second operands are there. */
  writeWait(chain: readonly number[]): void {
    const nodes = chain.map((position) => nodeAt(this.program, position));
    const [first, last] = [present(nodes[0], 'a node'), present(nodes.at(-1), 'a node')];
    const triggers = new Set<string>();
    for (const { inputs } of nodes) triggers.add(this.whole(present(inputs[1], 'a trigger')));
    const name = this.names.next(variableName(last));
    const { text } = this.operand(present(first.inputs[0], 'an operand'));
    const lines = [
      `${name} = jax.lax.optimization_barrier((  # ${typeText(last)}`,
      ...[text, ...triggers].map((one) => `    ${one},`),
      '))[0]',
    ];
    this.statements.push({ scope: last.scope, lines: () => lines });
    this.addPlace(present(chain.at(-1), 'a node'), { text: () => name });
  }

  /** A value, or all of the stack that it lies in. */
  private whole(position: number): string {
    const { places } = this.element(position);
    const [place] = places;
    return place && 'stack' in place ? place.stack.range(0, 1, place.stack.length) : this.operand(position).text;
  }

  /** One more place where a value is found; the first is the best. */
  addPlace(position: number, place: Place): void {
    const known = isStatement(this.program, position) ? this.places.get(position) : this.placesOf(position);
    this.places.set(position, [...(known ?? []), place]);
  }

  /** A value that stands outside of every loop, as an operand. */
  operand(position: number): OperandText {
    const { shape, dtype } = nodeAt(this.program, position);
    const literal = literalOf(this.program, position);
    if (literal) return { ...literal, shape, dtype };
    const places = this.placesOf(position);
    const place = places.find((one) => 'text' in one) ?? present(places[0], `the place of node ${position}`);
    return { text: 'text' in place ? place.text() : place.stack.element(place.index), shape, dtype };
  }

  /** An array of these values along a new leading axis. */
  stackOf(positions: readonly number[]): string {
    return assembled(
      positions.map((position) => this.element(position)),
      nodeAt(this.program, present(positions[0], 'a value')).shape,
    );
  }

  private element(position: number): Element {
    const places = literalOf(this.program, position) ? [] : this.placesOf(position);
    return { places, text: () => this.operand(position).text };
  }

  private placesOf(position: number): readonly Place[] {
    const known = this.places.get(position);
    if (known) return known;
    const { op, attributes, inputs } = nodeAt(this.program, position);
    const row = rowOf(this.program, position);
    const name = String(attributes.name);
    let place: Place;
    if (op === 'state') place = this.leaves.state(name);
    else if (op === 'input') place = this.leaves.input(name);
    else {
      const source = present(inputs[0], 'the source of a row');
      place = { stack: this.rowsOf(source), index: present(row, `the place of node ${position}`) };
    }
    this.places.set(position, [place]);
    return [place];
  }

  /** The rows of a tensor as a stack. */
  private rowsOf(source: number): Stack {
    const known = this.rowStacks.get(source);
    if (known) return known;
    const length = nodeAt(this.program, source).shape[0] ?? 1;
    const stack = new Stack(length, () => this.operand(source).text, true);
    this.rowStacks.set(source, stack);
    return stack;
  }

  /** True for the rows of a micro-batch, cut from those of the step. */
  private isShareOfRows({ op, inputs, shape }: ProgramNode): boolean {
    if (op !== 'slice') return false;
    const source = nodeAt(this.program, present(inputs[0], 'an operand'));
    const isCutByRows = shape.length > 1 && shape.slice(1).every((extent, i) => extent === source.shape[i + 1]);
    return source.op === 'input' && isCutByRows;
  }

  /** Equal tensors joined along their first axis, where they lie in stacks. */
  private joinedRows({ op, inputs, attributes, shape }: ProgramNode): string | undefined {
    if (op !== 'concatenate' || attributes.axis !== 0 || inputs.length < 2) return undefined;
    const { shape: part } = nodeAt(this.program, present(inputs[0], 'an operand'));
    if (inputs.some((input) => nodeAt(this.program, input).shape[0] !== part[0])) return undefined;
    const areStacked = inputs.some((input) => this.element(input).places.some((place) => 'stack' in place));
    return areStacked ? `${this.stackOf(inputs)}.reshape(${pythonTuple(shape)})` : undefined;
  }
}

/** The Python of a node on its operands. */
function expressionOf(node: ProgramNode, operands: readonly OperandText[], table = expressions): string {
  // The op is known at run time only; its attributes were parsed by its own schema.
  const write = table[node.op as Exclude<OpName, LeafName>] as (node: {
    readonly operands: readonly OperandText[];
    readonly attributes: AttributesOf<never>;
    readonly shape: ProgramNode['shape'];
    readonly dtype: ProgramNode['dtype'];
  }) => string;
  return write({ operands, attributes: node.attributes as AttributesOf<never>, shape: node.shape, dtype: node.dtype });
}

/** `name = text`, and what it is. */
export function assignment(name: string, text: string, { shape, dtype }: ProgramNode): string {
  return `${name} = ${text}  # ${typeText({ shape, dtype })}`;
}

/** Such as `float32[4, 96]`. */
export function typeText({ shape, dtype }: Pick<ProgramNode, 'shape' | 'dtype'>): string {
  return `${dtype}${formatShape(shape)}`;
}

/** What a variable for a node is called: after the innermost part of the model that it belongs to, and its op. */
export function variableName({ op, scope, phase }: ProgramNode): string {
  const parts = scope.split('.').filter((part) => !/^\d*$/.test(part));
  return [phase === 'backward' ? 'grad' : '', parts.at(-1) ?? '', op].join(' ');
}

/** A value that is written where it is read: a constant, a tensor of one number, a counting tensor. */
export function literalOf(program: Program, position: number): { text: string; number?: string } | undefined {
  const node = nodeAt(program, position);
  if (node.op === 'constant') {
    const number = pythonNumber(Number(node.attributes.value), node.dtype);
    return { text: `${jnpDtype(node.dtype)}(${number})`, number };
  }
  if (node.op === 'iota') {
    return { text: `jnp.arange(${node.shape[0]}, dtype=${jnpDtype(node.dtype)})` };
  }
  if (node.op !== 'broadcastTo') return undefined;
  const source = present(node.inputs[0], 'an operand');
  const { op, shape, dtype } = nodeAt(program, source);
  if (op !== 'constant') return undefined;
  return { text: expressionOf(node, [{ ...present(literalOf(program, source), 'a constant'), shape, dtype }]) };
}

/**
 * The index i of a node that is the row i … i + 1 of a tensor and nothing else, if the tensor does not belong to one layer: such rows
 * are read like the elements of a stack.
 */
export function rowOf(program: Program, position: number): number | undefined {
  const { op, inputs, attributes, shape } = nodeAt(program, position);
  if (op !== 'slice') return undefined;
  const source = nodeAt(program, present(inputs[0], 'an operand'));
  const starts = attributes.starts as readonly number[];
  const isRow = shape[0] === 1 && shape.slice(1).every((extent, i) => extent === source.shape[i + 1]);
  const isOfLayer = source.op !== 'state' && source.op !== 'input' && layerOf(source.scope) !== undefined;
  if (!isRow || isOfLayer) return undefined;
  // A row of a row is a statement, so that every row has a source that is none.
  return rowOf(program, present(inputs[0], 'an operand')) === undefined ? starts[0] : undefined;
}

/** The node that a value is read from: a row's tensor, else the value itself. */
export function sourceOf(program: Program, position: number): number {
  const isRow = rowOf(program, position) !== undefined;
  return isRow ? present(nodeAt(program, position).inputs[0], 'the source of a row') : position;
}

/** The index i of a node that puts one row at place i of a tensor and zeros elsewhere: the gradient of reading that row. */
export function paddedRowOf(program: Program, position: number): number | undefined {
  const { op, inputs, attributes } = nodeAt(program, position);
  if (op !== 'pad') return undefined;
  const { shape } = nodeAt(program, present(inputs[0], 'an operand'));
  const [before, after] = [attributes.before as readonly number[], attributes.after as readonly number[]];
  const isRow = shape[0] === 1 && shape.slice(1).every((_, i) => before[i + 1] === 0 && after[i + 1] === 0);
  return isRow ? before[0] : undefined;
}

/** True for nodes that make a statement. */
export function isStatement(program: Program, position: number): boolean {
  const { op } = nodeAt(program, position);
  return op !== 'input' && op !== 'state' && !literalOf(program, position) && rowOf(program, position) === undefined;
}

/** Statements as indented lines, each scope of the model around its own. */
export function indented(statements: readonly Statement[], indent: string): string[] {
  const lines: string[] = [];
  let open = '';
  for (const { scope, lines: write } of statements) {
    if (scope !== open) {
      open = scope;
      if (scope !== '') lines.push(`${indent}with jax.named_scope(${pythonString(scope)}):`);
    }
    const margin = scope === '' ? indent : `${indent}    `;
    lines.push(...write().map((line) => (line === '' ? '' : `${margin}${line}`)));
  }
  return lines;
}
