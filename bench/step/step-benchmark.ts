import { accessSync, constants, writeFileSync } from 'node:fs';
import { loadavg } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GroundworkError } from '../../src/core/index.ts';
import { bundleChildren } from './child-bundle.ts';
import { type Comparison, compareOn } from './comparison.ts';
import { derive } from './derived.ts';
import { parseStepFlags, stepUsage } from './flags.ts';
import { describeMachine, type Machine } from './machine.ts';
import { flopPerStep, models, tokensPerStep } from './models.ts';
import { formatTable, rateOf } from './table.ts';
import { writeTaskFiles } from './task-files.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));

/** `bench step`: prints a table for each model, and last one line of JSON with everything. */
export async function runStepBenchmark(args: readonly string[]): Promise<void> {
  const flags = parseStepFlags(args);
  if (flags.help) {
    print(stepUsage);
    return;
  }
  if (flags.jsonPath !== undefined) requireFolder(flags.jsonPath);
  const machine = describeMachine();
  const places = { peers: join(checkout, 'bench', 'peers'), children: join(checkout, '.bench', 'step') };
  bundleChildren(places.children);
  const results: object[] = [];
  const versions: Record<string, string> = {};
  for (const model of flags.models) {
    const specPath = writeTaskFiles(join(places.children, model), models[model]);
    const comparison = await compareOn(model, {
      ...flags,
      machine,
      places,
      specPath,
      log: (line) => process.stderr.write(`${line}\n`),
    });
    const derived = derive(comparison);
    print(
      `\n${titleOf(comparison)}\n\n${formatTable(comparison)}\n\n${derived.map(({ text }) => `- ${text}`).join('\n')}`,
    );
    Object.assign(
      versions,
      ...comparison.rows.map(({ outcome }) => ('measurement' in outcome ? outcome.measurement.versions : {})),
    );
    results.push({ model, sizes: models[model], ...recordOf(comparison), derived });
  }
  const loadAverageAtEnd = loadavg()[0] ?? 0;
  print(`\n${machineLine(machine, versions, loadAverageAtEnd)}\n`);
  const settings = { rounds: flags.rounds, slow: flags.slow, timeoutMs: flags.timeoutMs };
  const record = { benchmark: 'step', machine: { ...machine, loadAverageAtEnd }, versions, settings, results };
  if (flags.jsonPath !== undefined) writeFileSync(flags.jsonPath, `${JSON.stringify(record, undefined, 2)}\n`);
  print(JSON.stringify(record));
}

function recordOf(comparison: Comparison): object {
  const rows = comparison.rows.map((row) => ({
    id: row.spec.id,
    label: row.spec.label,
    precision: row.spec.precision,
    note: row.note,
    gflops: rateOf(row, comparison),
    ...row.outcome,
  }));
  return { referenceLosses: comparison.referenceLosses, rows };
}

function titleOf({ model }: Comparison): string {
  const { vocabularySize, width, numLayers, numHeads, contextLength, batchSize } = models[model];
  const sizes = `V${vocabularySize} D${width} L${numLayers} H${numHeads} T${contextLength} B${batchSize}`;
  const gflop = (flopPerStep(models[model]) / 1e9).toFixed(1);
  return `## Model ${model}: ${sizes}, ${tokensPerStep(models[model])} tokens and ${gflop} GFLOP a step`;
}

function machineLine(machine: Machine, versions: { readonly [name: string]: string }, loadAtEnd: number): string {
  const { processor, numCores, platform, node, hasBfloat16, loadAverage } = machine;
  const listed = Object.entries(versions).map(([name, version]) => `${name} ${version}`);
  const load = `load average ${loadAverage.toFixed(2)} at the start and ${loadAtEnd.toFixed(2)} at the end`;
  const oldNode = Number.parseInt(node, 10) < 22 ? ['Node before 22 has no relaxed SIMD, which slows jax-js down'] : [];
  return [
    `${processor}, ${numCores} cores, ${hasBfloat16 ? 'with' : 'no'} bf16, ${platform}, Node ${node}`,
    listed.filter((entry) => !entry.startsWith('node ')).join(', '),
    load,
    ...oldNode,
  ].join('; ');
}

/** Refuses a place for the record where no file can be written, before the work and not after it. */
function requireFolder(path: string): void {
  try {
    accessSync(dirname(path), constants.W_OK);
  } catch (cause) {
    throw new GroundworkError('usage', `--json: ${path} cannot be written: ${(cause as Error).message}`, {
      hint: 'Name a file in a folder that exists.',
      cause,
    });
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
