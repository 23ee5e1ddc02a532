import { beforeAll, describe, expect, test } from 'vitest';
import { randomStream } from '../../src/core/index.ts';
import {
  type LadderFindings,
  type LadderPoint,
  type LadderRecord,
  ladderFindings,
  ladderSentences,
  lawText,
  lossOf,
} from '../../src/theory/index.ts';

const law = { E: 0.9, A: 60, alpha: 0.4, B: 120, beta: 0.42 };
const sizes = [
  { numLayers: 2, width: 32 },
  { numLayers: 3, width: 48 },
  { numLayers: 4, width: 64 },
  { numLayers: 4, width: 96 },
];

/** A ladder in a world where a law holds for what matrix products read, with noise between seeds. */
function ladderRecord(noise: number, numSeeds = 3, chosen = sizes): LadderRecord {
  const random = randomStream(3, 'ladder');
  const normal = () => Array.from({ length: 12 }, () => random.nextUniform()).reduce((sum, x) => sum + x, -6);
  const points: LadderPoint[] = chosen.flatMap(({ numLayers, width }) =>
    [1, 2, 4].flatMap((length) =>
      Array.from({ length: numSeeds }, (_, seed) => {
        const nonEmbedding = 12 * numLayers * width ** 2;
        const matmul = nonEmbedding + 8192 * width;
        const numTokens = length * 20 * nonEmbedding ** 0.9;
        const numSteps = Math.round(numTokens / 512);
        const bitsPerByte = lossOf(law, matmul, numSteps * 512) * Math.exp(noise * normal());
        return {
          rung: `${numLayers}x${width}, ${numSteps} steps of 512 tokens`,
          seed,
          numLayers,
          width,
          contextLength: 128,
          batchTokens: 512,
          numSteps,
          numTokens: numSteps * 512,
          parameters: { total: matmul + 8192 * width, nonEmbedding, matmul, active: matmul + width },
          flops: 6 * matmul * numSteps * 512,
          bitsPerByte,
          loss: bitsPerByte * 3,
          numDocuments: 100,
          curve: [],
        };
      }),
    ),
  );
  return {
    format: 'groundwork-ladder',
    version: 1,
    name: 'made',
    createdAt: '2026-01-01T00:00:00.000Z',
    corpus: {
      name: 'made',
      fingerprint: '0'.repeat(64),
      vocabularySize: 8192,
      uniqueTokens: 1e9,
      validationBytes: 1e5,
      validationTokens: 2e4,
      numValidationDocuments: 100,
      bigramBitsPerByte: 2,
    },
    recipe: { name: 'made', sha256: '1'.repeat(64) },
    environment: { node: '20', platform: 'test', cpu: 'test', groundwork: '0' },
    points,
  };
}

describe('findings of a ladder', () => {
  let findings: LadderFindings;
  beforeAll(() => {
    findings = ladderFindings(ladderRecord(0.002));
  });

  test('have the law of the world that the ladder was measured in', () => {
    const { fit } = findings.ladder.predictor;
    for (const { parameters, numTokens } of ladderRecord(0).points) {
      expect(lossOf(fit.law, parameters.matmul, numTokens) / lossOf(law, parameters.matmul, numTokens)).toBeCloseTo(
        1,
        2,
      );
    }
    const { alpha, beta } = findings.bootstrap.parameters;
    expect(alpha.interval95[0]).toBeLessThan(law.alpha);
    expect(alpha.interval95[1]).toBeGreaterThan(law.alpha);
    expect(beta.interval95[0]).toBeLessThan(law.beta);
    expect(beta.interval95[1]).toBeGreaterThan(law.beta);
  });

  test('have the noise between seeds', () => {
    expect(findings.seedDeviation).toBeGreaterThan(0.0014);
    expect(findings.seedDeviation).toBeLessThan(0.0027);
    expect(ladderFindings(ladderRecord(0.002, 1)).seedDeviation).toBeNull();
  });

  test('judge each way of counting by points that were left out: without noise the true one foretells them exactly', () => {
    const { accountings, bestConvention } = ladderFindings(ladderRecord(0, 1));
    const errors = new Map(accountings.map(({ convention, heldOutError }) => [convention, heldOutError]));
    expect(errors.get('matmul')).toBeLessThan(2e-4);
    expect(errors.get('nonEmbedding')).toBeGreaterThan(3 * (errors.get('matmul') ?? 1));
    expect(['matmul', 'active']).toContain(bestConvention);
  });

  test('say that the best size depends on what is counted, where models are mostly embedding', () => {
    expect(findings.exponentSpread).toBeGreaterThan(0.1);
    const text = ladderSentences(findings).join(' ');
    expect(text).toContain('depends on what is counted');
    expect(text).toContain(lawText(findings.ladder.predictor.fit.law));
    expect(text).toMatch(/Between seeds bits per byte differ by 0\.[12] %/);
    expect(text).toMatch(/What would narrow that most for its cost: \dx\d+ on/);
  });

  test('advise a training that narrows the interval', () => {
    const [best, ...others] = findings.advice?.ranked ?? [];
    expect(best?.halfWidthAfter).toBeLessThan(findings.advice?.halfWidthBefore ?? 0);
    for (const other of others) expect(other.narrowingPerFlop).toBeLessThanOrEqual(best?.narrowingPerFlop ?? 0);
  });

  test('do not claim what a ladder of one size cannot tell', () => {
    const one = ladderFindings(ladderRecord(0.002, 3, sizes.slice(0, 1)));
    expect(one.ladder.predictor.fit.identified.alpha).toBe(false);
    expect(ladderSentences(one).join(' ')).toContain('how the loss falls with size');
    expect(one.optima).toEqual([]);
    expect(one.advice).toBeNull();
  });
});
