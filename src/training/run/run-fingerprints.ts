import { canonicalJson } from '../../core/index.ts';
import { type Checkpoint, type CheckpointFingerprints, checkpointManifestFile } from './checkpoint-manifest.ts';
import type { RunProblem } from './problem.ts';
import type { RunManifest } from './run-manifest.ts';

/** What a run trains, on what and in what order. */
export function fingerprintsOf(manifest: RunManifest): CheckpointFingerprints {
  const { programHash, tokenizerFingerprint, batchesFingerprint } = manifest;
  return { program: programHash, tokenizer: tokenizerFingerprint, batches: batchesFingerprint };
}

/** A manifest after the run was resumed with something else, as was allowed: what it was before stays known. */
export function withEarlierFingerprints(next: RunManifest, before: RunManifest): RunManifest {
  const known = [...(before.earlierFingerprints ?? []), fingerprintsOf(before)];
  const distinct = new Map(known.map((fingerprints) => [canonicalJson(fingerprints), fingerprints]));
  distinct.delete(canonicalJson(fingerprintsOf(next)));
  return distinct.size === 0 ? next : { ...next, earlierFingerprints: [...distinct.values()] };
}

/** What shows that a checkpoint is another run's: found and expected fingerprints. None where it is this run's. */
export function foreignProblems(manifest: RunManifest, checkpoint: Checkpoint): RunProblem[] {
  const expected = fingerprintsOf(manifest);
  const found = checkpoint.manifest.fingerprints;
  const own = [expected, ...(manifest.earlierFingerprints ?? [])].map((one) => canonicalJson(one));
  if (own.includes(canonicalJson(found))) return [];
  const file = `${checkpoint.folder}/${checkpointManifestFile}`;
  return (['program', 'tokenizer', 'batches'] as const)
    .filter((what) => found[what] !== expected[what])
    .map((what) => ({ file, expected: `the ${what} ${expected[what]} of the run`, found: found[what] }));
}
