import { GroundworkError } from '../core/index.ts';
import { nodeAt, type Program } from '../tensor/index.ts';
import type { NumericData } from './engine.ts';

/** What the numbers of an int32 input must be, because a node of the Program looks something up by them. */
export interface IndexLimit {
  readonly input: string;
  /** Indices are smaller than this. */
  readonly limit: number;
  /** One more number that is allowed, since its positions are left out. */
  readonly ignored: number | undefined;
  readonly scope: string;
}

/** Ops that hand on all numbers of their first operand, in another order or shape. */
const movements = new Set(['reshape', 'transpose', 'broadcastTo', 'stopGradient', 'after']);

/**
 * The inputs of a Program that are used as indices as they come (token ids, targets). Engines check them before a step:
 * graphics devices read any memory for a wrong index without a word, and a step that fails half-way has lost its state.
 */
export function indexLimits(program: Program): readonly IndexLimit[] {
  const found = new Map<string, IndexLimit>();
  const add = (position: number | undefined, limit: number, ignored: number | undefined, scope: string) => {
    const input = inputBehind(program, position);
    if (input === undefined) return;
    const known = found.get(input);
    found.set(input, {
      input,
      limit: Math.min(limit, known?.limit ?? limit),
      // What one use leaves out, another may still look up.
      ignored: known && known.ignored !== ignored ? undefined : ignored,
      scope: known && known.limit <= limit ? known.scope : scope,
    });
  };
  for (const { op, inputs, attributes, scope } of program.nodes) {
    const [subject = -1, indices] = inputs;
    if (op === 'gatherRows' || op === 'scatterAddRows') {
      add(indices, nodeAt(program, subject).shape[0] ?? 1, undefined, scope);
    } else if (op === 'takeAlongAxis' || op === 'scatterAddAlongAxis') {
      add(indices, nodeAt(program, subject).shape[Number(attributes.axis)] ?? 1, undefined, scope);
    } else if (op === 'crossEntropy') {
      const { ignoredTarget } = attributes;
      const ignored = typeof ignoredTarget === 'number' ? ignoredTarget : undefined;
      add(indices, nodeAt(program, subject).shape[1] ?? 1, ignored, scope);
    }
  }
  return [...found.values()];
}

/** @throws GroundworkError `invalid-array` for the first index that is out of range */
export function checkIndices(limits: readonly IndexLimit[], inputs: { readonly [name: string]: NumericData }): void {
  for (const { input, limit, ignored, scope } of limits) {
    inputs[input]?.forEach((index: number, place: number) => {
      if ((index >= 0 && index < limit) || index === ignored) return;
      const exception = ignored === undefined ? '' : `, or ${ignored} for positions to leave out`;
      throw new GroundworkError(
        'invalid-array',
        `input "${input}" has ${index} at position ${place}, expected 0 … ${limit - 1}${exception}`,
        { hint: 'Was the text tokenized with another vocabulary than the model has?', scope },
      );
    });
  }
}

function inputBehind(program: Program, position: number | undefined): string | undefined {
  if (position === undefined) return undefined;
  const node = nodeAt(program, position);
  if (node.op === 'input') return String(node.attributes.name);
  return movements.has(node.op) ? inputBehind(program, node.inputs[0]) : undefined;
}
