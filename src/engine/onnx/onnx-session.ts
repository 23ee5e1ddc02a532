import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { present } from '../../core/index.ts';
import type { DType, Program } from '../../tensor/index.ts';
import { checkArray, checkInputs, sessionClosed, specOf, zeros } from '../arrays.ts';
import type { ArraySpec, NumericData, Session } from '../engine.ts';
import type { CompiledProgram } from './compile.ts';
import { DeviceCopy } from './device-copy.ts';
import { translateFailure } from './failures.ts';
import type { OnnxRuntime } from './runtime.ts';

/** A Program in ONNX Runtime. State stays where the provider computes: in our arrays on the CPU, in device buffers on WebGPU. */
export class OnnxSession implements Session {
  readonly program: Program;
  private readonly runtime: OnnxRuntime;
  private readonly session: InferenceSession;
  private readonly outputNames: readonly string[];
  private readonly state = new Map<string, Tensor>();
  /** The second set of buffers, used in turn with the first where a run writes into arrays that we own. */
  private readonly spare = new Map<string, Tensor>();
  private readonly changing: readonly string[];
  private readonly inPlace: ReadonlySet<string>;
  private readonly device: DeviceCopy | undefined;
  private ending: string | undefined;

  constructor(program: Program, compiled: CompiledProgram, runtime: OnnxRuntime, session: InferenceSession) {
    this.program = program;
    this.runtime = runtime;
    this.session = session;
    this.device = runtime.hasDeviceMemory ? new DeviceCopy(runtime) : undefined;
    this.outputNames = compiled.graph.outputs.map(({ name }) => name);
    this.changing = compiled.changing;
    this.inPlace = compiled.inPlace;
    for (const name of Object.keys(program.state)) {
      const spec = specOf(program, 'state', name);
      this.state.set(name, this.tensor(spec, zeros(spec)));
    }
    if (runtime.writesInPlace) {
      for (const name of this.changing.filter((name) => !this.inPlace.has(name))) {
        const spec = specOf(program, 'state', name);
        this.spare.set(name, this.tensor(spec, zeros(spec)));
      }
    }
  }

  async run(inputs: { readonly [name: string]: NumericData }): Promise<{ [name: string]: NumericData }> {
    this.requireUsable();
    checkInputs(this.program, inputs);
    await this.moveStateToDevice();
    const feeds: Record<string, Tensor> = {};
    for (const name of Object.keys(this.program.inputs)) {
      feeds[`input.${name}`] = this.tensor(specOf(this.program, 'input', name), present(inputs[name], name));
    }
    for (const [name, tensor] of this.state) feeds[`state.${name}`] = tensor;
    // A feed that no node reads is not part of the graph.
    for (const name of Object.keys(feeds)) if (!this.session.inputNames.includes(name)) delete feeds[name];

    const fetches: Record<string, Tensor | null> = {};
    for (const name of this.outputNames) fetches[name] = null;
    for (const [name, tensor] of this.spare) fetches[`next.${name}`] = tensor;
    for (const name of this.inPlace) fetches[`next.${name}`] = present(this.state.get(name), name);
    const results = await this.session.run(feeds, fetches).catch((cause) => {
      // A step that writes over its state may have written some of it before it failed.
      if (this.inPlace.size > 0) this.ending = 'broke off in the middle of a step, so its state is lost';
      throw translateFailure(cause, this.runtime.provider);
    });

    for (const name of this.changing) {
      if (this.inPlace.has(name)) continue;
      const before = present(this.state.get(name), name);
      this.state.set(name, present(results[`next.${name}`], name));
      if (this.runtime.writesInPlace) this.spare.set(name, before);
      else if (before.location !== 'cpu') before.dispose();
    }
    const outputs: Record<string, NumericData> = {};
    for (const name of Object.keys(this.program.outputs)) {
      const tensor = present(results[`output.${name}`], name);
      outputs[name] = (await tensor.getData()) as NumericData;
    }
    return outputs;
  }

  async set(name: string, data: NumericData): Promise<void> {
    this.requireUsable();
    const spec = specOf(this.program, 'state', name);
    checkArray('state', name, spec, data);
    const before = present(this.state.get(name), name);
    if (before.location === 'cpu') {
      (before.data as NumericData).set(data as never);
      return;
    }
    const copy = zeros(spec);
    copy.set(data as never);
    this.state.set(name, this.tensor(spec, copy));
    before.dispose();
  }

  async get(name: string): Promise<NumericData> {
    this.requireUsable();
    specOf(this.program, 'state', name);
    const tensor = present(this.state.get(name), name);
    const isElsewhere = this.device && tensor.location !== 'cpu';
    const near = isElsewhere ? await this.device.download(tensor, specOf(this.program, 'state', name)) : tensor;
    return ((await near.getData()) as NumericData).slice();
  }

  async close(): Promise<void> {
    if (this.ending) return;
    this.ending = 'is closed';
    for (const tensor of this.state.values()) if (tensor.location !== 'cpu') tensor.dispose();
    this.state.clear();
    this.spare.clear();
    await this.device?.close();
    await this.session.release();
  }

  /** State that was set since the last step is uploaded once, not in every step that reads it. */
  private async moveStateToDevice(): Promise<void> {
    if (!this.device) return;
    for (const [name, tensor] of this.state) {
      if (tensor.location !== 'cpu') continue;
      this.state.set(name, await this.device.upload(tensor, specOf(this.program, 'state', name)));
    }
  }

  private tensor({ shape, dtype }: ArraySpec, data: NumericData): Tensor {
    const { Tensor } = this.runtime;
    const array = data instanceof Float64Array ? Float32Array.from(data) : data;
    // The element types of the language that ONNX Runtime's tensors lack never reach here: load() refuses them.
    return new Tensor(dtype as Exclude<DType, 'bfloat16'>, array as never, shape);
  }

  private requireUsable(): void {
    if (this.ending) throw sessionClosed(this.ending);
  }
}
