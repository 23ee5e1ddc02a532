import { present } from '../../core/index.ts';
import { nodeAt, type OpName, type ProgramNode, type Shape, sizeOf, stridesOf } from '../../tensor/index.ts';
import { type ForwardProgram, operandsOf } from './interpretation.ts';
import { independent, joinReach, type Knowledge, maxTime, none, reachOf, rowOf, timeOf } from './knowledge.ts';
import { reshape } from './movement.ts';
import { applyRule } from './rules.ts';

/** Where the logits of a position can see what they must not: the way back from there to the tokens. */
export interface LeakPath {
  /** What the position depends on, as `reachOf` writes it. */
  readonly reach: number;
  /** From the op that leaks to the logits. */
  readonly path: readonly { readonly op: OpName; readonly scope: string }[];
}

interface Position {
  readonly row: number;
  readonly time: number;
}

/** An element of a node on the way. */
interface Step {
  readonly node: number;
  readonly index: readonly number[];
  /** The op gathers this element from ones that the position may see and ones that it may not. */
  readonly isMixed: boolean;
}

/**
 * Walks back from an offending position, at each node to an operand's element that the position must not depend on, and finds on that
 * way the first op (seen from the tokens) after which values no longer stand in the order of time: one that gathers later
 * positions with earlier ones, or that puts them in an earlier place.
 */
export function tracePath(forward: ForwardProgram, known: readonly Knowledge[], position: Position): LeakPath {
  const { program, batchSize, contextLength, logits } = forward;
  const isOffending = (reach: number) =>
    reach !== none && !(rowOf(reach) === position.row && timeOf(reach) <= position.time);
  const result = present(known[logits], 'what is known of the logits');
  const shape = [batchSize, contextLength, sizeOf(result.shape) / (batchSize * contextLength)];
  const byPosition = { op: 'reshape', attributes: { shape }, shape, dtype: nodeAt(program, logits).dtype } as const;
  const target = worstAt(reshape(byPosition, [result]), position, isOffending);

  let at = sourceOf({ ...byPosition }, [result], target.index, isOffending)?.index ?? result.shape.map(() => 0);
  const steps: Step[] = [];
  for (let node = logits; ; ) {
    const { op, inputs } = nodeAt(program, node);
    const source = sourceOf(nodeAt(program, node), operandsOf(nodeAt(program, node), known), at, isOffending);
    steps.push({ node, index: at, isMixed: source?.isMixed ?? false });
    if (!source || op === 'input') break;
    node = present(inputs[source.operand], 'an operand');
    at = source.index;
  }
  const isInOrder = ({ node }: Step) => standsInTime(present(known[node], 'a node'), batchSize, contextLength);
  const inOrder = steps.findIndex((step, i) => i > 0 && isInOrder(step));
  const after = steps.slice(0, inOrder === -1 ? steps.length : inOrder);
  const isCulprit = ({ node, isMixed }: Step) => isMixed || placing.has(nodeAt(program, node).op);
  // The last in this order is the first on the way from the tokens.
  const culprit = after.findLastIndex(isCulprit);
  const path = after.slice(0, culprit === -1 ? after.length : culprit + 1).reverse();
  return { reach: target.reach, path: path.map(({ node }) => pick(nodeAt(program, node))) };
}

function pick({ op, scope }: ProgramNode): { op: OpName; scope: string } {
  return { op, scope };
}

/** Ops that put elements in another place of an axis. */
const placing = new Set<OpName>([
  'concatenate',
  'pad',
  'gatherRows',
  'takeAlongAxis',
  'scatterAddRows',
  'scatterAddAlongAxis',
]);

/** The element of the logits of a position that depends on most. */
function worstAt(
  { reach }: Knowledge,
  { row, time }: Position,
  isOffending: (reach: number) => boolean,
): { index: readonly number[]; reach: number } {
  let worst = { index: [row, time, 0], reach: none };
  const width = reach.shape[2] ?? 1;
  for (let i = 0; i < width; i++) {
    const found = valueAt(reach, [row, time, i]);
    if (isOffending(found) && (worst.reach === none || timeOf(found) > timeOf(worst.reach))) {
      worst = { index: [row, time, i], reach: found };
    }
  }
  return worst;
}

/** The number at an index of the tensor; an axis of extent 1 has one number for all. */
function valueAt({ shape, data }: Knowledge['reach'], index: readonly number[]): number {
  const strides = stridesOf(shape);
  return (
    data[
      shape.reduce((place, extent, axis) => place + (extent === 1 ? 0 : (index[axis] ?? 0) * (strides[axis] ?? 0)), 0)
    ] ?? none
  );
}

/** As many places as times can number. */
const labelBase = maxTime - 1;

/**
 * An offending element of some operand that the element at `index` of the result depends on. It is found by asking the rule itself:
 * the operand's elements are given numbers instead of times, and the one that comes through is looked up.
 */
function sourceOf(
  node: Pick<ProgramNode, 'op' | 'attributes' | 'shape' | 'dtype'>,
  operands: readonly Knowledge[],
  index: readonly number[],
  isOffending: (reach: number) => boolean,
): { operand: number; index: readonly number[]; isMixed: boolean } | undefined {
  const through = (operand: number, label: (reach: number, place: number) => number): number => {
    const asked = operands.map((known, i) => {
      if (i !== operand) return { ...known, reach: independent(known.shape), hidden: none };
      return { ...known, hidden: none, reach: { shape: known.reach.shape, data: known.reach.data.map(label) } };
    });
    return timeOf(valueAt(applyRule(node.op, node, asked).reach, index));
  };
  const worst = operands.map(({ reach }) =>
    reach.data.reduce((far, x) => (isOffending(x) ? joinReach(far, x) : far), none),
  );
  const order = operands.map((_, i) => i).filter((i) => worst[i] !== none);
  for (const operand of order) {
    const { reach } = present(operands[operand], 'an operand');
    const numbersOf = (part: number) =>
      through(operand, (found, place) =>
        isOffending(found) && Math.floor(place / labelBase) === part ? reachOf(1, place % labelBase) : none,
      );
    const numParts = Math.ceil(reach.data.length / labelBase);
    const labels = Array.from({ length: numParts }, (_, part) => numbersOf(part));
    const part = labels.findLastIndex((label) => label >= 0);
    if (part === -1) continue;
    const place = part * labelBase + (labels[part] ?? 0);
    const isMixed = through(operand, (x) => (isOffending(x) || x === none ? none : reachOf(1, 0))) >= 0;
    return { operand, index: indexOf(place, reach.shape), isMixed };
  }
  return undefined;
}

function indexOf(place: number, shape: Shape): number[] {
  const strides = stridesOf(shape);
  return shape.map((extent, axis) => Math.floor(place / (strides[axis] ?? 1)) % extent);
}

/**
 * True if the elements of a tensor stand in an order in which each belongs to a row and a position and depends on nothing else:
 * row and position are digits of the place in the tensor, as in [B, T, D], [B, H, T, K], [B · T, D].
 */
function standsInTime({ shape, reach }: Knowledge, batchSize: number, contextLength: number): boolean {
  const size = sizeOf(shape);
  if (size % (batchSize * contextLength) !== 0) return false;
  const units = [...stridesOf(shape), size];
  const isPossible = (unit: number, extent: number) => size % (unit * extent) === 0;
  const timeUnits = unique([...units, ...units.map((unit) => unit * batchSize)]).filter((unit) =>
    isPossible(unit, contextLength),
  );
  const rowUnits = unique([...units, ...units.map((unit) => unit * contextLength)]).filter((unit) =>
    isPossible(unit, batchSize),
  );
  return timeUnits.some((timeUnit) =>
    rowUnits.some((rowUnit) => {
      const digits = (place: number): Position => ({
        time: Math.floor(place / timeUnit) % contextLength,
        row: Math.floor(place / rowUnit) % batchSize,
      });
      return isOrdered({ shape, reach }, digits);
    }),
  );
}

function unique(numbers: readonly number[]): number[] {
  return [...new Set(numbers)];
}

function isOrdered({ shape, reach }: Pick<Knowledge, 'shape' | 'reach'>, digits: (place: number) => Position): boolean {
  const strides = stridesOf(shape);
  const gridStrides = stridesOf(reach.shape);
  // An axis of extent 1 in the grid stands for its first and its last element.
  const lastOfRest = shape.reduce(
    (sum, extent, axis) => sum + (reach.shape[axis] === 1 ? (extent - 1) * (strides[axis] ?? 0) : 0),
    0,
  );
  return reach.data.every((found, i) => {
    if (found === none) return true;
    const place = reach.shape.reduce(
      (sum, extent, axis) => sum + (Math.floor(i / (gridStrides[axis] ?? 1)) % extent) * (strides[axis] ?? 0),
      0,
    );
    const first = digits(place);
    const last = digits(place + lastOfRest);
    const row = rowOf(found);
    return row === first.row && row === last.row && timeOf(found) <= Math.min(first.time, last.time);
  });
}
