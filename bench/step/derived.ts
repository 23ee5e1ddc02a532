import type { Comparison } from './comparison.ts';
import type { Measurement, RowResult } from './outcome.ts';
import type { RowSpec } from './rows.ts';
import { gemmRate, rateOf } from './table.ts';

/** A ratio that follows from the rows of one run. */
export interface Derived {
  readonly name: string;
  readonly value: number;
  /** As a person reads it. */
  readonly text: string;
}

type Measured = { readonly spec: RowSpec; readonly row: RowResult; readonly measurement: Measurement };

/** The ratios of one comparison for which both sides were measured. Speeds: above 1, ours is faster. */
export function derive(comparison: Comparison): Derived[] {
  const measured: Measured[] = comparison.rows.flatMap((row) =>
    row.outcome.kind === 'measured' ? [{ spec: row.spec, row, measurement: row.outcome.measurement }] : [],
  );
  const fastest = (pattern: RegExp): Measured | undefined =>
    measured
      .filter(({ spec }) => pattern.test(spec.id))
      .sort((x, y) => x.measurement.medianMs - y.measurement.medianMs)[0];
  const speed = (name: string, left: RegExp, right: RegExp): Derived[] => {
    const [one, other] = [fastest(left), fastest(right)];
    if (!one || !other) return [];
    const value = other.measurement.medianMs / one.measurement.medianMs;
    return [
      { name, value, text: `${name}: ${value.toFixed(2)}× the speed (${describe(one)} against ${describe(other)})` },
    ];
  };
  const memory = (name: string, left: RegExp, right: RegExp): Derived[] => {
    const [one, other] = [fastest(left), fastest(right)];
    if (!one || !other) return [];
    const value = one.measurement.peakBytes / other.measurement.peakBytes;
    return [{ name, value, text: `${name}: ${value.toFixed(2)}× (${describe(one)} against ${describe(other)})` }];
  };
  const ours = /^ours-cpu/;
  return [
    ...measured.filter(({ spec }) => ours.test(spec.id)).flatMap((one) => overGemm(one, comparison)),
    ...speed("ours / PyTorch's best float32", ours, /^pytorch-(eager|compiled)-\d/),
    ...speed('ours / JAX', ours, /^jax-\d/),
    ...speed('ours / PyTorch compiled bf16', ours, /^pytorch-compiled-bf16/),
    ...speed('ours / jax-js', ours, /^jax-js/),
    ...speed('ours / TensorFlow.js', ours, /^tensorflow-js/),
    ...speed('ours on wasm / jax-js, 1 thread', /^ours-wasm-1/, /^jax-js-1/),
    ...speed('ours on wasm / jax-js, 2 threads', /^ours-wasm-2/, /^jax-js-2/),
    ...speed('ours on wasm / TensorFlow.js, 1 thread', /^ours-wasm-1/, /^tensorflow-js/),
    ...memory('peak memory, ours / PyTorch eager', ours, /^pytorch-eager-\d/),
    ...memory('peak memory, ours / PyTorch compiled', ours, /^pytorch-compiled-\d/),
  ];
}

function overGemm({ spec, row, measurement }: Measured, comparison: Comparison): Derived[] {
  const [rate, best] = [rateOf(row, comparison), gemmRate(comparison, measurement.threads)];
  if (rate === undefined || best === undefined) return [];
  const name = `ours / the runtime's best Gemm, ${spec.threads} thread${spec.threads === 1 ? '' : 's'}`;
  const text = `${name}: ${((100 * rate) / best).toFixed(0)} % (${rate.toFixed(0)} of ${best.toFixed(0)} GFLOP/s)`;
  return [{ name, value: rate / best, text }];
}

function describe({ spec, measurement }: Measured): string {
  const disturbed = measurement.numDisturbed > 0 ? ', DISTURBED' : '';
  return `${spec.label}, ${measurement.threads} thread${measurement.threads === 1 ? '' : 's'}${disturbed}`;
}
