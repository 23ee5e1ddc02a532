import type { InferenceSession, Tensor, TensorConstructor } from 'onnxruntime-common';
import type { DType } from '../../tensor/index.ts';

/** Where ONNX Runtime does the work. */
export const providers = ['cpu', 'webgpu', 'wasm'] as const;
export type Provider = (typeof providers)[number];

export interface RuntimeOptions {
  /** Threads inside one operator. Default: as many as the machine runs at once. */
  readonly numThreads?: number;
  /**
   * In a browser: the address of a folder that serves the files of onnxruntime-web/dist (`ort-wasm-simd-threaded*.mjs` and
   * `.wasm`), with a slash at its end. Default: the folder of the page's script.
   */
  readonly assetsUrl?: string;
  /** Settings of ONNX Runtime for measurements. Those that change the graph are not among them: its order must stay ours. */
  readonly sessionOptions?: Pick<
    InferenceSession.SessionOptions,
    'enableProfiling' | 'profileFilePrefix' | 'enableCpuMemArena' | 'enableMemPattern'
  >;
}

/** One of the packages of ONNX Runtime, ready to make sessions for one provider. */
export interface OnnxRuntime {
  readonly provider: Provider;
  readonly version: string;
  readonly device: string;
  readonly numThreads: number;
  readonly memoryBytes: number | undefined;
  readonly dtypes: ReadonlySet<DType>;
  readonly Tensor: TensorConstructor;
  /** Makes a session; `stateOutputs` are the outputs that should stay on the device. */
  create(model: Uint8Array, stateOutputs: readonly string[]): Promise<InferenceSession>;
  /** True where a run writes its results into arrays that are handed to it. */
  readonly writesInPlace: boolean;
  /** True where state lives in memory of a device, which the process cannot read or write directly. */
  readonly hasDeviceMemory: boolean;
}

export type { InferenceSession, Tensor };
