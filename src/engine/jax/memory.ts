import { dtypeBytes, expandComposites, nodeAt, type Program, type ProgramNode, sizeOf } from '../../tensor/index.ts';
import type { MemoryEstimate } from '../engine.ts';

/** What Python and JAX take before anything is loaded: measured on a processor (docs/notebook.md, "JAX"). */
export const processBytes = 250e6;
/** What compiling a step leaves: of graphs of a few hundred to a few thousand nodes. */
const sessionBytes = 100e6;

/** Ops whose results XLA computes where they are read, and never keeps. */
const unkept: ReadonlySet<string> = new Set([
  'input',
  'state',
  'constant',
  'fill',
  'iota',
  'reshape',
  'broadcastTo',
  'stopGradient',
  'after',
]);

/**
 * The memory of a session before it is loaded: the state once, since a step is given its state to write over, and the values
 * that are alive together, each from where it is made to where it is last read. XLA keeps fewer where it fuses, so this is
 * an upper figure.
 */
export function estimateMemory(program: Program): MemoryEstimate {
  const stateBytes = sum(Object.values(program.state).map(({ node }) => bytesOf(nodeAt(program, node))));
  const outputBytes = sum(Object.values(program.outputs).map((position) => bytesOf(nodeAt(program, position))));
  const activationBytes = liveBytes(expandComposites(program));
  return {
    stateBytes,
    activationBytes,
    peakBytes: stateBytes + outputBytes + activationBytes + sessionBytes,
    overheadBytes: sessionBytes,
  };
}

/** The most bytes that are alive at once. */
function liveBytes(program: Program): number {
  const owners = new Map<number, number>();
  const ownerOf = (position: number): number => owners.get(position) ?? position;
  const lastUse = new Map<number, number>();
  program.nodes.forEach(({ op, inputs }, index) => {
    for (const input of inputs) lastUse.set(ownerOf(input), index);
    const [source] = inputs;
    if (unkept.has(op) && source !== undefined) owners.set(index, ownerOf(source));
  });
  let live = 0;
  let most = 0;
  program.nodes.forEach((node, index) => {
    if (!unkept.has(node.op)) live += bytesOf(node);
    most = Math.max(most, live);
    const ended = new Set([...node.inputs.map(ownerOf), index].filter((one) => (lastUse.get(one) ?? one) === index));
    for (const one of ended) if (!unkept.has(nodeAt(program, one).op)) live -= bytesOf(nodeAt(program, one));
  });
  return most;
}

function bytesOf({ shape, dtype }: Pick<ProgramNode, 'shape' | 'dtype'>): number {
  return sizeOf(shape) * dtypeBytes[dtype];
}

function sum(numbers: readonly number[]): number {
  return numbers.reduce((total, x) => total + x, 0);
}
