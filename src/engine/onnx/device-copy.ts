import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { present } from '../../core/index.ts';
import type { ArraySpec } from '../engine.ts';
import { GraphBuilder } from './builder.ts';
import { encodeModel } from './graph.ts';
import type { OnnxRuntime } from './runtime.ts';

/**
 * Moves tensors between the memory of the process and that of the device, by sessions that do nothing else: one for each
 * direction, type and shape. The runtime has no other way in, and in Node none out: reading a tensor on the device ends
 * the process there. Sessions of one process share the device, so what one writes another may read.
 */
export class DeviceCopy {
  private readonly runtime: OnnxRuntime;
  private readonly sessions = new Map<string, Promise<InferenceSession>>();

  constructor(runtime: OnnxRuntime) {
    this.runtime = runtime;
  }

  /** A copy on the device, for the caller to dispose of. */
  upload(tensor: Tensor, spec: ArraySpec): Promise<Tensor> {
    return this.copy(tensor, spec, 'device');
  }

  /** A copy in the memory of the process. */
  download(tensor: Tensor, spec: ArraySpec): Promise<Tensor> {
    return this.copy(tensor, spec, 'process');
  }

  async close(): Promise<void> {
    for (const session of this.sessions.values()) await (await session).release();
    this.sessions.clear();
  }

  private async copy(tensor: Tensor, spec: ArraySpec, target: 'device' | 'process'): Promise<Tensor> {
    const key = `${target} ${spec.dtype} ${spec.shape.join()}`;
    let session = this.sessions.get(key);
    if (!session) {
      session = this.runtime.create(copyModel(spec), target === 'device' ? ['copy'] : []);
      this.sessions.set(key, session);
      // One that could not be made must not be met again, by the next copy or by close().
      session.catch(() => this.sessions.delete(key));
    }
    return present((await (await session).run({ original: tensor })).copy, 'the copy');
  }
}

function copyModel({ shape, dtype }: ArraySpec): Uint8Array {
  const builder = new GraphBuilder();
  const original = builder.input('original', shape, dtype);
  // A reshape to the same shape: unlike Identity, the WebGPU provider runs it on bools too.
  builder.output('copy', builder.node('Reshape', [original, builder.int64s(shape)], shape, dtype));
  return encodeModel(builder.build());
}
