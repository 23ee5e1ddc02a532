import { present } from '../../../core/index.ts';
import { type Program, verifyProgram } from '../../../tensor/index.ts';
import { GraphWriter, indented, type Leaves } from './graph-writer.ts';
import { type Item, layerItems, straightItems } from './layer-passes.ts';
import { type LoopOptions, writeLoop } from './loop-writer.ts';
import { dictionaryText, moduleText, stateFamilies, stateKey } from './module-text.ts';
import { NameSupply, pythonString } from './python-names.ts';
import { type FamilyMember, type Place, Stack } from './stacks.ts';
import { writeVisit } from './visit-writer.ts';

export interface EmitOptions {
  /** What the module says of itself in its first line. */
  readonly title?: string;
  /** Write every layer out instead of loops over equal layers. The same numbers, but for rounding. Default false. */
  readonly isUnrolled?: boolean;
}

/**
 * A Program as a Python module on JAX, op by op: the reference form, with the gradients of our own differentiation. The module has
 * `step(state, inputs)`, a pure function that returns the next state and the outputs, and tables of their names, shapes and types.
 * Equal Programs give equal text.
 *
 * @throws GroundworkError what `verifyProgram` throws
 */
export function emitProgram(program: Program, options: EmitOptions = {}): string {
  verifyProgram(program);
  const families = stateFamilies(program);
  const body = [
    'def step(state, inputs):',
    '    """(state, inputs) to (next state, outputs), dictionaries by the names of the tables above."""',
    ...graphText(
      program,
      { state: 'state', families, input: (name) => named(`inputs[${pythonString(name)}]`) },
      options,
    ),
  ].join('\n');
  return moduleText(program, options.title ?? 'A Groundwork Program.', body);
}

export interface GraphNames {
  /** The variable that holds the state. */
  readonly state: string;
  readonly families: ReadonlyMap<string, FamilyMember>;
  readonly input: (name: string) => Place;
}

/** A variable, or whatever else a value is called. */
export function named(text: string): Place {
  return { text: () => text };
}

/** Places of the members of stacks that a dictionary holds. */
export function dictionaryPlaces(
  dictionary: string,
  families: ReadonlyMap<string, FamilyMember>,
): (name: string) => Place {
  const stacks = new Map<string, Stack>();
  return (name) => {
    const member = families.get(name);
    if (!member) return named(`${dictionary}[${pythonString(name)}]`);
    const { pattern, numbers } = member.family;
    const stack = stacks.get(pattern) ?? new Stack(numbers.length, () => `${dictionary}[${pythonString(pattern)}]`);
    stacks.set(pattern, stack);
    return { stack, index: member.index };
  };
}

/** The statements of a graph and, at the end, the return of the next state and the outputs. */
function graphText(program: Program, names: GraphNames, options: GraphOptions): string[] {
  const { writer, lines } = writeGraph(program, names, options);
  const next = nextState(program, writer, names);
  const outputs = new Map(
    Object.entries(program.outputs).map(([name, position]) => [name, writer.operand(position).text]),
  );
  return [
    ...lines(),
    '    return (',
    ...dictionaryText(next, '        '),
    ...dictionaryText(outputs, '        '),
    '    )',
  ];
}

export interface GraphOptions extends Pick<EmitOptions, 'isUnrolled'>, Pick<LoopOptions, 'recompute'> {
  /** JAX differentiates the text. Default false. */
  readonly isDifferentiated?: boolean;
}

/** Writes all nodes, each item as one statement; `lines` must be called when everything that is read of them has been asked for. */
export function writeGraph(
  program: Program,
  names: GraphNames,
  { isUnrolled = false, recompute = false, isDifferentiated = false }: GraphOptions = {},
): { writer: GraphWriter; items: readonly Item[]; lines: () => string[] } {
  const leaves: Leaves = { state: dictionaryPlaces(names.state, names.families), input: names.input };
  const writer = new GraphWriter(program, leaves, new NameSupply(), isDifferentiated);
  const numRows = program.nodes[program.inputs.tokens ?? -1]?.shape[0];
  const loopOptions = { recompute, ...(numRows === undefined ? {} : { numRows }) };
  const items = isUnrolled ? straightItems(program) : layerItems(program, recompute);
  for (const item of items) {
    if ('loop' in item) writeLoop(writer, item.loop, loopOptions);
    else if ('visit' in item) writeVisit(writer, item.visit);
    else if ('waits' in item) writer.writeWait(item.waits);
    else writer.writeNode(item.node);
  }
  return { writer, items, lines: () => indented(writer.statements, '    ') };
}

/** What each state becomes, by its key. A stack that stays as it is, is handed on. */
export function nextState(program: Program, writer: GraphWriter, names: GraphNames): Map<string, string> {
  const next = new Map<string, string>();
  for (const [name, { next: position }] of Object.entries(program.state)) {
    const member = names.families.get(name);
    const key = stateKey(name, names.families);
    if (!member) {
      next.set(key, writer.operand(position).text);
    } else if (!next.has(key)) {
      const members = member.family.names.map((one) => present(program.state[one], one).next);
      next.set(key, writer.stackOf(members));
    }
  }
  return next;
}
