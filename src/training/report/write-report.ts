import { type FileSystem, GroundworkError } from '../../core/index.ts';
import { writeDurably } from '../../core/node.ts';
import type { Model } from '../../model/index.ts';
import { recipeNamed } from '../../recipe/index.ts';
import { readForecast, readVerdict } from '../forecast/registered-forecast.ts';
import { problemText } from '../run/problem.ts';
import { openRun, type Run } from '../run/run-folder.ts';
import type { ForecastRecords } from './forecast-section.ts';
import { runReport } from './run-report.ts';

const reportFile = 'report.html';

/**
 * Writes `report.html` of a run, from its records.
 *
 * @param baseline bits per byte of a bigram model on the same held-out text, where it is known
 * @returns the path of the page
 * @throws `file-not-found` and `invalid-run` for what is no run
 */
export async function writeRunReport(
  fs: FileSystem,
  folder: string,
  { baseline, model }: { readonly baseline?: number | undefined; readonly model?: Model | undefined } = {},
): Promise<string> {
  const run = openRun(fs, folder);
  const html = runReport({
    folder,
    manifest: run.manifest,
    events: run.events(),
    model: model ?? shippedModel(run.manifest),
    baseline,
    forecast: forecastRecords(fs, run),
  });
  const path = `${folder}/${reportFile}`;
  writeDurably(fs, path, [new TextEncoder().encode(html)]);
  return path;
}

function forecastRecords(fs: FileSystem, { folder, manifest }: Run): ForecastRecords {
  const [forecast, verdict] = [readForecast(fs, folder, manifest), readVerdict(fs, folder, manifest)];
  return {
    forecast: forecast !== undefined && 'value' in forecast ? forecast.value : undefined,
    verdict: verdict !== undefined && 'value' in verdict ? verdict.value : undefined,
    problems: [forecast, verdict].flatMap((read) =>
      read !== undefined && 'problem' in read ? [`${problemText(read.problem)}.`] : [],
    ),
  };
}

/** The model of a run of a shipped recipe; the report does without where the recipe was a file, or ships no more. */
function shippedModel({ recipe, size }: ReturnType<typeof openRun>['manifest']): Model | undefined {
  if (recipe.file !== null) return undefined;
  try {
    return recipeNamed(recipe.name).model(size);
  } catch (fault) {
    if (!(fault instanceof GroundworkError)) throw fault;
    return undefined;
  }
}
