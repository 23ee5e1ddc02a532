// Types of protocol.mjs for the peers that are written in TypeScript (bench/step/ours.ts, bench/step/gemm.ts).

/** Sizes of the transformer that every peer trains. */
export interface Model {
  readonly vocabularySize: number;
  readonly width: number;
  readonly numLayers: number;
  readonly numHeads: number;
  readonly contextLength: number;
  readonly batchSize: number;
  readonly hiddenWidth: number;
}

/** Settings of AdamW. */
export interface Optimizer {
  readonly learningRate: number;
  readonly beta1: number;
  readonly beta2: number;
  readonly epsilon: number;
  readonly weightDecay: number;
}

/** What a peer trains; `inputs` and `targets` are [B, T]. */
export interface Task {
  readonly model: Model;
  readonly optimizer: Optimizer;
  readonly parameters: { readonly [name: string]: { readonly shape: number[]; readonly values: Float32Array } };
  readonly batches: readonly { readonly inputs: Int32Array; readonly targets: Int32Array }[];
}

/** A loaded peer; `step(k)` runs step k (from 0) and returns its loss, measured before the update. */
export interface Peer {
  readonly versions: { readonly [name: string]: string };
  readonly step: (k: number) => Promise<number>;
  /** Only where the number of threads that was asked for cannot be had. */
  readonly threads?: number;
  /** Further fields of the first answer. */
  readonly details?: { readonly [name: string]: unknown };
  /** Further fields of each answer to "steps". */
  readonly takeDetails?: () => { readonly [name: string]: unknown };
}

/** Runs a peer; `options` maps a flag of the peer's own to its legal values, the first being the default. */
export function serve(
  load: (task: Task, threads: number, choices: { readonly [name: string]: string }) => Promise<Peer>,
  options?: { readonly [name: string]: readonly string[] },
): Promise<void>;
