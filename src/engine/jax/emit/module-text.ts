import { hashProgram, nodeAt, type Program } from '../../../tensor/index.ts';
import { calledFunctions } from './composite-functions.ts';
import { pythonString, pythonTuple } from './python-names.ts';
import { type FamilyMember, familiesOf } from './stacks.ts';

/** The stacks that the states of a Program make up, by the name of the state. */
export function stateFamilies({ state, nodes }: Program): ReadonlyMap<string, FamilyMember> {
  return familiesOf(
    Object.entries(state).map(([name, { node, kind }]) => {
      const { shape = [], dtype = 'float32' } = nodes[node] ?? {};
      return { name, shape, dtype, kind };
    }),
  );
}

/** The key under which Python holds a state: its name, or that of its stack. */
export function stateKey(name: string, families: ReadonlyMap<string, FamilyMember>): string {
  return families.get(name)?.family.pattern ?? name;
}

/**
 * The whole text of a module: what it is, the tables of its states, inputs and outputs, the hook for sharding, the functions it calls,
 * and its body.
 *
 * @param isDifferentiated JAX differentiates the body
 */
export function moduleText(program: Program, title: string, body: string, isDifferentiated = false): string {
  const families = stateFamilies(program);
  const states = new Map<string, string>();
  const stacks = new Map<string, string>();
  for (const [name, { node, kind }] of Object.entries(program.state)) {
    const { shape, dtype } = nodeAt(program, node);
    const family = families.get(name)?.family;
    const whole = family ? [family.numbers.length, ...shape] : shape;
    const key = stateKey(name, families);
    states.set(key, `(${pythonTuple(whole)}, ${pythonString(dtype)}, ${pythonString(kind)})`);
    if (family) stacks.set(key, numbersText(family.numbers));
  }
  const typesOf = (nodes: { readonly [name: string]: number }) =>
    new Map(
      Object.entries(nodes).map(([name, position]) => {
        const { shape, dtype } = nodeAt(program, position);
        return [name, `(${pythonTuple(shape)}, ${pythonString(dtype)})`];
      }),
    );
  const head = [
    pythonDocstring(title),
    '',
    'import jax',
    'import jax.numpy as jnp',
    '',
    'FORMAT = 1',
    `PROGRAM = ${pythonString(hashProgram(program))}`,
    '',
    '# What lives from step to step: shape, element type, kind. A name with * is a stack over layers along the leading axis.',
    ...tableText('STATE', states),
    '# For each stack, the numbers that * stands for, in the order of its elements.',
    ...tableText('STACKS', stacks),
    ...tableText('INPUTS', typesOf(program.inputs)),
    ...tableText('OUTPUTS', typesOf(program.outputs)),
  ].join('\n');
  const hook = `def shard_rows(x):
    """Called with arrays whose leading axis counts rows of the batch; whoever knows the mesh replaces it."""
    return x`;
  return `${[head, hook, ...calledFunctions(body, isDifferentiated), body].join('\n\n\n')}\n`;
}

function tableText(name: string, entries: ReadonlyMap<string, string>): string[] {
  if (entries.size === 0) return [`${name} = {}`];
  return [`${name} = {`, ...[...entries].map(([key, value]) => `    ${pythonString(key)}: ${value},`), '}'];
}

/** Numbers at equal distances as a range, so that the text does not grow with them. */
function numbersText(numbers: readonly number[]): string {
  const [first = 0, second = 0] = numbers;
  const step = second - first;
  const isRegular = numbers.every((number, i) => number === first + i * step);
  if (!isRegular) return pythonTuple(numbers);
  const range = [first, first + numbers.length * step, ...(step === 1 ? [] : [step])];
  return `tuple(range(${(range.length === 2 && first === 0 ? range.slice(1) : range).join(', ')}))`;
}

/** A title may be anything: no character of it ends the string. */
function pythonDocstring(title: string): string {
  return `"""${pythonString(title).slice(1, -1)}"""`;
}

/** A dictionary over several lines, for the end of a function. */
export function dictionaryText(entries: ReadonlyMap<string, string>, indent: string): string[] {
  if (entries.size === 0) return [`${indent}{},`];
  return [
    `${indent}{`,
    ...[...entries].map(([key, value]) => `${indent}    ${pythonString(key)}: ${value},`),
    `${indent}},`,
  ];
}
