import type { ModelName } from './models.ts';

/** How much of a row is measured: all rounds, one short burst after the gate, or nothing, and why. */
export type RowPlan = { readonly kind: 'full' | 'few' } | { readonly kind: 'skip'; readonly reason: string };

/** A row of the table: one framework in one setting. */
export interface RowSpec {
  /** By which --rows chooses it, such as `ours-cpu-2`. */
  readonly id: string;
  readonly label: string;
  readonly threads: number;
  readonly kind: 'gemm' | 'ours' | 'peer';
  readonly precision: 'float32' | 'bfloat16';
  /** Takes minutes on the larger models. */
  readonly isSlow: boolean;
  readonly program: RowProgram;
}

/** What to start: an entry of ours, or the program of a folder of bench/peers. */
export type RowProgram =
  | { readonly entry: 'ours' | 'gemm'; readonly args: readonly string[] }
  | { readonly folder: string; readonly language: 'python' | 'node'; readonly args: readonly string[] };

type Traits = Partial<Pick<RowSpec, 'precision' | 'isSlow'>>;

const row = (
  kind: RowSpec['kind'],
  id: string,
  label: string,
  threads: number,
  program: RowProgram,
  traits: Traits = {},
): RowSpec => ({
  id: `${id}-${threads}`,
  label,
  threads,
  kind,
  precision: 'float32',
  isSlow: false,
  program,
  ...traits,
});

const gemm = (threads: number) => row('gemm', 'gemm', "the runtime's Gemm", threads, { entry: 'gemm', args: [] });

const ours = (provider: 'cpu' | 'wasm', threads: number) =>
  row('ours', `ours-${provider}`, `ours onnx/${provider}`, threads, { entry: 'ours', args: ['--provider', provider] });

const pytorch = (mode: 'eager' | 'compiled', precision: RowSpec['precision']) => {
  const isBfloat16 = precision === 'bfloat16';
  return row(
    'peer',
    `pytorch-${mode}${isBfloat16 ? '-bf16' : ''}`,
    `PyTorch ${mode}${isBfloat16 ? ' bf16' : ''}`,
    2,
    { folder: 'pytorch', language: 'python', args: ['--mode', mode, '--precision', precision] },
    { precision },
  );
};

const javascript = (folder: string, label: string, threads: number) =>
  row('peer', folder, label, threads, { folder, language: 'node', args: [] }, { isSlow: true });

export const rowSpecs: readonly RowSpec[] = [
  gemm(1),
  gemm(2),
  ours('cpu', 1),
  ours('cpu', 2),
  ours('wasm', 1),
  ours('wasm', 2),
  pytorch('eager', 'float32'),
  pytorch('compiled', 'float32'),
  pytorch('eager', 'bfloat16'),
  pytorch('compiled', 'bfloat16'),
  row('peer', 'jax', 'JAX', 2, { folder: 'jax', language: 'python', args: [] }),
  javascript('jax-js', 'jax-js wasm', 1),
  javascript('jax-js', 'jax-js wasm (our Worker shim)', 2),
  javascript('tensorflow-js', 'TensorFlow.js wasm', 1),
];

/**
 * How much of a row to measure on a model.
 *
 * @param hasBfloat16 whether the processor computes in bfloat16; elsewhere the frameworks emulate it, ten times slower
 */
export function planRow(spec: RowSpec, model: ModelName, slow: boolean, hasBfloat16: boolean): RowPlan {
  if (model === 'S') return { kind: 'full' };
  if (spec.precision === 'bfloat16' && !hasBfloat16) {
    if (model === 'M' || slow) return { kind: 'few' };
    return { kind: 'skip', reason: `not run: emulated bf16 takes minutes on ${model} (--slow runs it)` };
  }
  if (!spec.isSlow) return { kind: 'full' };
  if (slow) return { kind: 'few' };
  return { kind: 'skip', reason: `not run: takes minutes on ${model} (--slow runs it)` };
}
