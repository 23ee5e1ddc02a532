import { GroundworkError } from '../core/index.ts';
import { nodeFileSystem } from '../core/node.ts';
import { bigramBaseline, type Dataset, openDataset } from '../data/index.ts';
import { formatCount } from '../page/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import { openRun, planSchema, type RunResult, readForecast, writeRunReport } from '../training/index.ts';
import type { Terminal } from './command-line.ts';
import { verdictText } from './forecast-text.ts';
import { paintFor } from './styled-text.ts';
import { paceText, sampleLines } from './training-display.ts';

/** The score of a bigram model, or why there is none. */
export type Baseline = { readonly bitsPerByte: number } | { readonly problem: string };

/**
 * Bits per byte of a bigram model on what a run was measured on last: documents of its first dataset. A dataset that is gone, broken or
 * another by now is no fault of the run, so it is told and not thrown.
 *
 * @param opened the dataset, where it is open already
 */
export function baselineOf(folder: string, opened?: Dataset): Baseline {
  const run = openRun(nodeFileSystem, folder);
  const [first] = run.manifest.datasets;
  if (first === undefined) return { problem: 'the run names no dataset' };
  const last = run.events().findLast((event) => event.type === 'evaluation');
  let dataset: Dataset | undefined;
  try {
    dataset = opened ?? openDataset(nodeFileSystem, first.folder);
    if (dataset.manifest.fingerprint !== first.fingerprint) {
      return { problem: `${dataset.folder} is not the dataset of the run any more` };
    }
    const bitsPerByte = bigramBaseline(dataset, { numDocuments: last?.numDocuments });
    return bitsPerByte === null ? { problem: 'there is no held-out text' } : { bitsPerByte };
  } catch (fault) {
    if (!(fault instanceof GroundworkError)) throw fault;
    return { problem: fault.message };
  } finally {
    if (opened === undefined) dataset?.close();
  }
}

/** The line for a baseline that is left out. */
export function baselineNote({ problem }: { readonly problem: string }): string {
  return `note: the score of a bigram model is left out: ${problem}`;
}

/** What a run ended with, for people or as JSON; writes its report. */
export async function tellEnding(
  { folder, bitsPerByte, loss, step, numTokens, trainingMs, durationMs, verdict }: RunResult,
  found: Baseline,
  terminal: Terminal,
  isJson: boolean,
): Promise<void> {
  const baseline = 'bitsPerByte' in found ? found.bitsPerByte : undefined;
  if ('problem' in found && bitsPerByte !== undefined) terminal.error(baselineNote(found));
  const report = await writeRunReport(nodeFileSystem, folder, { baseline });
  const run = openRun(nodeFileSystem, folder);
  const plan = planSchema.safeParse(run.manifest.plan);
  const numParameters = plan.success ? plan.data.numParameters : undefined;
  const events = run.events();
  const samples = events.filter((event) => event.type === 'sample' && event.step === step) as {
    prompt: string;
    text: string;
  }[];
  if (isJson) {
    const told = samples.map(({ prompt, text }) => ({ prompt, text }));
    const numbers = {
      bitsPerByte,
      baselineBitsPerByte: baseline,
      loss,
      step,
      numTokens,
      trainingMs,
      durationMs,
      numParameters,
    };
    const read = readForecast(nodeFileSystem, folder, run.manifest);
    const forecast = read !== undefined && 'value' in read ? read.value : null;
    terminal.out(
      printableJson({
        folder,
        status: run.manifest.status,
        ...numbers,
        forecast,
        verdict: verdict ?? null,
        report,
        samples: told,
      }),
    );
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
      `trained:    ${formatCount(numTokens)} tokens in ${formatCount(step)} ${step === 1 ? 'step' : 'steps'}, ${paceText({ numTokens, trainingMs, totalMs: durationMs })}`,
      ...(numParameters === undefined ? [] : [`model:      ${formatCount(numParameters)} parameters in ${folder}`]),
      `report:     ${report}`,
      ...samples.flatMap((sample) => ['', ...sampleLines(sample, width, false)]),
      '',
      `Write with it:  groundwork sample ${folder} --prompt "..."`,
      `Talk to it:     groundwork chat ${folder}`,
      `Measure it:     groundwork eval ${folder}`,
      ...(verdict === undefined ? [] : ['', verdictText(verdict, 'verdict:    ', terminal, paint)]),
    ].join('\n'),
  );
}
