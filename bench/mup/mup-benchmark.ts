import { writeFileSync } from 'node:fs';
import { parseArgs } from 'node:util';
import { GroundworkError } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openDataset } from '../../src/data/index.ts';
import { onnxEngine } from '../../src/engine/index.ts';
import { searchMinimum } from './rate-search.ts';
import { lossesOf, type TrialSetup } from './trial.ts';

const usage = `npm run bench -- mup DATASET [flags]

Looks for the best learning rate, on a grid of factor 2, at several widths, with the scaling rules of the model (muP) and without
them, by short runs on the bytes of the validation text of DATASET, such as one that "groundwork data demo presidents"
made. With the rules it should stay; without them, with AdamW, it falls as the width grows.

  --optimizer NAME  adamw or muon (default: adamw)
  --widths LIST     the first is the base of the rules (default: 64,128,256,512)
  --rules LIST      on, off or both (default: on,off)
  --guess N         search from a rate of 2^N (default: -7 with adamw, -5 with muon)
  --layers N        (default: 2)
  --steps N         steps of a run (default: 150)
  --batch N         rows of a step (default: 8)
  --context N       positions of a row (default: 64)
  --seeds N         runs of each rate, whose losses are averaged (default: 1)
  --threads N       (default: 1)
  --json FILE       also write the result to FILE
  --help            this text`;

const options = {
  optimizer: { type: 'string', default: 'adamw' },
  widths: { type: 'string', default: '64,128,256,512' },
  rules: { type: 'string', default: 'on,off' },
  guess: { type: 'string' },
  layers: { type: 'string', default: '2' },
  steps: { type: 'string', default: '150' },
  batch: { type: 'string', default: '8' },
  context: { type: 'string', default: '64' },
  seeds: { type: 'string', default: '1' },
  threads: { type: 'string', default: '1' },
  json: { type: 'string' },
  help: { type: 'boolean', default: false },
} as const;

interface WidthResult {
  readonly width: number;
  /** log₂ of the best rate. */
  readonly best: number;
  /** By log₂ of the rate, the loss at the end in nats; null where the run diverged. */
  readonly losses: readonly (readonly [number, number | null])[];
}

/** `bench mup`: prints a table for each choice of rules, and last one line of JSON with everything. */
export async function runMupBenchmark(args: readonly string[]): Promise<void> {
  const { values, positionals } = read(args);
  const [folder] = positionals;
  if (values.help || folder === undefined) {
    process.stdout.write(`${usage}\n`);
    return;
  }
  if (values.optimizer !== 'adamw' && values.optimizer !== 'muon') {
    throw refusal(`--optimizer is "${values.optimizer}", expected adamw or muon`);
  }
  const widths = values.widths.split(',').map((text) => wholeNumber('--widths', text));
  const optimizer = values.optimizer;
  const numSeeds = wholeNumber('--seeds', values.seeds);
  const setup = {
    engine: await onnxEngine('cpu', { numThreads: wholeNumber('--threads', values.threads) }),
    text: textOf(folder),
    optimizer,
    baseWidth: widths[0] ?? 1,
    numLayers: wholeNumber('--layers', values.layers),
    contextLength: wholeNumber('--context', values.context),
    batchSize: wholeNumber('--batch', values.batch),
    numSteps: wholeNumber('--steps', values.steps),
  } as const;
  const guess = values.guess === undefined ? (optimizer === 'adamw' ? -7 : -5) : Number(values.guess);

  const results: { hasRules: boolean; widths: WidthResult[] }[] = [];
  for (const rules of values.rules.split(',')) {
    if (rules !== 'on' && rules !== 'off') throw refusal(`--rules names "${rules}", expected on and off`);
    const hasRules = rules === 'on';
    const found: WidthResult[] = [];
    for (const width of widths) {
      const valueAt = async (exponent: number): Promise<number> => {
        let total = 0;
        for (let seed = 1; seed <= numSeeds; seed++) {
          total += endOf(await lossesOf({ ...setup, hasRules, seed } satisfies TrialSetup, width, 2 ** exponent));
        }
        process.stderr.write(`rules ${rules}, width ${width}, rate 2^${exponent}: ${(total / numSeeds).toFixed(4)}\n`);
        return total / numSeeds;
      };
      const { best, values: losses } = await searchMinimum(valueAt, found.at(-1)?.best ?? guess);
      found.push({
        width,
        best,
        losses: [...losses].map(([rate, loss]) => [rate, Number.isFinite(loss) ? loss : null]),
      });
    }
    results.push({ hasRules, widths: found });
    process.stdout.write(`\n${tableOf(optimizer, hasRules, found)}\n`);
  }
  const { engine, text, ...settings } = setup;
  const record = { benchmark: 'mup', engine: engine.name, textBytes: text.length, ...settings, numSeeds, results };
  if (values.json !== undefined) writeFileSync(values.json, `${JSON.stringify(record, undefined, 2)}\n`);
  process.stdout.write(`\n${JSON.stringify(record)}\n`);
}

function read(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options, allowPositionals: true, strict: true });
  } catch (error) {
    throw refusal((error as Error).message);
  }
}

function refusal(message: string): GroundworkError {
  return new GroundworkError('usage', message, { hint: 'See npm run bench -- mup --help.' });
}

function wholeNumber(flag: string, text: string): number {
  const value = Number(text);
  if (!Number.isInteger(value) || value < 1) throw refusal(`${flag} has "${text}", expected a whole number above 0`);
  return value;
}

/** The validation text of a dataset, document after document. */
function textOf(folder: string): Uint8Array {
  const dataset = openDataset(nodeFileSystem, folder);
  try {
    const texts = Array.from({ length: dataset.validation.numDocuments }, (_, document) =>
      dataset.validationText(document),
    );
    return new Uint8Array(Buffer.concat(texts));
  } finally {
    dataset.close();
  }
}

/** The mean loss over the last tenth of a run, when the rate is near its end. */
function endOf(losses: readonly number[]): number {
  const last = losses.slice(-Math.max(1, Math.round(losses.length / 10)));
  return last.reduce((sum, loss) => sum + loss, 0) / last.length;
}

function tableOf(optimizer: string, hasRules: boolean, results: readonly WidthResult[]): string {
  const rates = [...new Set(results.flatMap(({ losses }) => losses.map(([rate]) => rate)))].sort((a, b) => a - b);
  const lines = results.map(({ width, best, losses }) => {
    const byRate = new Map(losses);
    const cells = rates.map((rate) => {
      const loss = byRate.get(rate);
      if (loss === undefined) return '';
      const text = loss === null ? 'diverged' : loss.toFixed(4);
      return rate === best ? `**${text}**` : text;
    });
    return `| ${width} | 2^${best} | ${cells.join(' | ')} |`;
  });
  const bests = results.map(({ best }) => best);
  const spread = Math.max(...bests) - Math.min(...bests);
  return [
    `## ${optimizer}, ${hasRules ? 'with the rules' : 'without rules'}: the best rate moves by ${spread} of the grid's steps`,
    '',
    `| width | best | ${rates.map((rate) => `2^${rate}`).join(' | ')} |`,
    `| ---: | ---: | ${rates.map(() => '---:').join(' | ')} |`,
    ...lines,
  ].join('\n');
}
