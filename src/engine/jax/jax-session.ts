import { z } from 'zod';
import { assert, present } from '../../core/index.ts';
import { nodeAt, type Program } from '../../tensor/index.ts';
import { checkArray, checkInputs, sessionClosed, specOf, zeros } from '../arrays.ts';
import type { ArraySpec, NumericData, Session } from '../engine.ts';
import { checkIndices, type IndexLimit, indexLimits } from '../index-limits.ts';
import { TaskQueue } from '../task-queue.ts';
import { translateFault } from './failures.ts';
import type { JaxProcess } from './jax-process.ts';

const namesSchema = z.array(z.string());
const bytes = z.int().min(0).nullable();
const memorySchema = z.object({
  argumentBytes: bytes,
  outputBytes: bytes,
  aliasBytes: bytes,
  temporaryBytes: bytes,
  codeBytes: bytes,
  inUseBytes: bytes,
  peakBytes: bytes,
});

/** What a step needs by XLA's own account, and what the first device has held so far, in bytes; null where that is not known. */
export type JaxMemory = Readonly<z.infer<typeof memorySchema>>;

/** A module loaded in a process of Python, with its state on the device. */
export class JaxSession implements Session {
  readonly program: Program;
  private readonly process: JaxProcess;
  private readonly number: number;
  private readonly name: string;
  private readonly limits: readonly IndexLimit[];
  /** Each call sees what the one before left: a step that fails takes the session with it. */
  private readonly queue = new TaskQueue();
  private ending: string | undefined;

  constructor(program: Program, process: JaxProcess, number: number, name: string) {
    this.program = program;
    this.process = process;
    this.number = number;
    this.name = name;
    this.limits = indexLimits(program);
  }

  run(inputs: { readonly [name: string]: NumericData }): Promise<{ [name: string]: NumericData }> {
    return this.queue.add(async () => {
      this.requireUsable();
      checkInputs(this.program, inputs);
      checkIndices(this.limits, inputs);
      const names = Object.keys(this.program.inputs);
      try {
        const { header, arrays } = await this.process.call(
          { call: 'run', session: this.number, names },
          names.map((name) => present(inputs[name], name)),
        );
        const found = namesSchema.parse(header.names);
        return Object.fromEntries(
          Object.entries(this.program.outputs).map(([name, position]) => [
            name,
            arrayOf(nodeAt(this.program, position), arrays[found.indexOf(name)], name),
          ]),
        );
      } catch (cause) {
        // The step writes over the state that it is given.
        this.ending = 'broke off in the middle of a step, so its state is lost';
        throw translateFault(cause, this.name);
      }
    });
  }

  set(name: string, data: NumericData): Promise<void> {
    return this.queue.add(async () => {
      this.requireUsable();
      checkArray('state', name, specOf(this.program, 'state', name), data);
      await this.ask({ call: 'set', session: this.number, name }, [data]);
    });
  }

  get(name: string): Promise<NumericData> {
    return this.queue.add(async () => {
      this.requireUsable();
      const spec = specOf(this.program, 'state', name);
      const { arrays } = await this.ask({ call: 'get', session: this.number, name });
      return arrayOf(spec, arrays[0], name);
    });
  }

  /** What the step needs by the account of the compiler. */
  memory(): Promise<JaxMemory> {
    return this.queue.add(async () => {
      this.requireUsable();
      const { header } = await this.ask({ call: 'memory', session: this.number });
      return memorySchema.parse(header);
    });
  }

  close(): Promise<void> {
    return this.queue.add(async () => {
      if (this.ending === closed) return;
      this.ending = closed;
      // A process that has ended holds nothing any more.
      if (this.process.ending === undefined) await this.ask({ call: 'close', session: this.number });
    });
  }

  private async ask(header: Parameters<JaxProcess['call']>[0], arrays: readonly NumericData[] = []) {
    try {
      return await this.process.call(header, arrays);
    } catch (cause) {
      throw translateFault(cause, this.name);
    }
  }

  private requireUsable(): void {
    if (this.ending) throw sessionClosed(this.ending);
  }
}

const closed = 'is closed';

/** The bytes of a value as the array that stands for its type. */
function arrayOf(spec: ArraySpec, buffer: ArrayBuffer | undefined, name: string): NumericData {
  const like = zeros({ ...spec, shape: [1] });
  const array = new (like.constructor as new (buffer: ArrayBuffer) => NumericData)(present(buffer, name));
  const expected = spec.shape.reduce((size, length) => size * length, 1);
  assert(array.length === expected, `${name} came as ${array.length} elements, expected ${expected}`);
  return array;
}
