import type { Tensor } from 'onnxruntime-common';
import type { DType } from '../../tensor/index.ts';
import type { ArraySpec, NumericData } from '../engine.ts';
import type { OnnxRuntime } from './runtime.ts';

/** An array as a tensor of the runtime, on the same memory unless it must be converted. */
export function runtimeTensor({ Tensor }: OnnxRuntime, { shape, dtype }: ArraySpec, data: NumericData): Tensor {
  const array = data instanceof Float64Array ? Float32Array.from(data) : data;
  // The element types of the language that ONNX Runtime's tensors lack never reach here: load() refuses them.
  return new Tensor(dtype as Exclude<DType, 'bfloat16'>, array as never, shape);
}
