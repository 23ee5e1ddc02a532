import type { z } from 'zod';
import { type FileSystem, sha256Hex } from '../../core/index.ts';
import { writeDurably } from '../../core/node.ts';
import { type Forecast, forecastSchema, type Verdict, verdictSchema } from '../../theory/index.ts';
import { forecastFile, type RunManifest, verdictFile } from '../run/run-manifest.ts';
import { type ReadResult, readJson } from '../run/signed-json.ts';

/** A forecast as a file, and what `run.json` says of it. */
export interface RegisteredForecast {
  readonly text: string;
  readonly sha256: string;
}

/** A forecast as text that people can read, with the SHA-256 by which `run.json` vouches for it. */
export function registeredForecast(forecast: Forecast): RegisteredForecast {
  const text = recordText(forecastSchema.parse(forecast));
  return { text, sha256: sha256Hex(text) };
}

const recordText = (record: Forecast | Verdict): string => `${JSON.stringify(record, null, 2)}\n`;

/**
 * The forecast that a run began with.
 *
 * @returns undefined for a run of before there were forecasts
 */
export function readForecast(
  fs: FileSystem,
  folder: string,
  { forecast }: Pick<RunManifest, 'forecast'>,
): ReadResult<Forecast> | undefined {
  return forecast === undefined ? undefined : readVouched(fs, folder, forecastFile, forecast.sha256, forecastSchema);
}

/** The verdict of a finished run; undefined for one that has none yet. */
export function readVerdict(
  fs: FileSystem,
  folder: string,
  { verdict }: Pick<RunManifest, 'verdict'>,
): ReadResult<Verdict> | undefined {
  return verdict === undefined ? undefined : readVouched(fs, folder, verdictFile, verdict.sha256, verdictSchema);
}

/** Writes the verdict durably. */
export function writeVerdict(fs: FileSystem, folder: string, verdict: Verdict): { readonly sha256: string } {
  const text = recordText(verdictSchema.parse(verdict));
  const { sha256 } = writeDurably(fs, `${folder}/${verdictFile}`, [new TextEncoder().encode(text)]);
  return { sha256 };
}

function readVouched<T extends Forecast | Verdict>(
  fs: FileSystem,
  folder: string,
  file: string,
  sha256: string,
  schema: z.ZodType<T>,
): ReadResult<T> {
  const read = readJson(fs, folder, file);
  if ('problem' in read) return read;
  if (read.sha256 !== sha256) {
    const expected = `the SHA-256 ${sha256} that run.json has of it`;
    return { problem: { file, expected, found: `${read.sha256}: it was changed after it was written` } };
  }
  const parsed = schema.safeParse(read.value);
  if (parsed.success) return { value: parsed.data };
  const [issue] = parsed.error.issues;
  return {
    problem: {
      file,
      expected: 'what this version of Groundwork writes there',
      found: `${issue?.path.join('.')}: ${issue?.message}`,
    },
  };
}
