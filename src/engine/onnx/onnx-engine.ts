import { GroundworkError } from '../../core/index.ts';
import { type Program, verifyProgram } from '../../tensor/index.ts';
import type { Engine } from '../engine.ts';
import { compileProgram } from './compile.ts';
import { translateFailure } from './failures.ts';
import { estimateMemory } from './memory.ts';
import { NativeSession } from './native-session.ts';
import { OnnxSession } from './onnx-session.ts';
import type { OnnxRuntime } from './runtime.ts';

/** An engine that runs Programs by ONNX Runtime, on the provider that `runtime` was loaded for. */
export function onnxEngineOn(runtime: OnnxRuntime): Engine & { readonly runtime: OnnxRuntime } {
  return {
    name: `onnx/${runtime.provider}`,
    dtypes: runtime.dtypes,
    runtime,
    estimateMemory: (program) => {
      verifyProgram(program);
      requireDtypes(program, runtime);
      return estimateMemory(program, compileProgram(program, runtime.provider), runtime.provider);
    },
    load: async (program) => {
      verifyProgram(program);
      requireDtypes(program, runtime);
      const compiled = compileProgram(program, runtime.provider);
      const stateOutputs = compiled.changing.map((name) => `next.${name}`);
      try {
        const session = await runtime.create(compiled.model, stateOutputs);
        const Loaded = runtime.writesInPlace ? NativeSession : OnnxSession;
        return new Loaded(program, compiled, runtime, session);
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
          hint:
            `It computes in ${[...dtypes].join(', ')}. Trace in float32 (leave --precision out), or use an engine that has ${dtype}, ` +
            'such as --engine jax.',
          scope,
        },
      );
    }
  }
}
