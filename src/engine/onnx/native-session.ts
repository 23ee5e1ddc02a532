import type { InferenceSession, Tensor } from 'onnxruntime-common';
import { present } from '../../core/index.ts';
import { nodeAt, type Program } from '../../tensor/index.ts';
import { checkArray, checkInputs, sessionClosed, specOf, zeros } from '../arrays.ts';
import type { ArraySpec, NumericData, Session } from '../engine.ts';
import { checkIndices, type IndexLimit, indexLimits } from '../index-limits.ts';
import { TaskQueue } from '../task-queue.ts';
import type { CompiledProgram } from './compile.ts';
import { translateFailure } from './failures.ts';
import type { OnnxGraph } from './graph.ts';
import { zeroInput } from './hidden-shapes.ts';
import type { OnnxRuntime } from './runtime.ts';
import { runtimeTensor } from './runtime-tensor.ts';

/**
 * A Program on the native CPU provider. State and outputs live in arrays of ours, which the runtime writes itself: in place
 * where the compiler proved that right, else into a second set of arrays that is used in turn.
 */
export class NativeSession implements Session {
  readonly program: Program;
  private readonly runtime: OnnxRuntime;
  private readonly session: InferenceSession;
  private readonly limits: readonly IndexLimit[];
  private readonly state = new Map<string, Tensor>();
  private readonly spare = new Map<string, Tensor>();
  private readonly outputs = new Map<string, Tensor>();
  private readonly hasInPlaceState: boolean;
  private readonly changing: readonly string[];
  private readonly zero: Tensor;
  /** One thing at a time: a step writes the very arrays that `get` and `set` touch. */
  private readonly queue = new TaskQueue();
  private ending: string | undefined;

  constructor(program: Program, compiled: CompiledProgram, runtime: OnnxRuntime, session: InferenceSession) {
    this.program = program;
    this.runtime = runtime;
    this.session = session;
    this.limits = indexLimits(program);
    this.changing = compiled.changing;
    this.hasInPlaceState = compiled.inPlace.size > 0;
    this.zero = new runtime.Tensor('int64', BigInt64Array.of(0n), []);
    const make = (spec: ArraySpec) => runtimeTensor(runtime, spec, zeros(spec));
    for (const name of Object.keys(program.state)) this.state.set(name, make(specOf(program, 'state', name)));
    for (const name of compiled.changing) {
      if (!compiled.inPlace.has(name)) this.spare.set(name, make(specOf(program, 'state', name)));
    }
    for (const [name, position] of Object.entries(program.outputs)) {
      this.outputs.set(name, make(nodeAt(program, position)));
    }
  }

  run(inputs: { readonly [name: string]: NumericData }): Promise<{ [name: string]: NumericData }> {
    return this.queue.add(() => this.step(inputs));
  }

  private async step(inputs: { readonly [name: string]: NumericData }): Promise<{ [name: string]: NumericData }> {
    this.requireUsable();
    checkInputs(this.program, inputs);
    checkIndices(this.limits, inputs);
    const feeds: Record<string, Tensor> = { [zeroInput]: this.zero };
    for (const name of Object.keys(this.program.inputs)) {
      const spec = specOf(this.program, 'input', name);
      feeds[`input.${name}`] = runtimeTensor(this.runtime, spec, present(inputs[name], name));
    }
    for (const [name, tensor] of this.state) feeds[`state.${name}`] = tensor;
    const fetches: Record<string, Tensor | null> = { [stopOutput]: null };
    for (const [name, tensor] of this.outputs) fetches[`output.${name}`] = tensor;
    for (const name of this.changing)
      fetches[`next.${name}`] = present(this.spare.get(name) ?? this.state.get(name), name);
    try {
      await this.session.run(feeds, fetches);
    } catch (cause) {
      if (!isStop(cause)) {
        // A step that writes over its state may have written some of it before it failed.
        if (this.hasInPlaceState) this.ending = 'broke off in the middle of a step, so its state is lost';
        throw translateFailure(cause, this.runtime.provider);
      }
    }
    for (const [name, next] of this.spare) {
      this.spare.set(name, present(this.state.get(name), name));
      this.state.set(name, next);
    }
    return Object.fromEntries([...this.outputs].map(([name, { data }]) => [name, (data as NumericData).slice()]));
  }

  set(name: string, data: NumericData): Promise<void> {
    return this.queue.add(() => {
      this.requireUsable();
      checkArray('state', name, specOf(this.program, 'state', name), data);
      const { data: own } = present(this.state.get(name), name);
      (own as Float32Array).set(data);
    });
  }

  get(name: string): Promise<NumericData> {
    return this.queue.add(() => {
      this.requireUsable();
      specOf(this.program, 'state', name);
      return (present(this.state.get(name), name).data as NumericData).slice();
    });
  }

  close(): Promise<void> {
    return this.queue.add(async () => {
      if (this.ending === closed) return;
      this.ending = closed;
      this.state.clear();
      this.spare.clear();
      this.outputs.clear();
      await this.session.release();
    });
  }

  private requireUsable(): void {
    if (this.ending) throw sessionClosed(this.ending);
  }
}

const closed = 'is closed';

/**
 * The binding for Node copies every output into a fresh array, also one that the runtime has already written into ours:
 * for a training step that is the whole state, a tenth of the time and half of the memory (docs/notebook.md, "Copies").
 * It converts outputs in order, and stops at the first that JavaScript has no array for. So the first output is an empty
 * sequence. Should a later version convert
 * sequences, steps get slower, but no number changes; should it refuse them in other words, `isStop` must learn those (the
 * version is pinned, and every test of a step would fail).
 */
export function stopBeforeCopies(graph: OnnxGraph): OnnxGraph {
  const stop = {
    opType: 'SequenceEmpty',
    domain: '',
    inputs: [],
    outputs: [stopOutput],
    attributes: {},
    scope: '',
    phase: 'forward' as const,
  };
  return { ...graph, sequenceOutput: stopOutput, nodes: [stop, ...graph.nodes] };
}

const stopOutput = 'stop';

function isStop(cause: unknown): boolean {
  return cause instanceof Error && cause.message === 'Non tensor type is temporarily not supported.';
}
