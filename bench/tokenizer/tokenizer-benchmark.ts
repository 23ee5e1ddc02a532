import { writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describeMachine } from '../step/machine.ts';
import { runEncoding } from './encoding.ts';
import { parseTokenizerFlags, tokenizerUsage } from './flags.ts';
import { runLongPieces } from './long-pieces.ts';
import type { BenchmarkContext } from './report.ts';
import { bundleChildren, writeTaskFiles } from './task-files.ts';
import { runParity, runTraining } from './training.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** `bench tokenizer`: prints a table for each task, and last one line of JSON with everything. */
export async function runTokenizerBenchmark(args: readonly string[]): Promise<void> {
  const flags = parseTokenizerFlags(args);
  if (flags.help) {
    process.stdout.write(`${tokenizerUsage}\n`);
    return;
  }
  const places = { peers: join(checkout, 'bench', 'peers'), work: join(checkout, '.bench', 'tokenizer') };
  const machine = describeMachine();
  bundleChildren(places.work);
  const context: BenchmarkContext = {
    flags,
    places,
    files: writeTaskFiles(places.work),
    log: (line) => process.stderr.write(`${line}\n`),
    print: (text) => process.stdout.write(`${text}\n`),
  };
  const results: Record<string, object> = {};
  if (flags.parity) results.parity = await runParity(context);
  else {
    if (flags.tasks.includes('train')) results.train = await runTraining(context);
    if (flags.tasks.includes('encode')) results.encode = await runEncoding(context);
    if (flags.tasks.includes('long-pieces')) results['long-pieces'] = await runLongPieces(context);
  }
  const load = `load average ${machine.loadAverage.toFixed(2)} at the start and ${(loadavg()[0] ?? 0).toFixed(2)} at the end`;
  context.print(
    `\n${machine.processor}, ${machine.numCores} cores, ${machine.platform}, Node ${machine.node}; ${load}\n`,
  );
  const record = { benchmark: 'tokenizer', machine, rounds: flags.rounds, results };
  if (flags.jsonPath !== undefined) writeFileSync(flags.jsonPath, `${JSON.stringify(record, undefined, 2)}\n`);
  context.print(JSON.stringify(record));
}
