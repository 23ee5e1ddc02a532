import type { DType, Program, Shape } from '../tensor/index.ts';

/**
 * Numbers going into or out of a session, row-major. float32 is `Float32Array` (the reference engine gives
 * and also takes `Float64Array`), int32 `Int32Array`, bool `Uint8Array` of 0 and 1, float16 and bfloat16 `Uint16Array` of raw bits.
 */
export type NumericData = Float32Array | Float64Array | Int32Array | Uint8Array | Uint16Array;

/** What a session will need, in bytes. */
export interface MemoryEstimate {
  /** Parameters, moments and whatever else lives from step to step, with every copy that the engine keeps. */
  readonly stateBytes: number;
  /** The most that the values of one step take at once. */
  readonly activationBytes: number;
  /** By how much loading and running the session lets the process (or the device) grow. */
  readonly peakBytes: number;
  /** Of that, what goes to the runtime and the graph, whatever the values: the first session of a process pays most of it for all. */
  readonly overheadBytes: number;
}

/**
 * A training step taken apart, for engines that differentiate by themselves. Run on every micro-batch, gradients and losses added up, and
 * then once through the update, it is the whole step.
 */
export interface StepParts {
  /**
   * The loss of one micro-batch of B rows. Inputs `tokens`, `targets` int32 [B, T], `weights` float32 [B, T], with a document mask
   * `segments` int32 [B, T], and the scalar `totalWeight`, the sum of all weights of the step. State: the parameters, which stay as they
   * are. Output `loss` = Σ weight · loss / totalWeight.
   */
  readonly loss: Program;
  /**
   * The update. Inputs `gradient.NAME` for each parameter, and the scalars `loss` and `scheduleFactor`. State: the parameters and what the
   * optimizer keeps. Outputs `gradientNorm` and `isApplied`.
   */
  readonly update: Program;
  /** B */
  readonly microBatchSize: number;
  /** So many micro-batches, in the order of their rows, make up a step. */
  readonly numMicroBatches: number;
  /** Blocks are to be computed a second time in the backward pass instead of kept. */
  readonly recompute: boolean;
}

/** Something that runs Programs. */
export interface Engine {
  /** What it is and where it runs, such as `onnx/cpu`. */
  readonly name: string;
  /** Element types it can compute with. */
  readonly dtypes: ReadonlySet<DType>;
  /**
   * Verifies a Program and makes it ready to run. The state starts as zeros.
   *
   * @param parts gives the same training step taken apart, for engines that have a use for it
   * @throws GroundworkError `provider-unavailable`, `unsupported-dtype`, `unsupported-op`, `out-of-memory`
   */
  load(program: Program, parts?: () => StepParts): Promise<Session>;
  /** The memory that a session of this Program will need, without loading it. */
  estimateMemory(program: Program): MemoryEstimate;
  /** Where the sessions lie, if not in the memory of this process. */
  readonly host?: EngineHost;
}

/** Another process, or an accelerator, in whose memory the sessions of an engine lie. */
export interface EngineHost {
  /** What it takes before a session is loaded, in bytes. */
  readonly baseBytes: number;
  /** The most that it held since `resetPeak`, in bytes; undefined where that is not known. */
  peakBytes(): number | undefined;
  /** Forgets the peak so far, where the system can. */
  resetPeak(): void;
}

/** A Program loaded on an engine, with its state. Calls are carried out one after the other; close it when done. */
export interface Session {
  readonly program: Program;
  /**
   * Runs one step: reads inputs and state, replaces the state, and returns the outputs.
   *
   * @param inputs one array for each input of the Program
   * @throws GroundworkError `invalid-array` for a missing or misshapen input or an index out of range, `unknown-name` for an
   *   input that the Program does not have, `engine-failure`, `out-of-memory`, `session-closed`
   */
  run(inputs: { readonly [name: string]: NumericData }): Promise<{ [name: string]: NumericData }>;
  /** Replaces a state. The array is copied. */
  set(name: string, data: NumericData): Promise<void>;
  /** A copy of a state. */
  get(name: string): Promise<NumericData>;
  /** Frees what the session holds. A closed session refuses every other call. */
  close(): Promise<void>;
}

/** How fast and large an engine is, as measured. */
export interface EngineProbe {
  readonly engine: string;
  readonly provider: string;
  /** The processor or graphics device, as far as the platform tells. */
  readonly device: string;
  readonly numThreads: number;
  /** Memory that the process may use, if the platform tells. */
  readonly memoryBytes: number | undefined;
  /** The best sustained rate of float32 matrix products over a few shapes of language models, in GFLOP/s. */
  readonly gemmGflops: number;
}

/** A value that crosses the border of a session. */
export interface ArraySpec {
  readonly shape: Shape;
  readonly dtype: DType;
}
