import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { present } from '../../core/index.ts';
import type { Program } from '../../tensor/index.ts';
import { checkArray, checkInputs, sessionClosed, specOf, zeros } from '../arrays.ts';
import type { NumericData, Session } from '../engine.ts';
import { checkIndices, type IndexLimit, indexLimits } from '../index-limits.ts';
import { TaskQueue } from '../task-queue.ts';
import type { CompiledProgram } from './compile.ts';
import { DeviceCopy } from './device-copy.ts';
import { translateFailure } from './failures.ts';
import { zeroInput } from './hidden-shapes.ts';
import type { OnnxRuntime } from './runtime.ts';
import { runtimeTensor } from './runtime-tensor.ts';

/** The exception says it all; by default the WebAssembly build also writes it to the console. */
const quietly = { logSeverityLevel: 4 } as const;

/**
 * A Program on a provider that hands out its results: WebGPU, whose states stay in device buffers, the results of one step
 * being the state of the next, and WebAssembly, which copies them in and out of its own memory.
 */
export class OnnxSession implements Session {
  readonly program: Program;
  private readonly runtime: OnnxRuntime;
  private readonly session: InferenceSession;
  private readonly limits: readonly IndexLimit[];
  private readonly state = new Map<string, Tensor>();
  private readonly changing: readonly string[];
  private readonly device: DeviceCopy | undefined;
  /** One thing at a time: a step disposes the buffers of the state that it read. */
  private readonly queue = new TaskQueue();
  private ending: string | undefined;

  constructor(program: Program, compiled: CompiledProgram, runtime: OnnxRuntime, session: InferenceSession) {
    this.program = program;
    this.runtime = runtime;
    this.session = session;
    this.limits = indexLimits(program);
    this.device = runtime.hasDeviceMemory ? new DeviceCopy(runtime) : undefined;
    this.changing = compiled.changing;
    for (const name of Object.keys(program.state)) {
      const spec = specOf(program, 'state', name);
      this.state.set(name, runtimeTensor(runtime, spec, zeros(spec)));
    }
  }

  run(inputs: { readonly [name: string]: NumericData }): Promise<{ [name: string]: NumericData }> {
    return this.queue.add(async () => {
      this.requireUsable();
      checkInputs(this.program, inputs);
      checkIndices(this.limits, inputs);
      try {
        return await this.step(inputs);
      } catch (cause) {
        throw translateFailure(cause, this.runtime.provider);
      }
    });
  }

  set(name: string, data: NumericData): Promise<void> {
    return this.queue.add(() => {
      this.requireUsable();
      const spec = specOf(this.program, 'state', name);
      checkArray('state', name, spec, data);
      const before = present(this.state.get(name), name);
      const copy = zeros(spec) as Float32Array;
      copy.set(data);
      this.state.set(name, runtimeTensor(this.runtime, spec, copy));
      if (before.location !== 'cpu') before.dispose();
    });
  }

  get(name: string): Promise<NumericData> {
    return this.queue.add(async () => {
      this.requireUsable();
      const spec = specOf(this.program, 'state', name);
      const tensor = present(this.state.get(name), name);
      const near = this.device && tensor.location !== 'cpu' ? await this.device.download(tensor, spec) : tensor;
      return ((await near.getData()) as NumericData).slice();
    });
  }

  close(): Promise<void> {
    return this.queue.add(async () => {
      if (this.ending) return;
      this.ending = 'is closed';
      for (const tensor of this.state.values()) if (tensor.location !== 'cpu') tensor.dispose();
      this.state.clear();
      await this.device?.close();
      await this.session.release();
    });
  }

  /** Runs the graph once. The outputs are fetched before the results become the state: a step counts wholly or not at all. */
  private async step(inputs: { readonly [name: string]: NumericData }): Promise<{ [name: string]: NumericData }> {
    await this.moveStateToDevice();
    const feeds: Record<string, Tensor> = {
      [zeroInput]: new this.runtime.Tensor('int64', BigInt64Array.of(0n), []),
    };
    for (const name of Object.keys(this.program.inputs)) {
      const spec = specOf(this.program, 'input', name);
      feeds[`input.${name}`] = runtimeTensor(this.runtime, spec, present(inputs[name], name));
    }
    for (const [name, tensor] of this.state) feeds[`state.${name}`] = tensor;
    // A feed that no node reads is not part of the graph.
    for (const name of Object.keys(feeds)) if (!this.session.inputNames.includes(name)) delete feeds[name];
    const results = await this.session.run(feeds, quietly);
    const outputs: Record<string, NumericData> = {};
    for (const name of Object.keys(this.program.outputs)) {
      outputs[name] = (await present(results[`output.${name}`], name).getData()) as NumericData;
    }
    for (const name of this.changing) {
      const before = present(this.state.get(name), name);
      this.state.set(name, present(results[`next.${name}`], name));
      if (before.location !== 'cpu') before.dispose();
    }
    return outputs;
  }

  /** State that was set since the last step is uploaded once, not in every step that reads it. */
  private async moveStateToDevice(): Promise<void> {
    if (!this.device) return;
    for (const [name, tensor] of this.state) {
      if (tensor.location !== 'cpu') continue;
      this.state.set(name, await this.device.upload(tensor, specOf(this.program, 'state', name)));
    }
  }

  private requireUsable(): void {
    if (this.ending) throw sessionClosed(this.ending);
  }
}
