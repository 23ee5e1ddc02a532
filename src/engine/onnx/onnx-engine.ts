import { GroundworkError } from '../../core/index.ts';
import { type Program, verifyProgram } from '../../tensor/index.ts';
import type { Engine } from '../engine.ts';
import { cpuForms } from './cpu-forms.ts';
import { translateFailure } from './failures.ts';
import { encodeModel } from './graph.ts';
import { lowerProgram } from './lowering.ts';
import { OnnxSession } from './onnx-session.ts';
import { applyRewrites, rewritesFor } from './rewrites.ts';
import type { OnnxRuntime } from './runtime.ts';
import { scheduleGraph } from './schedule.ts';

/** An engine that runs Programs by ONNX Runtime, on the provider that `runtime` was loaded for. */
export function onnxEngineOn(runtime: OnnxRuntime): Engine & { readonly runtime: OnnxRuntime } {
  return {
    name: `onnx/${runtime.provider}`,
    dtypes: runtime.dtypes,
    runtime,
    load: async (program) => {
      verifyProgram(program);
      requireDtypes(program, runtime);
      const graph = scheduleGraph(
        applyRewrites(
          lowerProgram(program, runtime.provider === 'webgpu' ? {} : cpuForms),
          rewritesFor(runtime.provider),
        ),
      );
      // In reverse: see schedule.ts.
      const model = encodeModel({ ...graph, nodes: [...graph.nodes].reverse() });
      const stateOutputs = graph.outputs.map(({ name }) => name).filter((name) => name.startsWith('next.'));
      try {
        return new OnnxSession(program, graph, runtime, await runtime.create(model, stateOutputs));
      } catch (cause) {
        throw translateFailure(cause, runtime.provider);
      }
    },
  };
}

function requireDtypes(program: Program, { dtypes, provider }: OnnxRuntime): void {
  for (const { dtype, op, scope } of program.nodes) {
    if (!dtypes.has(dtype)) {
      throw new GroundworkError(
        'unsupported-dtype',
        `onnx/${provider} does not compute in ${dtype}, which ${op} gives`,
        {
          hint: `It has ${[...dtypes].join(', ')}. Cast to float32, or use another engine.`,
          scope,
        },
      );
    }
  }
}
