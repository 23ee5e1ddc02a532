import { basename, resolve } from 'node:path';
import { type Clock, type FileSystem, GroundworkError, systemClock } from '../../core/index.ts';
import { takeLock } from '../../core/node.ts';
import type { Dataset } from '../../data/index.ts';
import type { Engine } from '../../engine/index.ts';
import { type MemoryLimit, memoryLimit } from '../memory-limit.ts';
import { makeNewFolder } from '../run/new-folder.ts';
import type { RunManifest } from '../run/run-manifest.ts';
import type { RunRecipe } from '../run-options.ts';
import { textExtent } from '../text-extent.ts';
import {
  type FailedPoint,
  isLadder,
  type LadderState,
  readLadder,
  type TrainedPoint,
  writeLadder,
} from './ladder-file.ts';
import { type LadderPlan, type LadderRequest, rungName, type Trunk, trunkSteps } from './ladder-plan.ts';
import { recipeFingerprint } from './recipe-fingerprint.ts';
import { trainTrunk } from './train-trunk.ts';

/** Where a ladder stands, for a live line. */
export interface LadderProgress {
  /** The trunk at work, from 0, of so many. */
  readonly index: number;
  readonly numTrunks: number;
  readonly trunk: Trunk;
  /** Steps done of this trunk and its cool-downs, of all. */
  readonly step: number;
  readonly numSteps: number;
  readonly activity: 'training' | 'evaluating';
  /** Of this process. */
  readonly elapsedMs: number;
}

export interface RunLadderOptions {
  readonly fs: FileSystem;
  readonly engine: Engine;
  readonly engineFacts: Pick<RunManifest['engine'], 'provider' | 'numThreads'>;
  readonly environment: RunManifest['environment'];
  /** The ladder's own folder; made where it is not there. */
  readonly folder: string;
  readonly recipe: RunRecipe;
  readonly dataset: Dataset;
  readonly request: LadderRequest;
  /** What to do where there is no ladder yet; one that is there goes on by its own. */
  readonly plan: LadderPlan;
  readonly clock?: Clock;
  readonly memory?: MemoryLimit;
  /** The time of day, for records only. */
  readonly now?: () => Date;
  /** When it aborts, the step at work ends and `interrupted` is thrown; all points so far are kept. */
  readonly signal?: AbortSignal;
  onPoint?(point: TrainedPoint | FailedPoint, state: LadderState): void;
  onProgress?(progress: LadderProgress): void;
}

/**
 * Trains a ladder, or goes on with one: trunk by trunk, each point published durably as soon as it is measured. Called again after
 * whatever happened it goes on with the first trunk that lacks a point; of that the trunk is trained once more, what is there is not.
 *
 * @returns the ladder with all its points
 * @throws `run-mismatch` where the ladder in the folder is of another recipe, dataset or request; `locked`; `invalid-run`; `interrupted`
 *   when the signal aborts; what engine and file system throw
 */
export async function runLadder(options: RunLadderOptions): Promise<LadderState> {
  const { fs, folder } = options;
  makeNewFolder(fs, folder);
  const release = takeLock(`${folder}/ladder.lock`, `the ladder ${folder}`);
  try {
    let state: LadderState;
    if (isLadder(fs, folder)) {
      state = readLadder(fs, folder);
      requireSameLadder(folder, state, options);
    } else {
      state = firstState(options);
      writeLadder(fs, folder, state);
    }
    return await climb(state, options);
  } finally {
    release();
  }
}

async function climb(begun: LadderState, options: RunLadderOptions): Promise<LadderState> {
  const { fs, folder, engine, recipe, dataset, clock = systemClock, signal, onPoint, onProgress } = options;
  const memory = options.memory ?? memoryLimit(fs);
  const startMs = clock.monotonicMs();
  let state = begun;
  const { trunks } = begun.plan;
  for (const [index, trunk] of trunks.entries()) {
    const numSteps = trunkSteps(trunk);
    let step = 0;
    const parts = {
      engine,
      recipe: recipe.recipe,
      dataset,
      clock,
      memory,
      signal,
      onWork: (kind: 'step' | 'evaluation') => {
        if (kind === 'step') step += 1;
        onProgress?.({
          index,
          numTrunks: trunks.length,
          trunk,
          step,
          numSteps,
          activity: kind === 'step' ? 'training' : 'evaluating',
          elapsedMs: clock.monotonicMs() - startMs,
        });
      },
    };
    try {
      for await (const point of trainTrunk(trunk, parts, (length) => !hasPoint(state, trunk, length))) {
        state =
          'reason' in point
            ? { ...state, failures: [...state.failures, point] }
            : { ...state, points: [...state.points, point] };
        writeLadder(fs, folder, state);
        onPoint?.(point, state);
      }
    } catch (error) {
      throw error instanceof GroundworkError && error.code === 'interrupted' ? stopped(state, folder) : error;
    }
  }
  return state;
}

function stopped({ plan, points, failures }: LadderState, folder: string): GroundworkError {
  const total = plan.trunks.reduce((sum, { lengths }) => sum + lengths.length, 0);
  const numDone = points.length + failures.length;
  return new GroundworkError(
    'interrupted',
    `the ladder was stopped; ${numDone} of ${total} points are kept in ${folder}`,
    {
      hint: 'The same command goes on.',
    },
  );
}

/** Whether a point of a ladder is there, trained or failed. */
function hasPoint({ points, failures }: LadderState, trunk: Trunk, numSteps: number): boolean {
  const name = rungName(trunk, numSteps);
  return [...points, ...failures].some(({ rung, seed }) => rung === name && seed === trunk.seed);
}

/** Whether all points of a ladder are there. */
export function isComplete(state: LadderState): boolean {
  return state.plan.trunks.every((trunk) => trunk.lengths.every((length) => hasPoint(state, trunk, length)));
}

function firstState(options: RunLadderOptions): LadderState {
  const { folder, recipe, dataset, request, plan, engineFacts, environment, now = () => new Date() } = options;
  // Refuses a dataset without text.
  textExtent([{ dataset, weight: 1 }]);
  const { provider, numThreads } = engineFacts;
  return {
    format: 'groundwork-ladder-run',
    version: 1,
    name: basename(resolve(folder)),
    createdAt: now().toISOString(),
    recipe: { name: recipe.recipe.name, file: recipe.file, sha256: recipeFingerprint(recipe.recipe) },
    dataset: { folder: dataset.folder, name: dataset.manifest.name, fingerprint: dataset.manifest.fingerprint },
    engine: { provider, numThreads },
    environment,
    request,
    plan,
    points: [],
    failures: [],
  };
}

/** Points of one law are all measured under the same conditions. */
function requireSameLadder(folder: string, state: LadderState, { recipe, dataset, request }: RunLadderOptions): void {
  const differences: string[] = [];
  const { manifest } = dataset;
  if (recipe.recipe.name !== state.recipe.name) {
    differences.push(`recipe: found ${recipe.recipe.name}, expected ${state.recipe.name}`);
  } else if (recipeFingerprint(recipe.recipe) !== state.recipe.sha256) {
    differences.push(`recipe: ${recipe.recipe.name} is not what it was when the ladder began`);
  }
  if (manifest.fingerprint !== state.dataset.fingerprint) {
    differences.push(
      `dataset: ${manifest.name} has fingerprint ${manifest.fingerprint.slice(0, 12)}, expected ` +
        `${state.dataset.fingerprint.slice(0, 12)} (${state.dataset.name})`,
    );
  }
  const before = state.request;
  const shown = ({ flops, budgetMs, numRungs, numSeeds, contextLength }: LadderRequest) =>
    `${numRungs} rungs from ${flops[0]} to ${flops[1]} FLOPs with ${numSeeds} seeds` +
    `${budgetMs === null ? '' : ` for a time of ${Math.round(budgetMs / 1000)} s`}` +
    `${contextLength === null ? '' : ` and a context of ${contextLength}`}`;
  if (shown(request) !== shown(before)) differences.push(`plan: found ${shown(request)}, expected ${shown(before)}`);
  if (differences.length === 0) return;
  throw new GroundworkError('run-mismatch', `the ladder in ${folder} began otherwise: ${differences.join('; ')}`, {
    hint: 'Go on with what it began with, or begin another ladder: --out FOLDER.',
  });
}
