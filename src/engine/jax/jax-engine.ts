import { availableParallelism, cpus, totalmem } from 'node:os';
import { z } from 'zod';
import { GroundworkError } from '../../core/index.ts';
import { processPeak, resetProcessPeak } from '../../core/node.ts';
import { type DType, dtypes, type Program, verifyProgram } from '../../tensor/index.ts';
import type { Engine, StepParts } from '../engine.ts';
import { TaskQueue } from '../task-queue.ts';
import { emitProgram, emitTrainingStep } from './emit/index.ts';
import { translateFault } from './failures.ts';
import { JaxProcess } from './jax-process.ts';
import { JaxSession } from './jax-session.ts';
import { estimateMemory, processBytes } from './memory.ts';
import { findJaxPython, type JaxPython } from './python.ts';

export interface JaxEngineOptions {
  /** The Python to use. Default: what `findJaxPython` finds. */
  readonly python?: JaxPython;
  /** Over how many devices of this host the rows of a batch are divided. Default: all that JAX finds. */
  readonly numDevices?: number;
  /** Threads on a processor. Default: one a core. */
  readonly numThreads?: number;
  /**
   * How a training step is written: `fast` leaves the derivative to JAX, `reference` is the graph as it was traced, derivative
   * and all. Default `fast`.
   */
  readonly form?: 'fast' | 'reference';
  /** What Python is started with. Default: the environment of this process. */
  readonly environment?: NodeJS.ProcessEnv;
}

/** What an engine of JAX runs on. */
export interface JaxRuntime {
  readonly provider: 'jax';
  /** `cpu`, `gpu` or `tpu`. */
  readonly platform: string;
  readonly version: string;
  readonly versions: JaxPython['versions'];
  readonly device: string;
  readonly numDevices: number;
  readonly numThreads: number;
  readonly memoryBytes: number | undefined;
}

export interface JaxEngine extends Engine {
  readonly runtime: JaxRuntime;
  load(program: Program, parts?: () => StepParts): Promise<JaxSession>;
  /** The process of Python that does the work; undefined when it has ended. */
  processId(): number | undefined;
  /** Ends that process; every session of the engine is lost. */
  close(): void;
}

const factsSchema = z.object({
  versions: z.object({ python: z.string(), jax: z.string(), jaxlib: z.string() }),
  platform: z.string(),
  device: z.string(),
  numDevices: z.int().min(1),
  memoryBytes: z.int().min(0).nullable(),
});

/**
 * An engine on JAX, in a process of Python of its own: on the accelerator that JAX finds, else on the processor.
 *
 * @throws GroundworkError `provider-unavailable` where there is no Python with JAX, or it does not start
 */
export async function jaxEngine(options: JaxEngineOptions = {}): Promise<JaxEngine> {
  const { environment = process.env, form = 'fast' } = options;
  const python = options.python ?? findJaxPython({ environment });
  const start = async (): Promise<{ readonly child: JaxProcess; readonly runtime: JaxRuntime }> => {
    const child = new JaxProcess(python, pythonEnvironment(environment, options.numThreads));
    return { child, runtime: await runtimeOf(child, python, options) };
  };
  const first = await start();
  const { runtime } = first;
  let { child } = first;
  const restarts = new TaskQueue();
  let numSessions = 0;
  let isClosed = false;
  const name = `jax/${runtime.platform}`;
  const processId = () => (child.ending === undefined ? child.processId : undefined);
  return {
    name,
    dtypes: new Set<DType>(dtypes),
    runtime,
    estimateMemory: (program) => {
      verifyProgram(program);
      return estimateMemory(program);
    },
    load: async (program, parts) => {
      verifyProgram(program);
      // After one that ended by itself; what is loaded now has nothing to do with what was lost.
      await restarts.add(async () => {
        if (isClosed || child.ending === undefined) return;
        ({ child } = await start());
        // Closed while it started.
        if (isClosed) child.close();
      });
      const module = parts !== undefined && form === 'fast' ? emitTrainingStep(program, parts()) : emitProgram(program);
      numSessions += 1;
      const session = numSessions;
      try {
        await child.call({ call: 'load', session, module, precision: precisionOf(program) });
      } catch (cause) {
        throw translateFault(cause, name);
      }
      return new JaxSession(program, child, session, name);
    },
    processId,
    host:
      runtime.platform === 'cpu'
        ? {
            baseBytes: processBytes,
            peakBytes: () => processPeak(processId() ?? 0),
            resetPeak: () => void resetProcessPeak(processId() ?? 0),
          }
        : // The allocator of JAX keeps the peak, and takes no orders about it.
          { baseBytes: 0, peakBytes: () => child.devicePeakBytes, resetPeak: () => undefined },
    close: () => {
      isClosed = true;
      child.close();
    },
  };
}

/**
 * What matrix products are computed in. Accelerators multiply float32 with less than its 24 bits unless told otherwise; a Program
 * in bfloat16 has chosen speed.
 */
function precisionOf({ nodes }: Program): 'highest' | 'default' {
  return nodes.some(({ dtype }) => dtype === 'bfloat16' || dtype === 'float16') ? 'default' : 'highest';
}

/** The same step gives the same bits on the same device. */
const deterministicFlag = '--xla_gpu_deterministic_ops=true';
/** The share of a graphics card's memory that JAX takes at its start: what forecasts count on, where its own default is three quarters. */
const memoryShare = '.92';
const memoryVariables = ['XLA_CLIENT_MEM_FRACTION', 'XLA_PYTHON_CLIENT_MEM_FRACTION'] as const;

function pythonEnvironment(environment: NodeJS.ProcessEnv, numThreads: number | undefined): NodeJS.ProcessEnv {
  const given = environment.XLA_FLAGS ?? '';
  const flags = given.includes('xla_gpu_deterministic_ops') ? given : `${given} ${deterministicFlag}`.trim();
  return {
    ...environment,
    XLA_FLAGS: flags,
    // JAX refuses both names of it at once.
    ...(memoryVariables.every((name) => environment[name] === undefined) && { [memoryVariables[0]]: memoryShare }),
    // What XLA takes for the number of processors.
    ...(numThreads !== undefined && { NPROC: String(numThreads) }),
  };
}

async function runtimeOf(
  child: JaxProcess,
  python: JaxPython,
  { numThreads = availableParallelism(), numDevices: wanted }: JaxEngineOptions,
): Promise<JaxRuntime> {
  try {
    const { header } = await child.call({ call: 'facts' });
    const { versions, platform, device, numDevices: found, memoryBytes } = factsSchema.parse(header);
    const numDevices = wanted ?? found;
    if (!(Number.isInteger(numDevices) && numDevices >= 1 && numDevices <= found)) {
      throw new GroundworkError('provider-unavailable', `JAX has ${found} devices here, expected ${numDevices}`, {
        hint: `Ask for 1 to ${found} devices.`,
      });
    }
    if (wanted !== undefined) await child.call({ call: 'use', devices: wanted });
    const isProcessor = platform === 'cpu';
    return {
      provider: 'jax',
      platform,
      version: versions.jax,
      versions,
      device: isProcessor ? (cpus()[0]?.model.trim() ?? device) : device,
      numDevices,
      numThreads: isProcessor ? numThreads : 1,
      memoryBytes: memoryBytes ?? (isProcessor ? totalmem() : undefined),
    };
  } catch (cause) {
    child.close();
    if (cause instanceof GroundworkError && cause.code === 'provider-unavailable') throw cause;
    const text = cause instanceof Error ? cause.message : String(cause);
    throw new GroundworkError('provider-unavailable', `JAX of ${python.command} does not start: ${text}`, {
      hint: 'Install it again by `sh python/setup.sh`, or set GROUNDWORK_PYTHON to a Python whose JAX runs.',
      cause,
    });
  }
}
