import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, test } from 'vitest';
import { agreements, distanceOf } from '../../bench/gpu/agreement.ts';
import { firstParameters, firstValuesOf, hashed, rowsOf } from '../../bench/gpu/first-values.ts';
import { parseGpuFlags } from '../../bench/gpu/flags.ts';
import { flopPerToken, gpuModels, modelOf, numMatmulParameters, tokensPerStep } from '../../bench/gpu/models.ts';
import { type GpuRecord, type MeasuredTurn, readRecord } from '../../bench/gpu/record.ts';
import { rowSpecs } from '../../bench/gpu/rows.ts';
import { reportOf, summariesOf } from '../../bench/gpu/table.ts';
import { present } from '../../src/core/index.ts';
import { sizeOf } from '../../src/tensor/index.ts';
import { expectRefusal, refusalOf } from '../support/expect-refusal.ts';

const folder = mkdtempSync(join(tmpdir(), 'groundwork-gpu-'));
afterAll(() => rmSync(folder, { recursive: true, force: true }));

describe('flags', () => {
  test('without flags all models and rows run at full size on a GPU, three rounds', () => {
    expect(parseGpuFlags([])).toMatchObject({
      device: 'gpu',
      scale: 'full',
      models: ['gpt2', 'nanochat-2025'],
      rows: '',
      rounds: 3,
      minutes: 60,
    });
  });

  test('on a processor the models are tiny unless they are asked for', () => {
    expect(parseGpuFlags(['--device', 'cpu']).scale).toBe('tiny');
    expect(parseGpuFlags(['--device', 'cpu', '--size', 'full']).scale).toBe('full');
  });

  test.each([
    [['--models', 'gpt3'], /model "gpt3", expected some of gpt2,nanochat-2025/],
    [['--device', 'tpu'], /--device is "tpu", expected gpu or cpu/],
    [['--rounds', '0'], /--rounds is "0"/],
    [['--micro', '16,'], /--micro is "16,"/],
    [['--rows', '('], /no regular expression/],
    [['--rows', 'caffe'], /matches none of ours-cudnn/],
    [['--fast'], /--fast/],
  ])('%j is refused', (args, message) => {
    const refusal = refusalOf(() => parseGpuFlags(args));
    expectRefusal(refusal, 'usage');
    expect(refusal.message).toMatch(message);
  });
});

describe('the models', () => {
  const [gpt2, nanochat] = gpuModels(['gpt2', 'nanochat-2025'], 'full').map((model) => present(model, 'a model'));

  test('GPT-2 has its 124 million parameters and 64 Ki tokens a step', () => {
    const model = modelOf('gpt2', present(gpt2, 'gpt2'));
    const numParameters = Object.values(model.parameters).reduce((total, { shape }) => total + sizeOf(shape), 0);
    // 12 · (4 · 768² + 8 · 768² + 13 · 768) + 2 · 768 + (50304 + 1024) · 768
    expect(numParameters).toBe(124_475_904);
    expect(tokensPerStep(present(gpt2, 'gpt2'))).toBe(65_536);
  });

  test('a token counts 6 N with the tied head once, and attention in full', () => {
    const model = modelOf('gpt2', present(gpt2, 'gpt2'));
    const matrices = 12 * 12 * 768 ** 2 + 50_304 * 768;
    expect(numMatmulParameters(model)).toBe(matrices);
    expect(flopPerToken(model)).toBe(6 * matrices + 12 * 12 * 768 * 1024);
  });

  test('an untied head counts, its embedding does not', () => {
    const extent = present(nanochat, 'nanochat');
    expect(numMatmulParameters(modelOf('nanochat-2025', extent))).toBe(12 * 12 * 768 ** 2 + 65_536 * 768);
    expect(tokensPerStep(extent)).toBe(65_536);
  });

  test('every micro-batch divides the rows of its step', () => {
    for (const scale of ['full', 'tiny'] as const) {
      for (const { batchSize, microBatchSizes, check } of gpuModels(['gpt2', 'nanochat-2025'], scale)) {
        expect(microBatchSizes.every((size) => batchSize % size === 0)).toBe(true);
        expect(check.batchSize % present(check.microBatchSizes[0], 'a size')).toBe(0);
      }
    }
  });
});

describe('first values', () => {
  test('the numbers are those that task.py draws', () => {
    // python -c "import task; print(task.hashed(7, 4), task.hashed(1003, 2))" in bench/gpu/python
    expect([...hashed(7, 4)]).toEqual([2_148_027, 6_644_905, 3_150_887, 3_209_473]);
    expect([...hashed(1003, 2)]).toEqual([6_407_792, 380_784]);
  });

  test('nothing starts at a constant, and what the recipe draws keeps its deviation', () => {
    expect(firstValuesOf({ kind: 'constant', value: 1 })).toEqual({ center: 1, deviation: 0.02 });
    expect(firstValuesOf({ kind: 'normal', deviation: 0 })).toEqual({ center: 0, deviation: 0.02 });
    expect(firstValuesOf({ kind: 'normal', deviation: 0.5 })).toEqual({ center: 0, deviation: 0.5 });
  });

  test('parameters have mean and deviation as asked', () => {
    const { check } = present(gpuModels(['nanochat-2025'], 'tiny')[0], 'a model');
    const values = present(firstParameters(modelOf('nanochat-2025', check)).get('embedding'), 'the embedding');
    const mean = values.reduce((total, x) => total + x, 0) / values.length;
    const variance = values.reduce((total, x) => total + (x - mean) ** 2, 0) / values.length;
    expect(Math.abs(mean)).toBeLessThan(0.02);
    expect(Math.sqrt(variance)).toBeCloseTo(1, 1);
  });

  test('targets are the tokens one place later, all within the vocabulary', () => {
    const { tokens, targets } = rowsOf(3, 4, 16, 100);
    expect([...targets.subarray(0, 15)]).toEqual([...tokens.subarray(1, 16)]);
    expect([...tokens, ...targets].every((token) => token >= 0 && token < 100)).toBe(true);
    expect(rowsOf(11, 4, 16, 100)).toEqual(rowsOf(3, 4, 16, 100));
  });
});

const turn = (given: Partial<MeasuredTurn> = {}): MeasuredTurn => ({
  microBatchSize: 16,
  tooLarge: [],
  loadMs: 1000,
  compileMs: 20_000,
  firstStepMs: 150,
  burstMs: [100, 102],
  losses: [10.9, 10.8],
  gradientNorms: [2, 1.9],
  check: { losses: [5.5, 5.4], gradientNorms: [1, 1.1] },
  peakBytes: 30e9,
  plannedBytes: null,
  versions: { jax: '0.11.2' },
  device: { name: 'NVIDIA H100 80GB HBM3', memoryBytes: 80e9 },
  ...given,
});

const recordOf = (results: { readonly [row: string]: readonly GpuRecord['turns'][number]['result'][] }): GpuRecord => ({
  benchmark: 'gpu',
  format: 1,
  device: 'gpu',
  driver: null,
  platform: 'Linux',
  settings: {},
  models: [
    {
      id: 'gpt2',
      recipe: 'gpt2',
      size: { vocabularySize: 50_304, contextLength: 1024, numLayers: 12, width: 768 },
      batchSize: 64,
      precision: 'bfloat16',
      numParameters: 124_475_904,
      numMatmulParameters: 123_568_128,
      flopPerToken: 854_654_976,
      tokensPerStep: 65_536,
    },
  ],
  rows: Object.keys(results).map((id) => ({ id, label: id })),
  turns: Object.entries(results).flatMap(([row, found]) =>
    found.map((result, round) => ({ model: 'gpt2', row, round, result })),
  ),
  isComplete: true,
});

describe('agreement', () => {
  test('a row with our losses and gradient norms is right', () => {
    const record = recordOf({ 'ours-xla': [turn()], pytorch: [turn({ losses: [10.901, 10.804] })] });
    expect(agreements(record, 'gpt2').get('pytorch')).toMatchObject({ isRight: true });
  });

  test.each<[string, Partial<MeasuredTurn>]>([
    ['another loss', { losses: [10.9, 10.82] }],
    ['another gradient', { gradientNorms: [2, 2.0] }],
    ['a loss that is not finite', { losses: [10.9, null] }],
    ['fewer losses', { losses: [10.9] }],
    ['another loss of the small model', { check: { losses: [5.5, 5.4005], gradientNorms: [1, 1.1] } }],
    ['another gradient of the small model', { check: { losses: [5.5, 5.4], gradientNorms: [1, 1.102] } }],
  ])('a row with %s is wrong and gets no speed', (_, change) => {
    const record = recordOf({ pytorch: [turn(change)], 'ours-xla': [turn()] });
    expect(agreements(record, 'gpt2').get('pytorch')?.isRight).toBe(false);
    const report = reportOf(record);
    expect(report).toMatch(/\| pytorch +\| FAILED/);
    expect(report).not.toMatch(/the speed of pytorch/);
  });

  test('one wrong turn of three makes a row wrong', () => {
    const record = recordOf({ 'ours-xla': [turn()], pytorch: [turn(), turn({ losses: [10.9, 11] }), turn()] });
    expect(agreements(record, 'gpt2').get('pytorch')?.isRight).toBe(false);
  });

  test('cuDNN, which has no float32, is held by its steps alone', () => {
    const record = recordOf({ 'ours-cudnn': [turn({ check: null })], pytorch: [turn()] });
    expect(agreements(record, 'gpt2').get('ours-cudnn')).toMatchObject({ isRight: true, check: undefined });
  });

  test('the distance of what is not there is no number', () => {
    expect(distanceOf({ losses: [], gradientNorms: [] }, { losses: [], gradientNorms: [] }).loss).toBeNaN();
  });
});

describe('the report', () => {
  test('speed is the median over the bursts of all rounds', () => {
    const record = recordOf({ 'ours-xla': [turn({ burstMs: [100, 130] }), turn({ burstMs: [110, 90, 101] })] });
    const [row] = summariesOf(record, present(record.models[0], 'a model'));
    expect(row).toMatchObject({ stepMs: 101, leastMs: 90, tokensPerSecond: 65_536e3 / 101, coldMs: 20_150 });
  });

  test('MFU is held against the dense bfloat16 rate of the device', () => {
    const record = recordOf({ 'ours-xla': [turn({ burstMs: [125] })], pytorch: [turn({ burstMs: [150] })] });
    const [row] = summariesOf(record, present(record.models[0], 'a model'));
    expect(row?.utilization).toBeCloseTo((854_654_976 * 65_536) / 0.125 / 989.4e12, 3);
    const report = reportOf(record);
    expect(report).toMatch(/1\.200× the speed of pytorch/);
    expect(report).toMatch(/MFU 45\.\d % \(ours-xla\); the target of 45 % is reached/);
  });

  test('a device that is not in the table has no MFU', () => {
    const record = recordOf({ 'ours-xla': [turn({ device: { name: 'cpu', memoryBytes: null } })] });
    expect(reportOf(record)).not.toMatch(/MFU \d/);
  });

  test('a row that could not run says why', () => {
    const record = recordOf({
      'ours-xla': [turn()],
      pytorch: [{ unavailable: "No module named 'torch'" }],
      'plain-jax': [{ failed: 'exit code 1: boom' }],
    });
    const report = reportOf({ ...record, isComplete: false, webgpu: { skipped: 'no Vulkan' } });
    expect(report).toMatch(/pytorch +\| not run: No module named 'torch'/);
    expect(report).toMatch(/plain-jax +\| FAILED: exit code 1: boom/);
    expect(report).toMatch(/time was up/);
    expect(report).toMatch(/WebGPU of ONNX Runtime: not run: no Vulkan/);
  });
});

describe('records', () => {
  test('what was written is read back', () => {
    const path = join(folder, 'record.json');
    const record = recordOf({ 'ours-xla': [turn()] });
    writeFileSync(path, JSON.stringify(record));
    expect(readRecord(path)).toEqual(record);
  });

  test('anything else is refused', () => {
    const path = join(folder, 'other.json');
    writeFileSync(path, '{"benchmark": "step"}');
    const refusal = refusalOf(() => readRecord(path));
    expectRefusal(refusal, 'usage');
    expect(refusal.message).toMatch(/no record of this benchmark: benchmark/);
    expectRefusal(
      refusalOf(() => readRecord(join(folder, 'none.json'))),
      'file-access',
    );
  });
});

test('every row names a script that is there', () => {
  for (const { runner, script } of rowSpecs) {
    if (runner === 'session') continue;
    expect(readFileSync(join('bench/gpu/python', script), 'utf8')).toContain('run_row(load)');
  }
});
