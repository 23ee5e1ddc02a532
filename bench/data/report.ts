import type { Agreement } from './agreement.ts';
import type { MeasuredProcess } from './measured-process.ts';
import { type SideResult, stageNames } from './stages.ts';

export interface Measured {
  /** Bytes of text that enter each stage, and all of them. */
  readonly bytes: { readonly [stage: string]: number };
  readonly ours: SideResult;
  readonly theirs: SideResult | undefined;
  /** Our build on one worker and on two. */
  readonly one: MeasuredProcess;
  readonly two: MeasuredProcess;
  readonly theirRun: MeasuredProcess | undefined;
}

/** MB/s of each stage and of everything, ours beside theirs. */
export function stageTable({ bytes, ours, theirs, one, two, theirRun }: Measured): string {
  const rate = (stage: string, seconds: number | undefined): number | undefined =>
    seconds === undefined || seconds === 0 ? undefined : (bytes[stage] ?? bytes.all ?? 0) / 1e6 / seconds;
  const row = (name: string, ourRate: number | undefined, theirRate: number | undefined): string[] => [
    name,
    shown(ourRate),
    shown(theirRate),
    ourRate === undefined || theirRate === undefined ? '–' : (ourRate / theirRate).toFixed(1),
  ];
  const stages = [...stageNames, 'language'].map((stage) =>
    row(
      stage === 'language' ? 'language (apart)' : stage,
      rate(stage, ours.seconds[stage]),
      rate(stage, theirs?.seconds[stage]),
    ),
  );
  const all = 'all';
  const ends = [
    row('end to end, processor', rate(all, one.processorSeconds), rate(all, theirRun?.processorSeconds)),
    row('end to end, wall clock', rate(all, one.wallSeconds), rate(all, theirRun?.wallSeconds)),
    row('end to end, wall clock, two workers', rate(all, two.wallSeconds), undefined),
  ];
  const memory = (run: MeasuredProcess | undefined): string => (run ? `${(run.peakBytes / 1e6).toFixed(0)} MB` : '–');
  return [
    `${((bytes.all ?? 0) / 1e6).toFixed(1)} MB of text; MB/s of the text that enters a stage, by processor time, one core each`,
    '',
    markdownTable(['stage', 'Groundwork', 'datatrove', 'ratio'], [...stages, ...ends]),
    '',
    `peak memory: Groundwork ${memory(one)} with one worker, ${memory(two)} with two; datatrove ${memory(theirRun)}`,
    ...(theirs === undefined ? ['datatrove is absent: run bench/peers/datatrove/setup.sh'] : []),
  ].join('\n');
}

/** How far the two sides keep the same documents. */
export function agreementText(agreement: Agreement): string {
  const { numDocuments, ours, theirs, sameDecision, sameRule, byRule, cleaningDifferences, duplicates } = agreement;
  const share = (part: number): string => `${((100 * part) / numDocuments).toFixed(2)} %`;
  const pairs = new Map<string, string[]>();
  for (const { id, ours: one, theirs: other } of cleaningDifferences) {
    const name = `here ${one}, datatrove ${other}`;
    pairs.set(name, [...(pairs.get(name) ?? []), id]);
  }
  return [
    `${numDocuments} documents. Left by the rules: ${ours.cleaned} here, ${theirs.cleaned} there; after deduplication: ${ours.kept} here, ${theirs.kept} there.`,
    `Kept or removed by the rules alike: ${share(sameDecision)}; for the same reason: ${share(sameRule)}.`,
    '',
    markdownTable(
      ['rule', 'Groundwork', 'datatrove', 'both'],
      byRule.map(({ rule, ours: one, theirs: other, both }) => [rule, String(one), String(other), String(both)]),
    ),
    '',
    ...[...pairs]
      .sort(([, a], [, b]) => b.length - a.length)
      .slice(0, 20)
      .map(([name, ids]) => `- ${ids.length} × ${name} (${ids.slice(0, 3).join(', ')})`),
    `MinHash, of ${duplicates.compared} documents that both left to it: ${duplicates.bothRemoved} removed by both, ${duplicates.onlyOurs} here only, ${duplicates.onlyTheirs} there only, ${duplicates.otherRepresentative} in groups of which another one is kept.`,
  ].join('\n');
}

const shown = (rate: number | undefined): string =>
  rate === undefined ? '–' : rate < 10 ? rate.toFixed(2) : rate.toFixed(1);

function markdownTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = titles.map((title, i) => Math.max(title.length, ...rows.map((row) => row[i]?.length ?? 0)));
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((cell, i) => (i === 0 ? cell.padEnd(widths[i] ?? 0) : cell.padStart(widths[i] ?? 0))).join(' | ')} |`;
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(titles), rule, ...rows.map(line)].join('\n');
}
