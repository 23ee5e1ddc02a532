import { cpus } from 'node:os';
import { type Engine, onnxEngine, type Provider, providers } from '../engine/index.ts';
import type { RunManifest } from '../training/index.ts';
import { type FlagKinds, type Flags, mostWorkers } from './flags.ts';
import { groundworkVersion } from './version.ts';

export const engineFlags = {
  engine: { type: 'string' },
  threads: { type: 'string' },
} satisfies FlagKinds;

export const engineFlagHelp = `  --engine NAME          cpu (default), webgpu or wasm; "groundwork doctor" shows which work here
  --threads N            threads of the engine (default: one per core)`;

/** An engine and what the records of a run say of it. */
export interface OpenedEngine {
  readonly engine: Engine;
  readonly engineFacts: RunManifest['engine'];
  readonly environment: RunManifest['environment'];
  readonly numThreads: number;
}

/**
 * Opens the engine that the flags ask for.
 *
 * @param asBefore what a run was trained on: for what the flags leave open
 */
export async function openEngine(flags: Flags, asBefore?: RunManifest['engine']): Promise<OpenedEngine> {
  const before = providers.find((one) => one === asBefore?.provider);
  const provider: Provider = flags.oneOf('engine', providers) ?? before ?? 'cpu';
  const wanted = flags.wholeNumber('threads', 1, mostWorkers);
  const known = provider === before ? (asBefore?.numThreads ?? undefined) : undefined;
  const threads = wanted ?? known;
  const engine = await onnxEngine(provider, threads === undefined ? {} : { numThreads: threads });
  const { runtime } = engine;
  return {
    engine,
    engineFacts: {
      provider,
      numThreads: runtime.numThreads,
      name: engine.name,
      versions: { onnxruntime: runtime.version },
    },
    environment: {
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      cpu: cpus()[0]?.model.trim() || process.arch,
      groundwork: groundworkVersion(),
    },
    numThreads: runtime.numThreads,
  };
}
