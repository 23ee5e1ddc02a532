// `npm run bench -- NAME [flags]`: the benchmarks by name.

import { GroundworkError } from '../src/core/index.ts';
import { runCalibrationBenchmark } from './calibration/calibration-benchmark.ts';
import { runCompareBenchmark } from './compare/compare-benchmark.ts';
import { runCostsBenchmark } from './costs/costs-benchmark.ts';
import { runDataBenchmark } from './data/data-benchmark.ts';
import { runLargeBenchmark } from './data/large-benchmark.ts';
import { runFleetBenchmark } from './fleet/fleet-benchmark.ts';
import { runGenerationBenchmark } from './generation/generation-benchmark.ts';
import { runMupBenchmark } from './mup/mup-benchmark.ts';
import { runOptimizersBenchmark } from './optimizers/optimizers-benchmark.ts';
import { runPretrainBenchmark } from './pretrain/pretrain-benchmark.ts';
import { runStepBenchmark } from './step/step-benchmark.ts';
import { runTokenizerBenchmark } from './tokenizer/tokenizer-benchmark.ts';

const benchmarks: { readonly [name: string]: (args: readonly string[]) => Promise<void> } = {
  compare: runCompareBenchmark,
  calibration: runCalibrationBenchmark,
  costs: runCostsBenchmark,
  data: runDataBenchmark,
  'data-large': runLargeBenchmark,
  fleet: runFleetBenchmark,
  mup: runMupBenchmark,
  optimizers: runOptimizersBenchmark,
  pretrain: runPretrainBenchmark,
  generation: runGenerationBenchmark,
  gpu: async (args) => (await import('./gpu/gpu-benchmark.ts')).runGpuBenchmark(args),
  step: runStepBenchmark,
  tokenizer: runTokenizerBenchmark,
};

const usage = `npm run bench -- NAME [flags]

  compare    compare identical arms and planted effects: false finds, and effects found
  calibration how wide the intervals of forecasts have to be, on tables of finished trainings
  costs      foretell time and memory of training runs, and hold them against what happens
  data       time each stage of making a dataset against datatrove, and compare what is kept
  data-large build a dataset of 1 GB: memory, and planted copies found
  fleet      what 1 B and 7 B parameters take on accelerators, and the forecast beside published figures
  mup        find the best learning rate at several widths, with the scaling rules and without
  optimizers train with several optimizers for the same time each
  pretrain   train the same run in PyTorch: loss curves, bits per byte, time
  generation time generation with a cache against PyTorch and transformers.js
  gpu        time a training step on a GPU against PyTorch; it may run elsewhere, with Python alone
  step       time a training step against other frameworks
  tokenizer  time training and encoding of tokenizers against others

npm run bench -- NAME --help tells the flags of one of them.`;

async function main([name, ...args]: readonly string[]): Promise<void> {
  if (name === '--help' || name === '-h') {
    process.stdout.write(`${usage}\n`);
    return;
  }
  const benchmark = name === undefined || !Object.hasOwn(benchmarks, name) ? undefined : benchmarks[name];
  if (!benchmark) {
    const found = name === undefined ? 'no benchmark was named' : `there is no benchmark called "${name}"`;
    const known = Object.keys(benchmarks).join(', ');
    throw new GroundworkError('usage', `${found}, expected one of: ${known}`, { hint: 'See npm run bench -- --help.' });
  }
  await benchmark(args);
}

try {
  await main(process.argv.slice(2));
} catch (error) {
  if (!(error instanceof GroundworkError)) throw error;
  process.stderr.write(`${error.message}\n${error.hint}\n`);
  process.exitCode = error.exitCode;
}
