import { assert } from '../../core/index.ts';
import type { Program } from '../../tensor/index.ts';
import { cpuForms } from './cpu-forms.ts';
import { encodeModel, type OnnxGraph } from './graph.ts';
import { hideShapes } from './hidden-shapes.ts';
import { isWrittenLast, planInPlace } from './in-place.ts';
import { lowerProgram } from './lowering.ts';
import { stopBeforeCopies } from './native-session.ts';
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
  const changing = Object.entries(program.state).flatMap(([name, { node, next }]) => (node === next ? [] : [name]));
  if (provider === 'webgpu') return finish(lowerProgram(program), changing, new Set());
  const rewritten = applyRewrites(lowerProgram(program, cpuForms), cpuRewrites);
  // Only the native CPU provider writes into arrays that are handed to it.
  if (provider === 'wasm') return finish(hideShapes(rewritten), changing, new Set());
  const { graph, inPlace } = planInPlace(rewritten, changing);
  return finish(stopBeforeCopies(hideShapes(graph)), changing, inPlace);
}

function finish(graph: OnnxGraph, changing: readonly string[], inPlace: ReadonlySet<string>): CompiledProgram {
  const scheduled = scheduleGraph(graph);
  for (const name of inPlace) {
    assert(isWrittenLast(scheduled.nodes, name), `state ${name} is written before it is read for the last time`);
  }
  // In reverse: see schedule.ts.
  const model = encodeModel({ ...scheduled, nodes: [...scheduled.nodes].reverse() });
  return { graph: scheduled, changing, inPlace, model };
}
