import { GroundworkError } from '../core/index.ts';
import { type EngineProbe, onnxEngine, type Provider, probe, providers } from '../engine/index.ts';
import type { Command } from './command-line.ts';
import { parseFlags } from './flags.ts';

/** `groundwork probe`: which engines this machine has, and how fast they multiply matrices. */
export const probeCommand: Command = {
  help: `usage: groundwork probe [--provider cpu|webgpu|wasm]... [--threads N] [--json]

Loads each provider of ONNX Runtime (all three, unless some are named), measures the rate of float32 matrix products
for a second, and prints device, threads and rate. Without --provider, one that cannot run here is listed with the reason; one that is named is
an error (exit code 4).`,
  run: async (args, terminal) => {
    const kinds = {
      provider: { type: 'string', multiple: true },
      threads: { type: 'string' },
      json: { type: 'boolean' },
    } as const;
    const flags = parseFlags('probe', args, kinds, { least: 0, most: 0 });
    const named = flags.allOf('provider', providers);
    const isNamed = named.length > 0;
    const threads = flags.wholeNumber('threads', 1);
    const found: (EngineProbe | { readonly provider: Provider; readonly reason: string; readonly hint: string })[] = [];
    for (const name of isNamed ? new Set(named) : providers) {
      try {
        found.push(await probe(await onnxEngine(name, threads === undefined ? {} : { numThreads: threads })));
      } catch (fault) {
        // A provider that was asked for by name is an error where it is absent; else it is a line of the answer.
        if (!(fault instanceof GroundworkError) || isNamed) throw fault;
        found.push({ provider: name, reason: fault.message, hint: fault.hint });
      }
    }
    if (flags.isSet('json')) {
      terminal.out(JSON.stringify(found));
      return;
    }
    for (const result of found) {
      const label = result.provider.padEnd(7);
      if ('reason' in result) {
        terminal.out(`${label} absent: ${result.reason}\n        hint: ${result.hint}`);
      } else {
        const threadWord = result.numThreads === 1 ? 'thread' : 'threads';
        terminal.out(
          `${label} ${result.gemmGflops.toFixed(0).padStart(5)} GFLOP/s  ${result.numThreads} ${threadWord}  ${result.device}`,
        );
      }
    }
  },
};
