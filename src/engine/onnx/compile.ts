import type { Program } from '../../tensor/index.ts';
import { cpuForms } from './cpu-forms.ts';
import { encodeModel, type OnnxGraph } from './graph.ts';
import { planInPlace } from './in-place.ts';
import { lowerProgram } from './lowering.ts';
import { applyRewrites, cpuRewrites } from './rewrites.ts';
import type { Provider } from './runtime.ts';
import { scheduleGraph } from './schedule.ts';

/** A Program made ready for one provider. */
export interface CompiledProgram {
  /** The graph with its nodes in the order in which the runtime runs them. */
  readonly graph: OnnxGraph;
  /** Names of the states that a step changes. */
  readonly changing: readonly string[];
  /** Names of those among them that a step writes over in place; the others need a second buffer. */
  readonly inPlace: ReadonlySet<string>;
  /** The bytes of the ONNX model. */
  readonly model: Uint8Array;
}

/** Lowers a verified Program, in the forms that the provider runs fastest. */
export function compileProgram(program: Program, provider: Provider): CompiledProgram {
  const usesCpuKernels = provider !== 'webgpu';
  const lowered = lowerProgram(program, usesCpuKernels ? cpuForms : {});
  const rewritten = usesCpuKernels ? applyRewrites(lowered, cpuRewrites) : lowered;
  const changing = Object.entries(program.state).flatMap(([name, { node, next }]) => (node === next ? [] : [name]));
  // Only the native CPU provider writes into arrays that are handed to it.
  const plan = provider === 'cpu' && !process.env.NOINPLACE ? planInPlace(rewritten, changing) : { graph: rewritten, inPlace: new Set<string>() };
  const graph = scheduleGraph(plan.graph);
  // In reverse: see schedule.ts.
  const model = encodeModel({ ...graph, nodes: [...graph.nodes].reverse() });
  return { graph, changing, inPlace: plan.inPlace, model };
}
