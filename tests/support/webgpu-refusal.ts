import { GroundworkError } from '../../src/core/index.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import { constant, trace } from '../../src/tensor/index.ts';

// A process of its own for provider-failures.test.ts: prints how the provider webgpu refuses, as JSON on the last line.
const program = trace(() => ({ outputs: { one: constant(1) } }), { inputs: {} });
onnxEngine('webgpu')
  .then((engine) => engine.load(program))
  .then(
    () => console.log(JSON.stringify({ code: 'none' })),
    (error: unknown) => {
      if (!(error instanceof GroundworkError)) throw error;
      console.log(JSON.stringify({ code: error.code, hint: error.hint }));
    },
  );
