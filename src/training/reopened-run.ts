import { type FileSystem, GroundworkError } from '../core/index.ts';
import { type Plan, planSchema } from './plan.ts';
import { openRun, type Run } from './run/run-folder.ts';
import { type RunChange, runChanges, withWeightsOf } from './run-differences.ts';
import type { Override, RunDataset, RunRecipe } from './run-options.ts';
import { type RunParts, runParts } from './run-session.ts';

/** What a run is reopened with. */
export interface ReopenOptions {
  readonly fs: FileSystem;
  readonly folder: string;
  readonly recipe: RunRecipe;
  /** In the order of the run's manifest. */
  readonly datasets: readonly RunDataset[];
  /** The seed; default that of the run. */
  readonly seed?: number;
  /** What may differ from what the run began with. */
  readonly allow?: readonly Override[];
  /** Called with the plan before anything is traced, to refuse it. */
  readonly onPlan?: (plan: Plan) => void;
}

/** A run that goes on, before anything of it is loaded. */
export interface ReopenedRun {
  readonly run: Run;
  readonly plan: Plan;
  readonly parts: RunParts;
  readonly datasets: readonly RunDataset[];
  readonly seed: number;
  /** In what it differs from how it began, as was allowed. */
  readonly changes: readonly RunChange[];
}

/**
 * Opens a run that is to go on, and holds it against what it would go on with. The caller holds the run's lock.
 *
 * @throws `usage` for a run that is finished; `run-mismatch` for what differs and was not allowed, each named; `invalid-run`
 */
export async function reopenRun(options: ReopenOptions): Promise<ReopenedRun> {
  const { fs, folder, recipe, allow = [], onPlan } = options;
  const run = openRun(fs, folder);
  refuseFinished(run);
  const plan = planOf(run);
  onPlan?.(plan);
  const seed = options.seed ?? run.manifest.seed;
  const datasets = withWeightsOf(run.manifest, options.datasets);
  const parts = await runParts(recipe, datasets, plan, seed);
  const changes = runChanges(fs, folder, run.manifest, { recipe, datasets, plan, parts, seed });
  refuseChanges(folder, changes, allow);
  return { run, plan, parts, datasets, seed, changes };
}

function refuseFinished({ folder, manifest: { status, result } }: Run): void {
  if (status !== 'finished') return;
  const reached = result?.bitsPerByte == null ? '' : ` and reached ${result.bitsPerByte.toFixed(4)} bits per byte`;
  throw new GroundworkError('usage', `${folder} is finished: it took ${result?.step ?? 0} steps${reached}`, {
    hint: 'Begin a new run with a larger budget, or look at this one with `groundwork runs show`.',
  });
}

function planOf({ folder, manifest }: Run): Plan {
  const parsed = planSchema.safeParse(manifest.plan);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw new GroundworkError(
    'invalid-run',
    `the plan of ${folder} cannot be read: ${issue?.path.join('.')}: ${issue?.message}`,
    {
      hint: 'It was written by another version of Groundwork: go on with that version.',
    },
  );
}

function refuseChanges(folder: string, changes: readonly RunChange[], allow: readonly Override[]): void {
  const refused = changes.filter(({ item }) => !allow.includes(item));
  if (refused.length === 0) return;
  const items = [...new Set(refused.map(({ item }) => item))];
  throw new GroundworkError(
    'run-mismatch',
    `${folder} began otherwise: ${refused.map(({ item, message }) => `${item}: ${message}`).join('; ')}`,
    {
      hint: `Go on with what it began with, or begin a new run. To go on all the same: ${items.map((item) => `--allow ${item}`).join(' ')}.`,
    },
  );
}
