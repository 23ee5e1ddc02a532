import { present } from '../../../core/index.ts';
import { nodeAt } from '../../../tensor/index.ts';
import { jnpDtype, type OperandText } from './expressions.ts';
import {
  assignment,
  type GraphWriter,
  indented,
  literalOf,
  paddedRowOf,
  rowOf,
  type Statement,
  sourceOf,
  typeText,
  variableName,
} from './graph-writer.ts';
import type { Connection, Loop } from './layer-passes.ts';
import { layerOf } from './layer-scope.ts';
import { bracketed, pythonString, pythonTuple } from './python-names.ts';
import { Stack } from './stacks.ts';

export interface LoopOptions {
  /** Keep nothing of an iteration for its gradient but what enters it. Default false. */
  readonly recompute?: boolean;
  /** The rows of a batch. Carried values [rows, ., .] of so many, or of an equal share, are given to `shard_rows`. */
  readonly numRows?: number;
}

/** A value that an iteration hands to the next. */
interface Carried {
  /** The parameter of the body. */
  readonly name: string;
  /** Which node of an iteration it is, and what the first iteration gets instead. */
  readonly index: number;
  readonly initial: number;
  readonly initialText: string;
  /** What it is called after the loop, if something reads it. */
  result: string | undefined;
}

/** A value that is another one for each iteration: element by element of a stack. */
interface Scanned {
  readonly name: string;
  readonly text: string;
  readonly type: string;
}

/** A value of each iteration that is read outside: `name` in the body, `stack` after the loop. */
interface Collected {
  readonly name: string;
  readonly stack: string;
}

/** Writes a loop as one statement: `jax.lax.scan` where something is carried, else `jax.vmap`, for all layers side by side. */
export function writeLoop(writer: GraphWriter, loop: Loop, options: LoopOptions = {}): void {
  new LoopWriter(writer, loop, options).write();
}

class LoopWriter {
  private readonly writer: GraphWriter;
  private readonly loop: Loop;
  private readonly options: LoopOptions;
  private readonly connections: ReadonlyMap<number, Connection>;
  private readonly variables: string[] = [];
  private readonly carried = new Map<string, Carried>();
  private readonly scanned = new Map<string, Scanned>();
  private readonly collected: Collected[] = [];
  private readonly body: Statement[] = [];

  constructor(writer: GraphWriter, loop: Loop, options: LoopOptions) {
    this.writer = writer;
    this.loop = loop;
    this.options = options;
    this.connections = new Map(
      loop.iterations.flatMap((nodes, iteration) =>
        nodes.map((position, index) => [position, { iteration, index }] as const),
      ),
    );
  }

  write(): void {
    const { family, phase, iterations } = this.loop;
    const [template = []] = iterations;
    const name = this.writer.names.next(`${family.split('.').at(-1)} ${phase}`);
    template.forEach((position, index) => {
      const node = nodeAt(this.writer.program, position);
      const operands = node.inputs.map((_, slot) => this.operand(index, slot));
      const variable = this.writer.names.next(variableName(node));
      const text = this.paddedRow(index, operands) ?? this.writer.expressionOf(node, operands);
      const scope = node.op === 'after' ? '' : (layerOf(node.scope)?.rest ?? node.scope);
      this.body.push({ scope, lines: () => [assignment(variable, text, node)] });
      this.variables.push(variable);
    });
    this.publish();
    this.writer.statements.push({ scope: '', lines: () => this.lines(name) });
  }

  /** The place of an iteration in the stacks that the loop reads and makes: always in rising order of the layers. */
  private indexOf(iteration: number): number {
    return this.loop.isDescending ? this.loop.iterations.length - 1 - iteration : iteration;
  }

  /** A row among zeros, where each iteration has another place for it. */
  private paddedRow(index: number, operands: readonly OperandText[]): string | undefined {
    const { program, names } = this.writer;
    const positions = this.loop.iterations.map((nodes) => present(nodes[index], 'a node'));
    if (paddedRowOf(program, present(positions[0], 'a node')) === undefined) return undefined;
    const rows = positions.map((position) => present(paddedRowOf(program, position), 'a row'));
    if (rows.every((row) => row === rows[0])) return undefined;
    const key = `rows ${rows.join()}`;
    const ordered = this.loop.isDescending ? rows.toReversed() : rows;
    const [start = 0, next = 0] = ordered;
    const step = next - start;
    const isRegular = ordered.every((row, i) => row === start + i * step);
    const range = `${start}, ${start + ordered.length * step}, ${step}`;
    const text = `jnp.${isRegular ? `arange(${range}` : `array(${pythonTuple(ordered)}`}, dtype=jnp.int32)`;
    const place = this.scanned.get(key) ?? { name: names.next('row'), text, type: 'int32[]' };
    this.scanned.set(key, place);
    const { shape, dtype } = nodeAt(program, present(positions[0], 'a node'));
    const zeros = `jnp.full(${pythonTuple(shape)}, 0, ${jnpDtype(dtype)})`;
    return `${zeros}.at[${place.name}].set(${present(operands[0], 'an operand').text}[0])`;
  }

  /** An operand of a node of the body. */
  private operand(index: number, slot: number): OperandText {
    const { program } = this.writer;
    const sources = this.loop.iterations.map((nodes) => {
      const node = nodeAt(program, present(nodes[index], 'a node'));
      return present(node.inputs[slot], 'an operand');
    });
    const first = present(sources[0], 'an operand');
    const { shape, dtype } = nodeAt(program, first);
    const inFirst = this.connectionOf(first);
    if (inFirst) {
      const row = rowOf(program, first);
      const name = present(this.variables[inFirst.index], 'a variable');
      return { text: row === undefined ? name : `${name}[${row}:${row + 1}]`, shape, dtype };
    }
    const inSecond = this.connectionOf(present(sources[1], 'an operand'));
    if (inSecond) return { text: this.carry(inSecond.index, first).name, shape, dtype };
    if (sources.every((source) => source === first)) return this.writer.operand(first);
    return { text: this.scan(sources).name, shape, dtype };
  }

  /** Where in the loop a value is made, if it is. */
  private connectionOf(position: number): Connection | undefined {
    const { program } = this.writer;
    if (literalOf(program, position)) return undefined;
    return this.connections.get(sourceOf(program, position));
  }

  private carry(index: number, initial: number): Carried {
    const key = `${index} ${initial}`;
    const known = this.carried.get(key);
    if (known) return known;
    const node = nodeAt(this.writer.program, present(this.loop.iterations[0]?.[index], 'a node'));
    const name = this.writer.names.next(variableName(node));
    const initialText = this.writer.operand(initial).text;
    const made: Carried = { name, index, initial, initialText, result: undefined };
    this.carried.set(key, made);
    return made;
  }

  private scan(sources: readonly number[]): Scanned {
    const key = sources.join();
    const known = this.scanned.get(key);
    if (known) return known;
    const ordered = this.loop.isDescending ? sources.toReversed() : sources;
    const node = nodeAt(this.writer.program, present(sources[0], 'an operand'));
    const made: Scanned = {
      name: this.writer.names.next(node.op === 'state' || node.op === 'input' ? leafName(node) : variableName(node)),
      text: this.writer.stackOf(ordered),
      type: typeText(node),
    };
    this.scanned.set(key, made);
    return made;
  }

  /** Tells the writer where the values of the loop are found after it. */
  private publish(): void {
    const { iterations } = this.loop;
    const count = iterations.length;
    const collect = (wish: string, name: string) => {
      const stack = this.writer.names.next(wish);
      this.collected.push({ name, stack });
      return stack;
    };
    for (const carried of this.carried.values()) {
      const { index } = carried;
      const last = present(iterations.at(-1)?.[index], 'a node');
      this.writer.addPlace(last, {
        text: () => {
          carried.result ??= this.writer.names.next(`last ${carried.name}`);
          return carried.result;
        },
      });
    }
    this.variables.forEach((variable, index) => {
      const stack = new Stack(count, () => collect(`all ${variable}`, variable));
      iterations.forEach((nodes, iteration) => {
        this.writer.addPlace(present(nodes[index], 'a node'), { stack, index: this.indexOf(iteration) });
      });
    });
    // What enters each iteration, as one stack: gradients read it so, and need no copy that is shifted by one.
    for (const { name, index, initial } of this.carried.values()) {
      const stack = new Stack(count, () => collect(`all ${name} before`, name));
      const entering = iterations.map((_, iteration) => iterations[iteration - 1]?.[index] ?? initial);
      entering.forEach((position, iteration) => {
        if (literalOf(this.writer.program, position)) return;
        this.writer.addPlace(position, { stack, index: this.indexOf(iteration) });
      });
    }
  }

  private lines(name: string): string[] {
    const carried = [...this.carried.values()];
    const scanned = [...this.scanned.values()];
    const isScan = carried.length > 0 || scanned.length === 0;
    const collected = this.collected.map((one) => one.name);
    const inputs = scanned.map(({ name: variable, type }) => `${variable},  # ${type}`);
    const nexts = carried.map(({ index }) => present(this.variables[index], 'a variable'));
    const body = [
      ...(carried.length > 1 ? [`${tuple(carried.map((one) => one.name))} = carry`] : []),
      ...(inputs.length > 0 ? ['(', ...inputs.map((line) => `    ${line}`), ') = layer'] : []),
      ...carried.filter((one) => this.isRows(one)).map((one) => `${one.name} = shard_rows(${one.name})`),
      ...indented(this.body, ''),
      ...(isScan ? bracketed(`return ${tuple(nexts)}, `, collected) : bracketed('return ', collected)),
    ];
    const state = carried.length === 1 ? present(carried[0], 'a value').name : 'carry';
    const parameters = isScan ? [state, scanned.length > 0 ? 'layer' : '_'] : ['layer'];
    const scope = pythonString(this.loop.family);
    return [
      '',
      `def ${name}(${parameters.join(', ')}):`,
      ...body.map((line) => `    ${line}`),
      '',
      `with jax.named_scope(${scope}):`,
      ...(isScan ? this.scanCall(name) : this.mapCall(name)).flatMap((text) =>
        text.split('\n').map((line) => `    ${line}`),
      ),
    ];
  }

  private isRows({ initial }: Carried): boolean {
    const { shape } = nodeAt(this.writer.program, initial);
    const { numRows } = this.options;
    return shape.length > 2 && numRows !== undefined && numRows % (shape[0] ?? 1) === 0;
  }

  private scanCall(name: string): string[] {
    const { recompute = false } = this.options;
    const carried = [...this.carried.values()];
    const results = tuple(carried.map(({ result }) => result ?? '_'));
    const initial = tuple(carried.map(({ initialText }) => initialText));
    const call = `${results}, ${this.stacks()} = jax.lax.scan(`;
    return [
      call,
      `    ${recompute ? `jax.checkpoint(${name}, prevent_cse=False)` : name},`,
      `    ${initial},`,
      ...this.scannedLines(),
      ...(this.loop.isDescending ? ['    reverse=True,'] : []),
      ...(this.isOfScalars() ? ['    unroll=True,'] : []),
      ')',
    ];
  }

  private mapCall(name: string): string[] {
    return [`${this.stacks()} = jax.vmap(${name})(`, ...this.scannedLines(), ')'];
  }

  /** What the stacks are called that the loop makes. */
  private stacks(): string {
    const names = this.collected.map(({ stack }) => stack);
    return names.length === 0 ? '_' : bracketed('', names).join('\n');
  }

  /** True if the body is a few additions or the like, too little for a loop on a device. */
  private isOfScalars(): boolean {
    const [template = []] = this.loop.iterations;
    return template.every((position) => nodeAt(this.writer.program, position).shape.length === 0);
  }

  private scannedLines(): string[] {
    const { size } = this.scanned;
    if (size === 0) return ['    None,', `    length=${this.loop.iterations.length},`];
    return ['    (', ...[...this.scanned.values()].map(({ text }) => `        ${text},`), '    ),'];
  }
}

/** One name as it is, several as a tuple. */
function tuple(names: readonly string[]): string {
  return names.length === 1 ? names.join('') : `(${names.join(', ')})`;
}

/** What an element of a state is called inside of a loop: its name without the layer's. */
function leafName({ attributes }: { readonly attributes: { readonly [name: string]: unknown } }): string {
  const name = String(attributes.name);
  return layerOf(name)?.rest || name;
}
