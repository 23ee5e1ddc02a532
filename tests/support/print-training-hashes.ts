import { type TrainingHashes, trainingHashes } from './training-hashes.ts';

// A process of its own for determinism.test.ts: prints the hashes of four trainings, by optimizer and number of threads.
const hashes: Record<string, TrainingHashes> = {};
for (const kind of ['adamw', 'muon'] as const) {
  for (const numThreads of [1, 2]) hashes[`${kind}, ${numThreads} threads`] = await trainingHashes(kind, numThreads);
}
console.log(JSON.stringify(hashes));
