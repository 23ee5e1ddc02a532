import { execFile } from 'node:child_process';
import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { GroundworkError, present } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openDataset } from '../../src/data/index.ts';
import { recipeNamed } from '../../src/recipe/index.ts';
import { curveDistance } from './curves.ts';
import { writeTask } from './task.ts';

const usage = `npm run bench -- pretrain DATASET [flags]

Trains the same model from the same first weights on the same batches with the same optimizer and schedule in Groundwork
and in PyTorch, in turns, and compares the loss curves, the bits per byte at the end, and the time. DATASET is a folder
that "groundwork data demo presidents" made.

  --steps N       steps of a run (default: 300)
  --size LxD      layers and width (default: 4x256)
  --batch N       rows of a step (default: 16)
  --context N     positions of a row (default: 256)
  --seeds N       runs of each side; seeds of weights and of data order (default: 2)
  --threads N     (default: 2)
  --modes LIST    of PyTorch: eager, compiled (default: compiled)
  --python PATH   a Python with torch (default: bench/peers/pytorch/.venv, made by its setup.sh)
  --json FILE     also write the result to FILE`;

const resultSchema = z.object({
  losses: z.array(z.number()),
  stepMs: z.array(z.number()),
  bitsPerByte: z.number(),
  peakBytes: z.number(),
});
type Result = z.infer<typeof resultSchema>;

interface Row extends Result {
  readonly side: string;
  readonly seed: number;
}

const here = dirname(fileURLToPath(import.meta.url));
const peerFolder = resolve(here, '../peers/pytorch');

/** Runs both sides and prints the comparison. */
export async function runPretrainBenchmark(args: readonly string[]): Promise<void> {
  const { values, positionals } = parseArgs({
    args: [...args],
    allowPositionals: true,
    options: {
      steps: { type: 'string', default: '300' },
      size: { type: 'string', default: '4x256' },
      batch: { type: 'string', default: '16' },
      context: { type: 'string', default: '256' },
      seeds: { type: 'string', default: '2' },
      threads: { type: 'string', default: '2' },
      modes: { type: 'string', default: 'compiled' },
      python: { type: 'string', default: join(peerFolder, '.venv', 'bin', 'python') },
      json: { type: 'string' },
      help: { type: 'boolean' },
    },
  });
  const [folder] = positionals;
  if (values.help || folder === undefined) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const [numLayers = 0, width = 0] = values.size.split('x').map(Number);
  const hasPython = existsSync(values.python);
  if (!hasPython) process.stderr.write('PyTorch is absent: run bench/peers/pytorch/setup.sh\n');
  const sides = ['ours', ...(hasPython ? values.modes.split(',').map((mode) => `pytorch ${mode}`) : [])];
  const dataset = openDataset(nodeFileSystem, folder);
  const rows: Row[] = [];
  for (let seed = 1; seed <= Number(values.seeds); seed++) {
    const task = mkdtempSync(join(tmpdir(), 'groundwork-pretrain-'));
    try {
      writeTask(task, {
        recipe: recipeNamed('baseline'),
        size: {
          vocabularySize: dataset.manifest.vocabularySize,
          contextLength: Number(values.context),
          numLayers,
          width,
        },
        dataset,
        batchSize: Number(values.batch),
        numSteps: Number(values.steps),
        seed,
      });
      // In turns, so that neither side always has the cooler machine.
      for (const side of seed % 2 === 1 ? sides : [...sides].reverse()) {
        const result = await train(side, task, values.threads, values.python);
        rows.push({ side, seed, ...result });
        process.stderr.write(`seed ${seed}, ${side}: ${describe(result)}\n`);
      }
    } finally {
      rmSync(task, { recursive: true, force: true });
    }
  }
  dataset.close();
  process.stdout.write(`${report(rows, sides)}\n`);
  if (values.json !== undefined) writeFileSync(values.json, JSON.stringify(rows));
}

async function train(side: string, task: string, threads: string, python: string): Promise<Result> {
  const mode = side.split(' ')[1];
  const [command, commandArgs] =
    mode === undefined
      ? [process.execPath, ['--import', 'tsx', join(here, 'ours.ts'), task, threads]]
      : [python, [join(peerFolder, 'pretrain.py'), task, threads, mode]];
  try {
    const { stdout } = await promisify(execFile)(command, commandArgs, { maxBuffer: 64e6 });
    return resultSchema.parse(JSON.parse(present(stdout.trim().split('\n').at(-1), 'a result')));
  } catch (cause) {
    const { stderr } = z
      .object({ stderr: z.string() })
      .catch({ stderr: String(cause) })
      .parse(cause);
    throw new GroundworkError('engine-failure', `${side} did not end well: ${stderr.trim().split('\n').at(-1)}`, {
      hint: 'Run the command of this side by itself to see all of its output.',
      cause,
    });
  }
}

function describe({ losses, stepMs, bitsPerByte, peakBytes }: Result): string {
  const sorted = [...stepMs].sort((a, b) => a - b);
  const median = sorted[Math.floor(sorted.length / 2)] ?? 0;
  const total = stepMs.reduce((sum, ms) => sum + ms, 0) / 1e3;
  return (
    `${total.toFixed(1)} s (${median.toFixed(1)} ms a step), last loss ${(losses.at(-1) ?? 0).toFixed(4)}, ` +
    `${bitsPerByte.toFixed(4)} bits per byte, peak ${(peakBytes / 1e6).toFixed(0)} MB`
  );
}

function report(rows: readonly Row[], sides: readonly string[]): string {
  const of = (side: string) => rows.filter((row) => row.side === side);
  const ours = of('ours');
  const lines = rows.map((row) => `seed ${row.seed}  ${row.side.padEnd(16)} ${describe(row)}`);
  const [first, second] = ours;
  if (first && second) {
    const noise = curveDistance(first.losses, second.losses);
    lines.push(
      `between two seeds of ours: ${noise.rootMeanSquare.toFixed(4)} nats apart, ` +
        `${Math.abs(first.bitsPerByte - second.bitsPerByte).toFixed(4)} bits per byte at the end`,
    );
  }
  for (const side of sides.slice(1)) {
    for (const row of of(side)) {
      const mine = present(
        ours.find(({ seed }) => seed === row.seed),
        'our run',
      );
      const { rootMeanSquare, atEnd } = curveDistance(mine.losses, row.losses);
      const seconds = (result: Result) => result.stepMs.reduce((sum, ms) => sum + ms, 0);
      lines.push(
        `ours against ${side}, seed ${row.seed}: curves ${rootMeanSquare.toFixed(4)} nats apart, ${atEnd.toFixed(4)} at the end, ` +
          `${(mine.bitsPerByte - row.bitsPerByte).toFixed(4)} bits per byte; ${(seconds(row) / seconds(mine)).toFixed(2)} times its speed`,
      );
    }
  }
  return lines.join('\n');
}
