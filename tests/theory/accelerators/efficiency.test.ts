import { describe, expect, test } from 'vitest';
import { sourceOutcomes } from '../../../bench/fleet/held-against.ts';
import { llama8B, llama70B, mpt, olmoOfLadder, workloadOf } from '../../../bench/fleet/public-models.ts';
import {
  acceleratorNamed,
  knownEfficiency,
  measuredEfficiency,
  modelFlopsPerToken,
  publicEfficiency,
} from '../../../src/theory/index.ts';

describe('model FLOPs utilisation', () => {
  test('is 6 N of matrix products and 12 L H K T, the whole of attention', () => {
    const workload = workloadOf(llama8B, { batchSize: 8 });
    const { counts, shape } = workload;
    expect(counts.total).toBe(8_030_261_248);
    expect(modelFlopsPerToken(workload)).toBe(6 * counts.matmul + 12 * shape.numLayers * 4096 * 8192);
  });

  test('comes out as published from published tokens a second', () => {
    const share = (model: typeof llama8B, device: string, tokensPerSecond: number) => {
      const workload = workloadOf(model, { batchSize: 1 });
      const msPerStep = (1000 * model.contextLength) / tokensPerSecond;
      return measuredEfficiency({ workload, accelerator: acceleratorNamed(device), numDevices: 1, msPerStep });
    };
    // torchtitan tells 33 % to 39 %.
    expect(share(llama8B, 'h100', 5762)).toBeCloseTo(0.337, 3);
    expect(share(llama8B, 'h100', 6667)).toBeCloseTo(0.39, 3);
    // MaxText, on Trillium.
    expect(share(llama8B, 'tpu-v6e', 7207)).toBeCloseTo(0.4546, 3);
    expect(share(llama70B, 'tpu-v6e', 960)).toBeCloseTo(0.5033, 3);
    // llm-foundry counts learned positions too, of which nothing is multiplied.
    expect(share(mpt(32, 4096, 32, 2048), 'h100', 10_643)).toBeCloseTo(0.4644, 2);
    expect(share(mpt(32, 4096, 32, 2048), 'a100', 4641)).toBeCloseTo(0.6423, 2);
    // OLMo-core tells 47 % to 48 %.
    expect(share(olmoOfLadder('7B'), 'h100', 9850)).toBeCloseTo(0.475, 2);
  });

  test('of a measured step makes a forecast of the same step take what was measured', () => {
    const accelerator = acceleratorNamed('l4');
    const workload = workloadOf(mpt(12, 768, 12, 1024), { batchSize: 32 });
    const value = measuredEfficiency({ workload, accelerator, numDevices: 1, msPerStep: 600 });
    expect(value).toBeGreaterThan(0.2);
    expect(knownEfficiency(value ?? 0, 'measured')).toMatchObject({ value, source: 'measured' });
    expect(
      measuredEfficiency({
        workload: { ...workload, precision: 'float32' },
        accelerator: acceleratorNamed('tpu-v4'),
        numDevices: 1,
        msPerStep: 1,
      }),
    ).toBeUndefined();
  });
});

describe('what public figures tell', () => {
  const h100 = acceleratorNamed('h100');

  test('is near the middle of those of the same kind and about the same size, and says which', () => {
    const { value, interval80, interval95, text } = publicEfficiency(h100, 7e9, 'bfloat16');
    expect(value).toBeGreaterThan(0.36);
    expect(value).toBeLessThan(0.46);
    expect(interval95[0]).toBeLessThan(interval80[0]);
    expect(interval95[1]).toBeGreaterThan(interval80[1]);
    expect(text).toContain('public trainings of about this size on such devices');
    expect(text).toContain('torchtitan');
    expect(publicEfficiency(acceleratorNamed('a100'), 7e9, 'bfloat16').value).toBeGreaterThan(value);
  });

  test('is wider where nothing was measured on such a device, and never beyond the peak rate', () => {
    const width = ({ interval95: [low, high] }: { readonly interval95: readonly [number, number] }) =>
      Math.log(high / low);
    const known = publicEfficiency(h100, 7e9, 'bfloat16');
    const foreign = publicEfficiency(acceleratorNamed('mi300x'), 7e9, 'bfloat16');
    expect(width(foreign)).toBeGreaterThan(width(known));
    expect(foreign.text).toContain('on other kinds of devices');
    expect(width(publicEfficiency(h100, 7e9, 'float32'))).toBeGreaterThan(width(known));
    expect(publicEfficiency(acceleratorNamed('tpu-v5p'), 1e11, 'bfloat16').interval95[1]).toBeLessThan(1);
  });

  test('holds for a source that it does not know: 95 % intervals cover nearly all its figures, 80 % intervals most', () => {
    const outcomes = sourceOutcomes();
    const sum = (key: 'numFigures' | 'numWithin80' | 'numWithin95') => outcomes.reduce((all, one) => all + one[key], 0);
    const [numFigures, numWithin80, numWithin95] = [sum('numFigures'), sum('numWithin80'), sum('numWithin95')];
    expect(numFigures).toBeGreaterThan(40);
    expect(numWithin80 / numFigures).toBeGreaterThan(0.75);
    expect(numWithin95 / numFigures).toBeGreaterThan(0.93);
    // Intervals that hold everything say nothing.
    expect(numWithin80 / numFigures).toBeLessThan(1);
  });
});
