import { z } from 'zod';
import { assert, canonicalJson, GroundworkError, type JsonValue, present, sha256Hex } from '../core/index.ts';
import { type DType, dtypes } from './dtype.ts';
import { type Attributes, isOpName, type OpName } from './ops/index.ts';
import { type Phase, phases, withContext } from './scope.ts';
import { formatShape, type Shape, sameShape } from './shape.ts';
import { inferOperand, makeTensor, type Tensor } from './tensor.ts';

/** One operation of a Program. `inputs` are positions of earlier nodes. */
export interface ProgramNode {
  readonly op: OpName;
  readonly inputs: readonly number[];
  readonly attributes: Attributes;
  readonly shape: Shape;
  readonly dtype: DType;
  readonly scope: string;
  readonly phase: Phase;
}

/** What a state is for: parameters are what a model learns; the rest serves the training. */
export const stateKinds = ['parameter', 'optimizer', 'other'] as const;
export type StateKind = (typeof stateKinds)[number];

/** A value that lives in a session: `node` reads it, `next` is what it becomes after a step. */
export interface ProgramState {
  readonly node: number;
  readonly next: number;
  readonly kind: StateKind;
}

/**
 * A traced graph that maps (state, inputs) to (state', outputs). Plain data: nodes in an order in which each stands after
 * what it reads, equal nodes only once, nothing that no result needs.
 */
export interface Program {
  readonly format: 'groundwork-program';
  readonly version: 1;
  readonly nodes: readonly ProgramNode[];
  readonly inputs: { readonly [name: string]: number };
  readonly state: { readonly [name: string]: ProgramState };
  readonly outputs: { readonly [name: string]: number };
}

/** The results of a graph, by name, before it becomes a Program. */
export interface GraphResults {
  readonly inputs: { readonly [name: string]: Tensor };
  readonly state: { readonly [name: string]: { node: Tensor; next: Tensor; kind: StateKind } };
  readonly outputs: { readonly [name: string]: Tensor };
}

/** Turns tensors into a Program: keeps what the results need, in creation order, and merges equal nodes. */
export function buildProgram({ inputs, state, outputs }: GraphResults): Program {
  const roots = [
    ...Object.values(inputs),
    ...Object.values(state).flatMap(({ node, next }) => [node, next]),
    ...Object.values(outputs),
  ];
  const nodes: ProgramNode[] = [];
  const positions = new Map<Tensor, number>();
  const known = new Map<string, number>();
  const given = new Set([...Object.values(inputs), ...Object.values(state).map(({ node }) => node)]);
  for (const tensor of reachable(roots)) {
    if ((tensor.op === 'input' || tensor.op === 'state') && !given.has(tensor)) failForeign(tensor);
    const operands = tensor.inputs.map((input) => present(positions.get(input), 'an operand'));
    const key = `${tensor.op}(${operands.join(',')})${canonicalJson(tensor.attributes)}`;
    let position = known.get(key);
    if (position === undefined) {
      position = nodes.length;
      known.set(key, position);
      const { op, attributes, shape, dtype, scope, phase } = tensor;
      nodes.push({ op, inputs: operands, attributes, shape, dtype, scope, phase });
    }
    positions.set(tensor, position);
  }
  const positionOf = (tensor: Tensor) => present(positions.get(tensor), 'a result');
  return {
    format: 'groundwork-program',
    version: 1,
    nodes,
    inputs: mapValues(inputs, positionOf),
    state: mapValues(state, ({ node, next, kind }) => ({ node: positionOf(node), next: positionOf(next), kind })),
    outputs: mapValues(outputs, positionOf),
  };
}

function failForeign({ op, attributes, scope }: Tensor): never {
  const { name } = attributes as Attributes;
  throw new GroundworkError('invalid-trace', `the graph reads the ${op} "${String(name)}" of another trace`, {
    hint: 'Use only what trace() hands to its function; a value from outside must become an input or a state.',
    scope,
  });
}

/** Everything that `roots` depend on, in creation order. */
function reachable(roots: readonly Tensor[]): Tensor[] {
  const seen = new Set<Tensor>();
  const stack = [...roots];
  for (let tensor = stack.pop(); tensor; tensor = stack.pop()) {
    if (seen.has(tensor)) continue;
    seen.add(tensor);
    stack.push(...tensor.inputs);
  }
  return [...seen].sort((a, b) => a.id - b.id);
}

function mapValues<T, U>(record: { readonly [key: string]: T }, f: (value: T) => U): { [key: string]: U } {
  return Object.fromEntries(Object.entries(record).map(([key, value]) => [key, f(value)]));
}

/** Makes tensors from the nodes of a Program again, each replaced by what `rewrite` makes of it. */
export function rebuildProgram(
  program: Program,
  rewrite: (node: ProgramNode, inputs: readonly Tensor[], index: number) => Tensor,
): Program {
  const tensors: Tensor[] = [];
  const at = (position: number) => present(tensors[position], `node ${position}`);
  program.nodes.forEach((node, index) => {
    const { scope, phase } = node;
    const inputs = node.inputs.map(at);
    tensors.push(withContext({ scope, phase, region: undefined }, () => rewrite(node, inputs, index)));
  });
  return buildProgram({
    inputs: mapValues(program.inputs, at),
    state: mapValues(program.state, ({ node, next, kind }) => ({ node: at(node), next: at(next), kind })),
    outputs: mapValues(program.outputs, at),
  });
}

/** A node made again as it was, on the given operands. */
export function copyNode(node: ProgramNode, inputs: readonly Tensor[]): Tensor {
  return makeTensor(node.op, inputs, node.attributes as Tensor['attributes']);
}

/** Fields of any name. A record of zod passes over one called `__proto__`; here it is refused. */
const fieldsOf = <T>(value: z.ZodType<T>) =>
  z
    .unknown()
    .refine((fields) => !Object.hasOwn(Object(fields), '__proto__'), 'no field may be called __proto__')
    .pipe(z.record(z.string(), value));

const scalar = z.union([z.number(), z.string(), z.boolean(), z.null()]);

const nodeSchema = z.strictObject({
  op: z.string(),
  inputs: z.array(z.int().min(0)),
  // Flat, as the attributes of every op are; each op's own schema has the last word.
  attributes: fieldsOf(z.union([scalar, z.array(scalar)])),
  shape: z.array(z.int().min(1)),
  dtype: z.enum(dtypes),
  scope: z.string(),
  phase: z.enum(phases),
});

const programSchema = z.strictObject({
  format: z.literal('groundwork-program'),
  version: z.literal(1),
  nodes: z.array(nodeSchema),
  inputs: fieldsOf(z.int().min(0)),
  state: fieldsOf(z.strictObject({ node: z.int().min(0), next: z.int().min(0), kind: z.enum(stateKinds) })),
  outputs: fieldsOf(z.int().min(0)),
});

/** The Program as canonical JSON: equal Programs give equal text. */
export function serializeProgram(program: Program): string {
  return canonicalJson(program as unknown as JsonValue);
}

/** The SHA-256 of the canonical JSON: the identity of a Program. */
export function hashProgram(program: Program): string {
  return sha256Hex(serializeProgram(program));
}

/**
 * Reads a Program from JSON and verifies it.
 *
 * @throws GroundworkError `invalid-program`, or what `verifyProgram` throws
 */
export function parseProgram(json: string): Program {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    throw new GroundworkError(
      'invalid-program',
      `a Program is JSON, but this text is not: ${(cause as Error).message}`,
      {
        hint: 'Give the text that serializeProgram wrote.',
        cause,
      },
    );
  }
  const result = programSchema.safeParse(value);
  if (!result.success) {
    const problem = result.error.issues[0];
    throw new GroundworkError(
      'invalid-program',
      `field ${problem?.path.join('.') || '(root)'}: ${problem?.message ?? 'does not fit'}`,
      { hint: 'Give an unchanged file that serializeProgram of this version wrote.' },
    );
  }
  const program = result.data as Program;
  verifyProgram(program);
  return program;
}

/**
 * Checks everything that a Program promises: known ops, operands that stand earlier (so no cycles), attributes that fit,
 * every shape and element type derived again, results that exist, states that keep their shape and type.
 *
 * @throws GroundworkError with the scope of the first node that breaks a rule
 */
export function verifyProgram(program: Program): void {
  const { nodes } = program;
  nodes.forEach((node, index) => {
    withContext({ scope: node.scope, phase: node.phase, region: undefined }, () => verifyNode(program, node, index));
  });
  const check = (what: string, name: string, position: number): ProgramNode => {
    const node = nodes[position];
    if (node) return node;
    return failProgram(`${what} "${name}" points to node ${position}, but there are ${nodes.length}`);
  };
  for (const [name, position] of Object.entries(program.inputs)) {
    verifyLeaf('input', name, check('input', name, position));
  }
  for (const [name, state] of Object.entries(program.state)) {
    const node = check('state', name, state.node);
    verifyLeaf('state', name, node);
    const next = check('state', name, state.next);
    if (!sameShape(node.shape, next.shape) || node.dtype !== next.dtype) {
      failProgram(
        `state "${name}" is ${node.dtype} ${formatShape(node.shape)} but becomes ${next.dtype} ${formatShape(next.shape)}`,
        next.scope,
      );
    }
  }
  for (const [name, position] of Object.entries(program.outputs)) check('output', name, position);
  const numLeaves = nodes.filter(({ op }) => op === 'input' || op === 'state').length;
  if (numLeaves !== Object.keys(program.inputs).length + Object.keys(program.state).length) {
    failProgram(`${numLeaves} nodes read inputs or state, but the Program names another number of them`);
  }
}

function verifyNode(program: Program, node: ProgramNode, index: number): void {
  if (!isOpName(node.op)) {
    throw new GroundworkError('unknown-op', `node ${index} has the op "${String(node.op)}", which does not exist`, {
      hint: 'The Program was changed, or written by another version.',
      scope: (node as ProgramNode).scope,
    });
  }
  const operands = node.inputs.map((position) => {
    const operand = position < index ? program.nodes[position] : undefined;
    return (
      operand ??
      failProgram(`node ${index} (${node.op}) reads node ${position}, which does not stand before it`, node.scope)
    );
  });
  const derived = inferOperand(node.op, operands, node.attributes);
  if (!sameShape(derived.shape, node.shape) || derived.dtype !== node.dtype) {
    failProgram(
      `node ${index} (${node.op}) says ${node.dtype} ${formatShape(node.shape)}, ` +
        `but its operands give ${derived.dtype} ${formatShape(derived.shape)}`,
      node.scope,
    );
  }
}

function verifyLeaf(op: 'input' | 'state', name: string, node: ProgramNode): void {
  if (node.op !== op || node.attributes.name !== name) {
    failProgram(`${op} "${name}" points to a node ${node.op} "${String(node.attributes.name)}"`, node.scope);
  }
}

function failProgram(message: string, scope = ''): never {
  throw new GroundworkError('invalid-program', message, {
    hint: 'A Program comes from trace(); one that was edited by hand must keep every rule of verifyProgram.',
    scope,
  });
}

/** The node at a position that verification has checked. */
export function nodeAt(program: Program, position: number): ProgramNode {
  const node = program.nodes[position];
  assert(node !== undefined, `node ${position} is missing`);
  return node;
}
