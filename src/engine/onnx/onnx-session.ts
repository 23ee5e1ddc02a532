import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { present } from '../../core/index.ts';
import type { DType, Program } from '../../tensor/index.ts';
import { checkArray, checkInputs, sessionClosed, specOf, zeros } from '../arrays.ts';
import type { ArraySpec, NumericData, Session } from '../engine.ts';
import { translateFailure } from './failures.ts';
import type { OnnxGraph } from './graph.ts';
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
  private ending: string | undefined;

  constructor(program: Program, graph: OnnxGraph, runtime: OnnxRuntime, session: InferenceSession) {
    this.program = program;
    this.runtime = runtime;
    this.session = session;
    this.outputNames = graph.outputs.map(({ name }) => name);
    this.changing = this.outputNames.filter((name) => name.startsWith('next.')).map((name) => name.slice(5));
    for (const name of Object.keys(program.state)) {
      const spec = specOf(program, 'state', name);
      this.state.set(name, this.tensor(spec, zeros(spec)));
    }
    if (runtime.writesInPlace) {
      for (const name of this.changing) {
        const spec = specOf(program, 'state', name);
        this.spare.set(name, this.tensor(spec, zeros(spec)));
      }
    }
  }

  async run(inputs: { readonly [name: string]: NumericData }): Promise<{ [name: string]: NumericData }> {
    this.requireUsable();
    checkInputs(this.program, inputs);
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
    const results = await this.session.run(feeds, fetches).catch((cause) => {
      throw translateFailure(cause, this.runtime.provider);
    });

    for (const name of this.changing) {
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
    const before = this.state.get(name);
    const copy = zeros(spec);
    copy.set(data as never);
    this.state.set(name, this.tensor(spec, copy));
    if (before && before.location !== 'cpu') before.dispose();
  }

  async get(name: string): Promise<NumericData> {
    this.requireUsable();
    specOf(this.program, 'state', name);
    const data = (await present(this.state.get(name), name).getData()) as NumericData;
    return data.slice();
  }

  async close(): Promise<void> {
    if (this.ending) return;
    this.ending = 'is closed';
    for (const tensor of this.state.values()) if (tensor.location !== 'cpu') tensor.dispose();
    this.state.clear();
    this.spare.clear();
    await this.session.release();
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
