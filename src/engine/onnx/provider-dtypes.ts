import type { DType } from '../../tensor/index.ts';

/** What the CPU kernels (native and WebAssembly) compute in. */
export const cpuDtypes: ReadonlySet<DType> = new Set<DType>(['float32', 'int32', 'bool']);
/** float16 needs the device feature `shader-f16`, which the runtime does not report; so it is not promised. */
export const webgpuDtypes: ReadonlySet<DType> = new Set<DType>(['float32', 'int32', 'bool']);
