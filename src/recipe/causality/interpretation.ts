import { assert, GroundworkError, present } from '../../core/index.ts';
import { formatShape, nodeAt, type Program, type ProgramNode, type Shape } from '../../tensor/index.ts';
import {
  type Knowledge,
  knowledgeOf,
  maxRow,
  maxTime,
  none,
  reachOf,
  uniformRange,
  unknownConstant,
} from './knowledge.ts';
import { KnowledgeMemory } from './knowledge-memory.ts';

/** The names under which a forward Program takes tokens and returns logits. */
export interface ForwardNames {
  /** The input of tokens, int32 [B, T]. Default `tokens`. */
  readonly tokens?: string;
  /** The output of logits, [B, T, V] or [B · T, V]. Default `logits`. */
  readonly logits?: string;
}

/** A forward Program with the extents that the analysis goes by. */
export interface ForwardProgram {
  readonly program: Program;
  /** Positions of nodes. */
  readonly tokens: number;
  readonly logits: number;
  /** B */
  readonly batchSize: number;
  /** T */
  readonly contextLength: number;
}

/**
 * Looks at a Program as a forward pass.
 *
 * @throws GroundworkError `invalid-recipe` if tokens or logits are missing or misshapen, or the pass changes its parameters
 */
export function forwardProgram(
  program: Program,
  { tokens = 'tokens', logits = 'logits' }: ForwardNames = {},
): ForwardProgram {
  const input = Object.hasOwn(program.inputs, tokens) ? program.inputs[tokens] : undefined;
  const output = Object.hasOwn(program.outputs, logits) ? program.outputs[logits] : undefined;
  if (input === undefined || output === undefined) {
    return fail(
      `the forward pass has the inputs ${Object.keys(program.inputs).join(', ') || '(none)'} and the outputs ` +
        `${Object.keys(program.outputs).join(', ') || '(none)'}, expected ${tokens} and ${logits}`,
    );
  }
  const [batchSize = 1, contextLength = 1] = nodeAt(program, input).shape;
  const { shape } = nodeAt(program, output);
  const isByRow = shape[0] === batchSize && shape[1] === contextLength;
  if (nodeAt(program, input).shape.length !== 2 || (!isByRow && shape[0] !== batchSize * contextLength)) {
    return fail(
      `tokens ${formatShape(nodeAt(program, input).shape)} give logits ${formatShape(shape)}, expected [B, T] and [B, T, V]`,
    );
  }
  for (const [name, { node, next }] of Object.entries(program.state)) {
    if (node !== next) fail(`the forward pass changes "${name}", expected it to leave its parameters as they are`);
  }
  assert(
    batchSize < maxRow && contextLength < maxTime,
    `${formatShape([batchSize, contextLength])} tokens are too many`,
  );
  return { program, tokens: input, logits: output, batchSize, contextLength };
}

function fail(message: string): never {
  throw new GroundworkError('invalid-recipe', message, {
    hint: 'A model maps tokens [B, T] to logits [B, T, V] and keeps nothing from one pass to the next.',
  });
}

/**
 * Parameters are taken to be no larger than this, vectors (gains, biases, factors) and matrices: beyond it a training has diverged.
 * Initial values are held to it; what is learned is not looked at.
 */
export function parameterBound(shape: Shape): number {
  return shape.length <= 1 ? 32 : 1024;
}

/** What is known of every node of a forward pass. */
export function interpret({ program, tokens }: ForwardProgram): Knowledge[] {
  const parameters = new Set(
    Object.values(program.state).flatMap(({ node, kind }) => (kind === 'parameter' ? [node] : [])),
  );
  const { segments } = program.inputs;
  const given = unknownConstant(nodeAt(program, tokens).shape, 'int32');
  const memory = new KnowledgeMemory();
  const known: Knowledge[] = [];
  program.nodes.forEach((node, position) => {
    if (position === tokens) known.push(memory.keep(ofTokens(node)));
    // Where the next document begins is told by the segments that follow.
    else if (position === segments) known.push(memory.keep({ ...ofTokens(node), range: given.range }));
    else if (parameters.has(position)) known.push(memory.keep(ofParameter(node)));
    else known.push(memory.apply(node.op, node, operandsOf(node, known)));
  });
  return known;
}

/** What is known of the operands of a node. */
export function operandsOf({ inputs }: ProgramNode, known: readonly Knowledge[]): Knowledge[] {
  return inputs.map((position) => present(known[position], `what is known of node ${position}`));
}

function ofTokens({ shape }: ProgramNode): Knowledge {
  const [rows = 1, time = 1] = shape;
  const data = Int32Array.from({ length: rows * time }, (_, i) => reachOf(Math.floor(i / time), i % time));
  return { shape, reach: { shape, data }, range: uniformRange(shape, 0, 2 ** 31 - 1), hidden: none };
}

function ofParameter({ shape, dtype }: ProgramNode): Knowledge {
  const unknown = unknownConstant(shape, dtype);
  if (dtype === 'int32' || dtype === 'bool') return unknown;
  const bound = parameterBound(shape);
  return knowledgeOf(shape, unknown.reach, uniformRange(shape, -bound, bound));
}
