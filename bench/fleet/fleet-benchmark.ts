import { table } from '../../src/cli/text-table.ts';
import { formatBytes, formatCount } from '../../src/page/index.ts';
import { recipeNamed } from '../../src/recipe/index.ts';
import { acceleratorNamed, accelerators, durationText, type Estimate } from '../../src/theory/index.ts';
import { forecastClusterRun } from '../../src/training/index.ts';
import { foretoldMemory, foretoldSpeed, sourceOutcomes } from './held-against.ts';
import { memoryCases, speedCases } from './public-cases.ts';

const usage = `npm run bench -- fleet

What trainings of 1 B and 7 B parameters take on accelerators by the forecast, and the forecast held against figures that others published:
memory of a device, tokens a second, device-hours. Nothing is trained or measured.`;

const gib = (bytes: number): string => `${(bytes / 2 ** 30).toFixed(1)} GiB`;
const off = (foretold: number, published: number): string => {
  const share = foretold / published - 1;
  return `${share < 0 ? '−' : '+'}${Math.abs(100 * share).toFixed(0)} %`;
};
const whole = (value: number): string => formatCount(Math.round(value));
const rangeText = ({ interval80: [low, high] }: Estimate, write: (value: number) => string): string =>
  `${write(low)} to ${write(high)}`;

/** `bench fleet`: prints the tables of docs/accelerators.md. */
export function runFleetBenchmark(args: readonly string[]): Promise<void> {
  if (args.includes('--help')) {
    print(usage);
    return Promise.resolve();
  }
  print('The accelerators\n');
  print(acceleratorTable());
  print(
    '\nWhat a 1 B and a 7 B run take, with the recipe baseline, 2,048 tokens of context and 20 tokens for each parameter\n',
  );
  print(runTable());
  print('\nMemory of a device, held against published figures\n');
  print(memoryTable());
  print('\nSpeed, held against published figures; those of the same source are left out of the forecast\n');
  print(speedTable());
  print('\nShare of the peak rate, each source foretold by all others\n');
  print(sourceTable());
  return Promise.resolve();
}

function acceleratorTable(): string {
  const tera = (flops: number | null) => (flops === null ? 'not told' : (flops / 1e12).toFixed(flops < 1e14 ? 1 : 0));
  return table(
    ['name', 'bfloat16 TFLOP/s', 'float32', 'memory', 'a second', 'link', 'of', 'network', 'on a host', 'source'],
    accelerators.map(({ name, peakFlops, memoryBytes, memoryBandwidth, inner, outer, devicesPerHost, source }) => [
      name,
      tera(peakFlops.bfloat16),
      tera(peakFlops.float32),
      formatBytes(memoryBytes),
      formatBytes(memoryBandwidth),
      formatBytes(inner.bytesPerSecond),
      whole(inner.numDevices),
      outer === null ? '–' : formatBytes(outer.bytesPerSecond),
      whole(devicesPerHost),
      source,
    ]),
  );
}

function runTable(): string {
  const rows = [
    ['1 B', { numLayers: 16, width: 2048 }, 'a100', 8],
    ['1 B', { numLayers: 16, width: 2048 }, 'h100', 8],
    ['1 B', { numLayers: 16, width: 2048 }, 'tpu-v5e', 16],
    ['7 B', { numLayers: 32, width: 4096 }, 'a100', 64],
    ['7 B', { numLayers: 32, width: 4096 }, 'h100', 8],
    ['7 B', { numLayers: 32, width: 4096 }, 'h100', 64],
    ['7 B', { numLayers: 32, width: 4096 }, 'tpu-v5p', 64],
  ] as const;
  return table(
    [
      '',
      'devices',
      'memory of one',
      'of',
      'tokens a second',
      'time',
      'four times in five',
      'device-hours',
      'four times in five',
    ],
    rows.map(([name, size, device, numDevices]) => {
      const { forecast } = forecastClusterRun({
        recipe: recipeNamed('baseline'),
        size,
        vocabularySize: 50_304,
        precision: 'bfloat16',
        accelerator: acceleratorNamed(device),
        numDevices,
        fsdp: true,
      });
      const { fit, tokensPerSecond, durationMs, deviceHours } = forecast;
      return [
        name,
        `${numDevices} × ${device}`,
        `${gib(fit.memory.peak)}${fit.fits ? '' : ' (does not fit)'}`,
        gib(fit.usableBytes),
        whole(tokensPerSecond.value),
        durationText(durationMs.value),
        rangeText(durationMs, durationText),
        whole(deviceHours.value),
        rangeText(deviceHours, whole),
      ];
    }),
  );
}

function memoryTable(): string {
  return table(
    ['', 'foretold', 'published', '', 'why'],
    memoryCases.map((one) => {
      const foretold = foretoldMemory(one);
      const { bytes, isUpperEnd } = one.published;
      return [
        one.name,
        gib(foretold),
        `${isUpperEnd ? 'at most ' : ''}${gib(bytes)}`,
        isUpperEnd ? (foretold <= bytes ? 'fits' : `too much: ${off(foretold, bytes)}`) : off(foretold, bytes),
        one.why,
      ];
    }),
  );
}

function speedTable(): string {
  return table(
    ['', 'foretold', 'four times in five', 'published', '', 'device-hours', 'foretold', 'why'],
    speedCases.map((one) => {
      const foretold = foretoldSpeed(one);
      const hours = (speed: number) => (one.numTokens === null ? '' : whole(one.numTokens / speed / 3600));
      return [
        one.name,
        whole(foretold.value),
        rangeText(foretold, whole),
        whole(one.tokensPerSecond),
        off(foretold.value, one.tokensPerSecond),
        hours(one.tokensPerSecond),
        hours(foretold.value),
        one.why,
      ];
    }),
  );
}

function sourceTable(): string {
  return table(
    ['source', 'figures', 'within 80 %', 'within 95 %', 'foretold over published'],
    sourceOutcomes().map(({ source, numFigures, numWithin80, numWithin95, ratio }) => [
      source,
      whole(numFigures),
      whole(numWithin80),
      whole(numWithin95),
      ratio.toFixed(2),
    ]),
  );
}

function print(text: string): void {
  process.stdout.write(`${text}\n`);
}
