import { cpus } from 'node:os';
import { type Engine, onnxEngine, type Provider, providers } from '../engine/index.ts';
import { type JaxRuntime, jaxEngine } from '../engine/node.ts';
import type { MemoryLimit, RunManifest } from '../training/index.ts';
import { type FlagKinds, type Flags, mostWorkers } from './flags.ts';
import { groundworkVersion } from './version.ts';

export const engineFlags = {
  engine: { type: 'string' },
  threads: { type: 'string' },
} satisfies FlagKinds;

export const engineFlagHelp = `  --engine NAME          cpu (default), webgpu, wasm or jax; "groundwork doctor" shows which work here
  --threads N            threads of the engine (default: one per core)`;

/** What `--engine` takes. */
export const engineNames = [...providers, 'jax'] as const;
type EngineName = (typeof engineNames)[number];

/** An engine and what the records of a run say of it. */
export interface OpenedEngine {
  readonly engine: Engine;
  readonly engineFacts: RunManifest['engine'];
  readonly environment: RunManifest['environment'];
  readonly numThreads: number;
  /** The memory of an accelerator, where the engine runs on one: a run has to fit into that. */
  readonly memory?: MemoryLimit;
}

/**
 * Opens the engine that the flags ask for.
 *
 * @param asBefore what a run was trained on: for what the flags leave open
 */
export async function openEngine(flags: Flags, asBefore?: RunManifest['engine']): Promise<OpenedEngine> {
  const before = engineNames.find((one) => one === asBefore?.provider);
  const name: EngineName = flags.oneOf('engine', engineNames) ?? before ?? 'cpu';
  const wanted = flags.wholeNumber('threads', 1, mostWorkers);
  const known = name === before ? (asBefore?.numThreads ?? undefined) : undefined;
  const threads = wanted ?? known;
  const options = threads === undefined ? {} : { numThreads: threads };
  const opened = name === 'jax' ? await openJax(options) : await openOnnx(name, options);
  return {
    ...opened,
    environment: {
      node: process.version,
      platform: `${process.platform}-${process.arch}`,
      cpu: cpus()[0]?.model.trim() || process.arch,
      groundwork: groundworkVersion(),
    },
  };
}

type Opened = Omit<OpenedEngine, 'environment'>;

async function openOnnx(provider: Provider, options: { readonly numThreads?: number }): Promise<Opened> {
  const engine = await onnxEngine(provider, options);
  const { numThreads, version } = engine.runtime;
  return {
    engine,
    engineFacts: { provider, numThreads, name: engine.name, versions: { onnxruntime: version } },
    numThreads,
  };
}

async function openJax(options: { readonly numThreads?: number }): Promise<Opened> {
  const engine = await jaxEngine(options);
  const { runtime } = engine;
  const { platform, numThreads, versions, device, numDevices, memoryBytes } = runtime;
  return {
    engine,
    engineFacts: {
      provider: 'jax',
      // Threads of a processor; what an accelerator runs at once is its own business.
      numThreads: platform === 'cpu' ? numThreads : null,
      name: engine.name,
      versions: { ...versions, device, numDevices },
    },
    numThreads,
    ...(platform !== 'cpu' &&
      memoryBytes !== undefined && {
        memory: { availableBytes: memoryBytes, limit: `memory of ${deviceText(runtime)}` },
      }),
  };
}

/** Such as `2 x NVIDIA H100 80GB HBM3`. */
export function deviceText({ device, numDevices }: JaxRuntime): string {
  return numDevices === 1 ? device : `${numDevices} x ${device}`;
}
