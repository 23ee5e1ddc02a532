import { nodeFileSystem } from '../core/node.ts';
import { bigramBaseline, type Dataset, openDataset } from '../data/index.ts';
import { formatCount } from '../page/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import { openRun, planSchema, type RunResult, writeRunReport } from '../training/index.ts';
import type { Terminal } from './command-line.ts';
import { paintFor } from './styled-text.ts';
import { paceText, sampleLines } from './training-display.ts';

/** Bits per byte of a bigram model on the validation text of the first dataset, which the run was measured on. */
export function baselineOf(dataset: Dataset): number | undefined {
  return bigramBaseline(dataset) ?? undefined;
}

/** The same for a run that is over; undefined where its dataset is gone. */
export function baselineOfRun(folder: string): number | undefined {
  const [first] = openRun(nodeFileSystem, folder).manifest.datasets;
  if (first === undefined || !nodeFileSystem.exists(`${first.folder}/dataset.json`)) return undefined;
  const dataset = openDataset(nodeFileSystem, first.folder);
  try {
    return baselineOf(dataset);
  } finally {
    dataset.close();
  }
}

/** What a run ended with, for people or as JSON; writes its report. */
export async function tellEnding(
  { folder, bitsPerByte, loss, step, numTokens, durationMs }: RunResult,
  baseline: number | undefined,
  terminal: Terminal,
  isJson: boolean,
): Promise<void> {
  const report = await writeRunReport(nodeFileSystem, folder, { baseline });
  const run = openRun(nodeFileSystem, folder);
  const plan = planSchema.safeParse(run.manifest.plan);
  const numParameters = plan.success ? plan.data.numParameters : undefined;
  const samples = run.events().filter((event) => event.type === 'sample' && event.step === step) as {
    prompt: string;
    text: string;
  }[];
  if (isJson) {
    const told = samples.map(({ prompt, text }) => ({ prompt, text }));
    const numbers = { bitsPerByte, baselineBitsPerByte: baseline, loss, step, numTokens, durationMs, numParameters };
    terminal.out(printableJson({ folder, status: run.manifest.status, ...numbers, report, samples: told }));
    return;
  }
  const paint = paintFor(terminal.hasColor === true);
  const width = Math.min(100, (terminal.columns?.() ?? 80) - 1);
  const beside = baseline === undefined ? '' : ` (a bigram model: ${baseline.toFixed(4)})`;
  terminal.out(
    [
      '',
      bitsPerByte === undefined
        ? `reached:    a loss of ${loss.toFixed(4)} nats per token; there is no held-out text to measure bits per byte on`
        : `reached:    ${paint('good', bitsPerByte.toFixed(4))} bits per byte on held-out text${beside}`,
      `trained:    ${formatCount(numTokens)} tokens in ${formatCount(step)} steps, ${paceText(numTokens, durationMs)}`,
      ...(numParameters === undefined ? [] : [`model:      ${formatCount(numParameters)} parameters in ${folder}`]),
      `report:     ${report}`,
      ...samples.flatMap((sample) => ['', ...sampleLines(sample, width, false)]),
      '',
      `Write with it:  groundwork sample ${folder} --prompt "..."`,
      `Talk to it:     groundwork chat ${folder}`,
      `Measure it:     groundwork eval ${folder}`,
    ].join('\n'),
  );
}
