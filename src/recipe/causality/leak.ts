import { type Program, type Shape, sizeOf } from '../../tensor/index.ts';
import { type Field, reshapeField, stretch } from './field.ts';
import { type ForwardNames, type ForwardProgram, forwardProgram, interpret } from './interpretation.ts';
import { joined, type Knowledge, none, rowOf, timeOf } from './knowledge.ts';
import { tracePath } from './path.ts';

/** A node that a leak passes through. */
export interface LeakStep {
  readonly op: string;
  readonly scope: string;
}

/** A position of the logits that depends on a token that it must not see. */
export interface Leak {
  /** The op that first brings a later position, or another row, to an earlier one. */
  readonly op: string;
  readonly scope: string;
  readonly outputPosition: { readonly row: number; readonly time: number };
  readonly dependsOn: { readonly row: number | 'several'; readonly time: number };
  /** From the op that leaks to the logits. */
  readonly path: readonly LeakStep[];
  /** All of it in one sentence. */
  readonly sentence: string;
}

/**
 * Proves that logits at row b and position t depend on tokens of row b up to t only, or says where they do not: follows, element by
 * element, which tokens a value can depend on through every op of a forward Program. What does not depend on tokens is evaluated,
 * so that a mask counts for what it is: a weight is harmless where it is exactly 0. Parameters may be any numbers up to `parameterBound`, other
 * inputs any numbers at all; `segments` are followed as tokens are. A leak that is found may be one that no numbers show, since bounds are not exact; that
 * none is found is a proof.
 *
 * @param program inputs `tokens` int32 [B, T] and others, parameters as state, output `logits` [B, T, V] or [B · T, V]
 * @returns undefined if nothing leaks, else the earliest position that does
 * @throws GroundworkError `invalid-recipe` if the Program is no forward pass
 */
export function findLeak(program: Program, names: ForwardNames = {}): Leak | undefined {
  const forward = forwardProgram(program, names);
  return leakIn(forward, interpret(forward));
}

/** The leak in a pass of which everything is known that can be. */
export function leakIn(forward: ForwardProgram, known: readonly Knowledge[]): Leak | undefined {
  const { batchSize, contextLength, logits } = forward;
  const result = known[logits];
  if (!result) return undefined;
  const shape = [batchSize, contextLength, sizeOf(result.shape) / (batchSize * contextLength)];
  const reach = reachByPosition(result, shape);
  for (let time = 0; time < contextLength; time++) {
    for (let row = 0; row < batchSize; row++) {
      const width = reach.data.length / (batchSize * contextLength);
      const start = (row * contextLength + time) * width;
      const found = joined(reach.data.subarray(start, start + width));
      if (isWithin(found, row, time)) continue;
      return describeLeak(forward, known, { row, time });
    }
  }
  return undefined;
}

function reachByPosition({ shape, reach }: Knowledge, to: Shape): Field<Int32Array> {
  const field = reshapeField(reach, shape, to);
  return stretch(field, [to[0] ?? 1, to[1] ?? 1, field.shape[2] ?? 1]);
}

/** True if a position of a row may depend on this. */
export function isWithin(reach: number, row: number, time: number): boolean {
  return reach === none || (rowOf(reach) === row && timeOf(reach) <= time);
}

function describeLeak(
  forward: ForwardProgram,
  known: readonly Knowledge[],
  outputPosition: { readonly row: number; readonly time: number },
): Leak {
  const { reach, path } = tracePath(forward, known, outputPosition);
  const dependsOn = { row: rowOf(reach), time: timeOf(reach) };
  const { op, scope } = path[0] ?? { op: '', scope: '' };
  const { row, time } = outputPosition;
  const target =
    dependsOn.row === row
      ? `on the token at position ${dependsOn.time}`
      : `on tokens of ${dependsOn.row === 'several' ? 'other rows' : `row ${dependsOn.row}`}`;
  return {
    op,
    scope,
    outputPosition,
    dependsOn,
    path,
    sentence:
      `the logits at position ${time} of row ${row} can depend ${target}: ` +
      `${op}${scope ? ` in ${scope}` : ''} is where it gets ahead`,
  };
}
