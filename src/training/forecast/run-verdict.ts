import type { FileSystem } from '../../core/index.ts';
import { judgeForecast, type Verdict } from '../../theory/index.ts';
import { problemText } from '../run/problem.ts';
import type { Run } from '../run/run-folder.ts';
import type { RunResultRecord } from '../run/run-manifest.ts';
import { readForecast, writeVerdict } from './registered-forecast.ts';
import { outcomeOfRun, type RunCosts } from './run-outcome.ts';

/** A verdict that was written, and the SHA-256 by which `run.json` is to vouch for it. */
export interface WrittenVerdict {
  readonly verdict: Verdict;
  readonly sha256: string;
}

/**
 * Holds the forecast of a run against its result and writes the verdict; `run.json` is the caller's to write.
 *
 * @returns undefined for a run of before there were forecasts; a problem for a forecast that was changed, which is judged no more
 */
export function judgeRun(
  fs: FileSystem,
  { folder, manifest, events }: Pick<Run, 'folder' | 'manifest' | 'events'>,
  result: RunResultRecord,
  costs: RunCosts,
): WrittenVerdict | { readonly problem: string } | undefined {
  const read = readForecast(fs, folder, manifest);
  if (read === undefined || manifest.forecast === undefined) return undefined;
  if ('problem' in read) return { problem: problemText(read.problem) };
  const outcome = outcomeOfRun(result, events(), costs);
  const verdict = judgeForecast(read.value, outcome, manifest.forecast.sha256);
  return { verdict, ...writeVerdict(fs, folder, verdict) };
}
