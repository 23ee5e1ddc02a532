import { dtypeBytes, expandComposites, nodeAt, type Program, type ProgramNode, sizeOf } from '../../tensor/index.ts';
import type { MemoryEstimate } from '../engine.ts';

/** What Python and JAX hold once a first step is compiled: 170 MB and 310 MB, measured (docs/notebook.md, "JAX"). */
export const processBytes = 480e6;
/** What compiling one more step leaves. */
const sessionBytes = 30e6;
/**
 * What a step keeps that is differentiated layer by layer, of what is alive in the graph in its own order: by the account of the compiler
 * 1.25 to 1.44 at three sizes (docs/notebook.md, "JAX").
 */
const keptShare = 1.45;

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
 * that are alive together, each from where it is made to where it is last read; more of them in a step that is
 * differentiated.
 */
export function estimateMemory(program: Program): MemoryEstimate {
  const stateBytes = sum(Object.values(program.state).map(({ node }) => bytesOf(nodeAt(program, node))));
  const outputBytes = sum(Object.values(program.outputs).map((position) => bytesOf(nodeAt(program, position))));
  const isDifferentiated = program.nodes.some(({ phase }) => phase === 'backward');
  const activationBytes = Math.ceil((isDifferentiated ? keptShare : 1) * liveBytes(expandComposites(program)));
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
