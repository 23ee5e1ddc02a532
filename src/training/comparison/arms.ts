import { z } from 'zod';
import { canonicalJson, GroundworkError, type JsonValue } from '../../core/index.ts';
import { budgetSchema, statedPrecision } from '../plan.ts';
import type { RunManifest } from '../run/run-manifest.ts';

/** A run that is to be compared, with what its records tell of it. */
export interface ComparedRun {
  readonly folder: string;
  readonly manifest: RunManifest;
  /** Time in training steps, over resumes. */
  readonly trainingMs: number;
}

/** One run of an arm, in numbers. */
export interface ArmRun {
  readonly folder: string;
  readonly name: string;
  readonly seed: number;
  /** SHA-256 of everything that the order of the data depends on. */
  readonly batchesFingerprint: string;
  /** On the validation documents that all compared runs have in common. */
  readonly bitsPerByte: number;
  readonly numSteps: number;
  readonly numTokens: number;
  /** Of the whole training, counted in the graph. */
  readonly flops: number;
  /** Time in training steps. */
  readonly trainingMs: number;
}

/** Runs that are the same but for their seed. */
export interface Arm {
  /** What tells it from the other arms: what the names of its runs have in common. */
  readonly name: string;
  /** The record of one of them, which stands for all. */
  readonly manifest: RunManifest;
  /** What it is but for its length, as canonical JSON: equal for two lengths of one thing. */
  readonly base: string;
  /** By seed, each seed once. */
  readonly runs: readonly ArmRun[];
}

export interface ArmGroups {
  /** At least two, in the order in which the first run of each was named. */
  readonly arms: readonly Arm[];
  /** Validation documents that all were measured on. */
  readonly numDocuments: number;
  /** Runs that add nothing, a sentence each. */
  readonly leftOut: readonly string[];
}

/**
 * Puts runs into arms by what they are: recipe, size, batch, data and length; everything but the seed. How fast a run was, in what parts a
 * step was computed and on what machine make no other arm.
 *
 * @throws GroundworkError `run-mismatch` for runs that are not finished, and for runs that were measured on other validation documents;
 *   `usage` where there are not two arms
 */
export function groupIntoArms(runs: readonly ComparedRun[]): ArmGroups {
  refuseUnfinished(runs);
  const numDocuments = sharedDocuments(runs);
  const groups = new Map<string, ComparedRun[]>();
  for (const run of runs) {
    const key = armIdentity(run.manifest);
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [run]);
    else group.push(run);
  }
  if (groups.size < 2) {
    throw new GroundworkError(
      'usage',
      `found ${runs.length} runs that differ in nothing but their seeds, expected two arms or more`,
      { hint: 'Name runs of another recipe, size or length too; a baseline and what is to be better than it.' },
    );
  }
  const leftOut: string[] = [];
  const members = [...groups.values()].map((group) => distinct(group, leftOut));
  const names = armNames(members);
  const arms = members.map((group, i): Arm => {
    const [first] = group as [ComparedRun, ...ComparedRun[]];
    return {
      name: names[i] ?? '',
      manifest: first.manifest,
      base: armIdentity(first.manifest, { withLength: false }),
      runs: group.map(armRun).sort((a, b) => a.seed - b.seed),
    };
  });
  return { arms, numDocuments, leftOut };
}

/** How long an arm trains: for a time, or so many steps. With a budget of time the pace of the machine decides the steps. */
function lengthOf(manifest: RunManifest): JsonValue {
  const { budget } = planFactsOf(manifest);
  return budget.kind === 'time' ? { durationMs: budget.durationMs } : { numSteps: manifest.numSteps };
}

/** What a run is, but for its seed, as canonical JSON. */
export function armIdentity(manifest: RunManifest, { withLength = true } = {}): string {
  const { recipe, modelHash, size, batch, datasets, schedule, optimizer } = manifest;
  const { batchSize, contextLength, packing, documentMask, precision } = batch;
  return canonicalJson({
    recipe: recipe.sha256,
    modelHash,
    size,
    batch: { batchSize, contextLength, packing, documentMask, ...statedPrecision(precision) },
    // Weights are shares: of one dataset it is all.
    datasets: datasets.map(({ fingerprint, weight }) => [fingerprint, datasets.length === 1 ? 1 : weight]),
    schedule,
    optimizer,
    length: withLength ? lengthOf(manifest) : null,
  });
}

/** The part of a plan that comparisons ask for. */
const planFactsSchema = z.object({
  budget: budgetSchema,
  numSteps: z.int().min(1),
  expected: z.object({ flopsPerStep: z.number().min(0) }),
});

/**
 * What a comparison wants to know of the plan that a run was begun with.
 *
 * @throws GroundworkError `invalid-run` for a plan that does not say it
 */
export function planFactsOf({ name, plan }: RunManifest): z.infer<typeof planFactsSchema> {
  const facts = planFactsSchema.safeParse(plan);
  if (facts.success) return facts.data;
  throw new GroundworkError(
    'invalid-run',
    `the plan of the run ${name} cannot be read: ${facts.error.issues[0]?.message}`,
    {
      hint: 'Compare runs that this version of Groundwork has made.',
    },
  );
}

function refuseUnfinished(runs: readonly ComparedRun[]): void {
  for (const { folder, manifest } of runs) {
    if (manifest.status !== 'finished') {
      throw new GroundworkError('run-mismatch', `${folder} is ${manifest.status}, expected a run that is finished`, {
        hint: `Leave it out, or go on with it: groundwork resume ${folder}`,
      });
    }
    if (manifest.result?.bitsPerByte === null || manifest.result === null) {
      throw new GroundworkError('run-mismatch', `${folder} was measured on no validation documents`, {
        hint: 'Compare runs on a dataset that holds text out.',
      });
    }
  }
}

/** How many validation documents all were measured on. The first dataset of a run is the one that it is measured on. */
function sharedDocuments(runs: readonly ComparedRun[]): number {
  const measured = ({ manifest: { datasets, result } }: ComparedRun) => ({
    name: datasets[0]?.name ?? '',
    fingerprint: datasets[0]?.fingerprint,
    numDocuments: result?.numDocuments ?? 0,
  });
  const [first, ...others] = runs;
  if (first === undefined) return 0;
  const expected = measured(first);
  for (const run of others) {
    const found = measured(run);
    if (found.fingerprint !== expected.fingerprint) {
      throw new GroundworkError(
        'run-mismatch',
        `${run.folder} was measured on ${found.name} (${found.fingerprint?.slice(0, 12)}), expected ${expected.name} ` +
          `(${expected.fingerprint?.slice(0, 12)}) as ${first.folder} was`,
        { hint: 'Bits per byte compare on the same text alone: compare runs of one dataset.' },
      );
    }
    if (found.numDocuments !== expected.numDocuments) {
      throw new GroundworkError(
        'run-mismatch',
        `${run.folder} was measured on ${found.numDocuments} validation documents, expected ${expected.numDocuments} as ` +
          `${first.folder} was`,
        {
          hint: 'With --steps, --tokens or --flops a run is measured on all documents; short budgets of time take fewer.',
        },
      );
    }
  }
  return expected.numDocuments;
}

/** Each seed of an arm once: a second run of the same seed is the same experiment, not another one. */
function distinct(group: readonly ComparedRun[], leftOut: string[]): ComparedRun[] {
  const bySeed = new Map<number, ComparedRun>();
  for (const run of group) {
    const { seed } = run.manifest;
    const before = bySeed.get(seed);
    if (before === undefined) bySeed.set(seed, run);
    else leftOut.push(`${run.folder} is left out: ${before.folder} is the same run with the same seed (${seed}).`);
  }
  return [...bySeed.values()];
}

function armRun({ folder, manifest, trainingMs }: ComparedRun): ArmRun {
  const { name, seed, batchesFingerprint, result } = manifest;
  const { step = 0, tokens = 0, bitsPerByte } = result ?? {};
  return {
    folder,
    name,
    seed,
    batchesFingerprint,
    // Runs without one were refused.
    bitsPerByte: bitsPerByte ?? Number.NaN,
    numSteps: step,
    numTokens: tokens,
    flops: step * planFactsOf(manifest).expected.flopsPerStep,
    trainingMs,
  };
}

/** What the names of an arm's runs begin with, less a number at its end; the names of first runs where that does not tell arms apart. */
function armNames(groups: readonly (readonly ComparedRun[])[]): string[] {
  const prefixes = groups.map((group) => {
    const names = group.map(({ manifest }) => manifest.name);
    const prefix = names.reduce((shared, name) => {
      let length = 0;
      while (length < shared.length && shared[length] === name[length]) length++;
      return shared.slice(0, length);
    });
    return prefix.replace(/(?:[-._](?:s|seed)?[-._]?\d*|(?:s|seed)?\d+)$/, '');
  });
  const areDistinct = new Set(prefixes).size === prefixes.length && !prefixes.includes('');
  return areDistinct ? prefixes : groups.map(([first]) => first?.manifest.name ?? '');
}
