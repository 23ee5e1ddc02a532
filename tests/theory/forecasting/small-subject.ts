import type { RunSubject } from '../../../src/theory/index.ts';
import { halfDecay } from './synthetic-ladder.ts';

/** What tests change of a run. */
export type SubjectChanges = { readonly [Part in keyof RunSubject]?: Partial<RunSubject[Part]> };

/** A run of three times the compute of the synthetic ladder's largest, on its text, with its recipe and its schedule. */
export function smallSubject(changes: SubjectChanges = {}): RunSubject {
  const numSteps = changes.numSteps ?? 1500;
  const matmul = 3_900_000;
  const base: RunSubject = {
    parameters: { total: 5_900_000, nonEmbedding: 2_300_000, matmul, active: matmul + 200 },
    numSteps,
    batchTokens: 2048,
    numTokens: numSteps * 2048,
    uniqueTokens: 2_000_000,
    flops: 6.5 * matmul * numSteps * 2048,
    programHash: 'c'.repeat(64),
    corpus: {
      name: 'presidents',
      fingerprint: 'a'.repeat(64),
      bytesPerToken: 680_000 / 161_000,
      vocabularySize: 8192,
      bigramBitsPerByte: 1.51,
      isMixture: false,
    },
    recipe: { name: 'baseline', sha256: 'b'.repeat(64), learningRateRatios: new Map() },
    scheduleFactor: (step) => halfDecay(step, numSteps),
    time: { msPerStep: 100, otherMs: 10_000, source: 'measured', isBudget: false, limitMs: null },
    evaluation: { numDocuments: 1263, numValidationDocuments: 1263 },
    memoryBytes: 400_000_000,
  };
  const merged = Object.entries(changes).map(([part, change]) => {
    const before = base[part as keyof RunSubject];
    const isRecord = typeof before === 'object' && before !== null;
    return [part, isRecord ? { ...before, ...(change as object) } : change];
  });
  return { ...base, ...Object.fromEntries(merged) };
}
