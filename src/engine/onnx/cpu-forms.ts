import { present } from '../../core/index.ts';
import type { OnnxValue } from './graph.ts';
import type { ProviderForms } from './lowering.ts';

/** Ops for which the CPU kernels of ONNX Runtime (native and WebAssembly) have a faster form that gives the same numbers. */
export const cpuForms: ProviderForms = {
  rotaryEmbedding: ({ builder, inputs, shape, dtype }) => {
    const [x, cos, sin] = [0, 1, 2].map((i) => present(inputs[i], 'an operand')) as [OnnxValue, OnnxValue, OnnxValue];
    // Positions start at 0 and follow each other.
    const positions = builder.int64s([0]);
    return builder.node('RotaryEmbedding', [x, positions, cos, sin], shape, dtype, {}, 'com.microsoft');
  },
  // log Σ eˣ = max x − log max softmax(x), since the greatest weight is 1 / Σ e^(x − max). The softmax is one kernel, and
  // the derivative needs it anyway; by the definition it would take four passes over the logits.
  logSumExp: ({ builder, inputs, attributes, shape, dtype }) => {
    const x = present(inputs[0], 'an operand');
    const axes = builder.int64s([attributes.axis]);
    const maximum = (y: OnnxValue) => builder.node('ReduceMax', [y, axes], shape, dtype, { keepdims: 0 });
    const weights = builder.node('Softmax', [x], x.shape, dtype, { axis: attributes.axis });
    return builder.node('Sub', [maximum(x), builder.node('Log', [maximum(weights)], shape, dtype)], shape, dtype);
  },
  // An empty tensor, cut from the shape of the trigger, becomes part of the shape that x is viewed in: no data moves.
  after: ({ builder, inputs, shape, dtype }) => {
    const [x, trigger] = [present(inputs[0], 'x'), present(inputs[1], 'a trigger')];
    const empty = builder.node('Shape', [trigger], [0], 'int64', { start: 0, end: 0 });
    const target = builder.node('Concat', [empty, builder.int64s(shape)], [shape.length], 'int64', { axis: 0 });
    return builder.node('Reshape', [x, target], shape, dtype);
  },
};
