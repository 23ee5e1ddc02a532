import { present } from '../../core/index.ts';
import { nodeAt, type Program, sizeOf } from '../../tensor/index.ts';
import { specOf } from '../arrays.ts';
import type { MemoryEstimate } from '../engine.ts';
import { Arena, type Chunk } from './arena.ts';
import type { CompiledProgram } from './compile.ts';
import type { OnnxGraph, OnnxValue } from './graph.ts';
import { viewKernels } from './kernels.ts';
import type { Provider } from './runtime.ts';

const bytesPerElement = { float32: 4, int32: 4, int64: 8, bool: 1, float16: 2, bfloat16: 2 } as const;

/**
 * What a session holds besides state and values: 40 to 49 MB after loading graphs of 1,000 to 2,200 nodes, and what the heap of
 * JavaScript keeps from compiling them.
 */
const sessionBytes = 60e6;

/**
 * The memory of a session before it is loaded: the state, one or two copies of it, and what the values of a step take, from
 * the order in which nodes run and the lifetime of each value. On the native CPU provider it follows the runtime's arena and
 * is within 10 % of what is measured; on WebGPU and in WebAssembly it is a rough figure.
 */
export function estimateMemory(
  program: Program,
  { graph, changing, inPlace }: CompiledProgram,
  provider: Provider,
): MemoryEstimate {
  const bytesOfState = (name: string) => bytesOf(specOf(program, 'state', name));
  const stateBytes = total(Object.keys(program.state).map(bytesOfState));
  const spareBytes = total(changing.filter((name) => !inPlace.has(name)).map(bytesOfState));
  // Each output is an array of the session and the copy that a step returns.
  const outputBytes = 2 * total(Object.values(program.outputs).map((position) => bytesOf(nodeAt(program, position))));
  const { liveBytes, touchedBytes } = simulateStep(graph);
  // Only the arena of the native runtime is modelled; elsewhere the live values are the best that is known.
  const stepBytes = provider === 'cpu' ? touchedBytes : liveBytes;
  return {
    stateBytes: stateBytes + spareBytes,
    activationBytes: liveBytes,
    peakBytes: stateBytes + spareBytes + outputBytes + stepBytes + sessionBytes,
    overheadBytes: sessionBytes,
  };
}

/** Runs a step through a model of the arena: the most bytes alive at once, and the bytes that were ever in use. */
function simulateStep(graph: OnnxGraph): { liveBytes: number; touchedBytes: number } {
  const outputs = new Set(graph.outputs.map(({ name }) => name));
  const value = (name: string) => present(graph.values.get(name), name);
  const owners = new Map<string, string>();
  const ownerOf = (name: string) => owners.get(name) ?? name;
  const lastUse = new Map<string, number>();
  graph.nodes.forEach(({ opType, inputs, outputs: results }, index) => {
    const [result = '', source = ''] = [results[0], inputs[0]];
    // A view that is returned is copied into the caller's array.
    if (viewKernels.has(opType) && !outputs.has(result)) owners.set(result, ownerOf(source));
    for (const name of [...inputs, ...results]) lastUse.set(ownerOf(name), index);
  });
  const arena = new Arena();
  const chunks = new Map<string, Chunk>();
  let live = 0;
  let most = 0;
  graph.nodes.forEach(({ opType, inputs, outputs: results }, index) => {
    for (const name of results) {
      if (outputs.has(name) || owners.has(name) || !graph.values.has(name)) continue;
      const base = ownerOf(inputs[0] ?? '');
      const held = chunks.get(base);
      if (opType === 'ScatterElements' && held && lastUse.get(base) === index) {
        // Declared shapes let the kernel write over its base.
        chunks.delete(base);
        chunks.set(name, held);
        continue;
      }
      chunks.set(name, arena.allocate(bytesOf(value(name))));
      live += bytesOf(value(name));
      most = Math.max(most, live);
    }
    for (const name of new Set([...inputs, ...results].map(ownerOf))) {
      const chunk = chunks.get(name);
      if (!chunk || lastUse.get(name) !== index) continue;
      arena.free(chunk);
      chunks.delete(name);
      live -= bytesOf(value(name));
    }
  });
  return { liveBytes: most, touchedBytes: arena.touchedBytes };
}

function bytesOf({ shape, dtype }: Pick<OnnxValue, 'shape' | 'dtype'>): number {
  return sizeOf(shape) * bytesPerElement[dtype];
}

function total(numbers: readonly number[]): number {
  return numbers.reduce((sum, x) => sum + x, 0);
}
