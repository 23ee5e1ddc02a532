import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, test } from 'vitest';
import { burstLength, isDisturbed, runQuietBurst } from '../../bench/step/burst.ts';
import type { Comparison } from '../../bench/step/comparison.ts';
import { Contestant } from '../../bench/step/contestant.ts';
import { derive } from '../../bench/step/derived.ts';
import { parseStepFlags } from '../../bench/step/flags.ts';
import { greatestDeviation, passesGate, runGate } from '../../bench/step/gate.ts';
import { flopPerStep, gemmShapes, models, nameGemm, numMatmulParameters } from '../../bench/step/models.ts';
import { type BurstRecord, type Outcome, summarize } from '../../bench/step/outcome.ts';
import { PeerFailure, PeerProcess } from '../../bench/step/peer-process.ts';
import { busySeconds, othersCores, parseProcess, treeSeconds } from '../../bench/step/processor-load.ts';
import { rowCommand } from '../../bench/step/row-command.ts';
import { planRow, type RowSpec, rowSpecs } from '../../bench/step/rows.ts';
import { least, median, shuffled, total } from '../../bench/step/statistics.ts';
import { formatTable, gemmRate } from '../../bench/step/table.ts';
import { drawTokens, initialValues } from '../../bench/step/task-files.ts';
import { present, randomStream } from '../../src/core/index.ts';
import { expectRefusal, refusalOf } from '../support/expect-refusal.ts';

const specOf = (id: string): RowSpec =>
  present(
    rowSpecs.find((spec) => spec.id === id),
    id,
  );

describe('flags', () => {
  test('without flags everything runs, five rounds', () => {
    const flags = parseStepFlags([]);
    expect(flags).toMatchObject({ models: ['S', 'M', 'W'], rounds: 5, slow: false, timeoutMs: 600_000, help: false });
    expect(flags.rows).toBe(rowSpecs);
  });

  test('each flag is read', () => {
    const flags = parseStepFlags([
      '--models',
      'W,S',
      '--rounds',
      '2',
      '--rows',
      'OURS-cpu|jax-2',
      '--slow',
      '--json',
      'x',
    ]);
    expect(flags).toMatchObject({ models: ['S', 'W'], rounds: 2, slow: true, jsonPath: 'x' });
    expect(flags.rows.map(({ id }) => id)).toEqual(['ours-cpu-1', 'ours-cpu-2', 'jax-2']);
  });

  test.each([
    [['--models', 'S,Q'], /model "Q", expected some of S,M,W/],
    [['--rounds', '0'], /--rounds is "0"/],
    [['--rounds', 'many'], /--rounds is "many"/],
    [['--timeout', '1.5'], /--timeout is "1.5"/],
    [['--rows', '('], /no regular expression/],
    [['--rows', 'caffe'], /matches none of gemm-1/],
    [['--fast'], /--fast/],
    [['S'], /'S'/],
  ])('%j is refused', (args, message) => {
    const refusal = refusalOf(() => parseStepFlags(args));
    expectRefusal(refusal, 'usage');
    expect(refusal.message).toMatch(message);
    expect(refusal.exitCode).toBe(2);
  });
});

describe('rows', () => {
  test('have names of their own', () => {
    expect(new Set(rowSpecs.map(({ id }) => id)).size).toBe(rowSpecs.length);
  });

  test('the slow JavaScript peers run on S, elsewhere only when asked, and briefly', () => {
    expect(planRow(specOf('jax-js-1'), 'S', false, false)).toEqual({ kind: 'full' });
    expect(planRow(specOf('jax-js-1'), 'M', false, false)).toMatchObject({ kind: 'skip', reason: /not run/ });
    expect(planRow(specOf('tensorflow-js-1'), 'W', true, false)).toEqual({ kind: 'few' });
    expect(planRow(specOf('jax-2'), 'W', false, false)).toEqual({ kind: 'full' });
  });

  test('emulated bf16 runs on S, briefly on M, and on W when asked; real bf16 runs everywhere', () => {
    const spec = specOf('pytorch-compiled-bf16-2');
    expect(['S', 'M', 'W'].map((model) => planRow(spec, model as 'S', false, false).kind)).toEqual([
      'full',
      'few',
      'skip',
    ]);
    expect(planRow(spec, 'W', true, false).kind).toBe('few');
    expect(planRow(spec, 'W', false, true).kind).toBe('full');
  });

  test('a peer that is not installed says how to install it', () => {
    const places = { peers: '/nowhere', children: '/children' };
    expect(rowCommand(specOf('jax-2'), places, 's.json')).toEqual({ absent: 'absent: run bench/peers/jax/setup.sh' });
    expect(rowCommand(specOf('jax-js-2'), places, 's.json')).toEqual({
      absent: 'absent: run bench/peers/jax-js/setup.sh',
    });
    expect(rowCommand(specOf('ours-wasm-2'), places, 's.json')).toEqual({
      command: process.execPath,
      args: ['/children/ours.mjs', '--spec', 's.json', '--threads', '2', '--provider', 'wasm'],
    });
  });
});

describe('the model', () => {
  test('floating point operations follow the convention 6·N·tokens + 12·L·D·T·tokens', () => {
    expect(numMatmulParameters(models.S)).toBe(819_200);
    expect(flopPerStep(models.S)).toBe(6 * 819_200 * 1024 + 12 * 4 * 128 * 128 * 1024);
    expect(numMatmulParameters(models.W)).toBe(4 * 12 * 256 ** 2 + 32_768 * 256);
  });

  test('Gemm is tried on the products of forward and backward, in all four forms', () => {
    const names = gemmShapes(models.S).map(nameGemm);
    for (const name of ['1024×512×128 nt', '1024×128×512 nn', '512×128×1024 tn', '256×128×1024 tt']) {
      expect(names).toContain(name);
    }
    expect(names).toHaveLength(4 * 9);
  });

  test('initial values depend on the name and have the deviation that was asked for', () => {
    const values = initialValues('blocks.0.mlp.up', [512, 128]);
    const deviation = Math.sqrt(total([...values].map((x) => x * x)) / values.length);
    expect(deviation * Math.sqrt(128)).toBeCloseTo(1, 1);
    expect(initialValues('blocks.1.mlp.up', [512, 128])[0]).not.toBe(values[0]);
    expect(initialValues('blocks.0.mlp.up', [512, 128])).toEqual(values);
    const head = initialValues('head', [256, 128]);
    expect(Math.sqrt(total([...head].map((x) => x * x)) / head.length)).toBeCloseTo(0.02, 3);
  });

  test('tokens are of the vocabulary, and not all equally likely', () => {
    const tokens = [...drawTokens(models.S)];
    expect(tokens.every((token) => Number.isInteger(token) && token >= 0 && token < 256)).toBe(true);
    expect(tokens.filter((token) => token < 32).length / tokens.length).toBeCloseTo(0.5, 1);
  });
});

describe('statistics', () => {
  test('median, least and total', () => {
    expect(median([10, 9, 100])).toBe(10);
    expect(median([4, 1, 3, 2])).toBe(2.5);
    expect(least([3, -1, 2])).toBe(-1);
    expect(total([1, 2, 3.5])).toBe(6.5);
    expect(() => median([])).toThrow(/median of nothing/);
  });

  test('shuffling keeps the values and is a function of the stream', () => {
    const values = Array.from({ length: 12 }, (_, i) => i);
    const order = shuffled(values, randomStream(1, 'a'));
    expect([...order].sort((x, y) => x - y)).toEqual(values);
    expect(order).not.toEqual(values);
    expect(shuffled(values, randomStream(1, 'a'))).toEqual(order);
    expect(shuffled(values, randomStream(1, 'b'))).not.toEqual(order);
  });
});

describe('the load of the machine', () => {
  test('busy time is all but idle and waiting, with what the host stole', () => {
    expect(busySeconds('cpu  100 200 300 9000 8000 10 20 70 5 5\ncpu0 1 1 1 1')).toBeCloseTo(7);
  });

  test('a process name may hold spaces and parentheses', () => {
    const text = '42 (a (b) c) S 7 1 1 0 -1 0 1 2 3 4 100 50 30 20 20 0 1 0 99';
    expect(parseProcess(text)).toEqual({ pid: 42, parent: 7, seconds: 2 });
  });

  test('a tree is a process with all descendants', () => {
    const processes = [
      { pid: 1, parent: 0, seconds: 100 },
      { pid: 2, parent: 1, seconds: 3 },
      { pid: 3, parent: 2, seconds: 4 },
      { pid: 4, parent: 3, seconds: 5 },
    ];
    expect(treeSeconds(processes, 2)).toBe(12);
    expect(treeSeconds(processes, 9)).toBe(0);
  });

  test('what others used is what everyone used less what is our own', () => {
    expect(othersCores({ everyone: 10, own: 4 }, { everyone: 14, own: 7 }, 2)).toBeCloseTo(0.5);
    expect(othersCores({ everyone: 10, own: 4 }, { everyone: 12, own: 7 }, 2)).toBe(0);
  });
});

describe('bursts', () => {
  const bursts = (...loads: (number | undefined)[]) => {
    const left = loads.map((othersCores) => ({ othersCores }));
    return async () => present(left.shift(), 'another burst');
  };

  test('last about two seconds, and two steps at least', () => {
    expect(burstLength(20)).toBe(100);
    expect(burstLength(9000)).toBe(2);
    expect(burstLength(0)).toBeGreaterThan(2);
  });

  test('are disturbed by more than a tenth of a core', () => {
    expect([0.1, 0.11, undefined].map((othersCores) => isDisturbed({ othersCores }))).toEqual([false, true, false]);
  });

  test('a quiet one is kept at once', async () => {
    expect(await runQuietBurst(bursts(0.05))).toEqual({ burst: { othersCores: 0.05 }, attempts: 1 });
    expect(await runQuietBurst(bursts(undefined))).toMatchObject({ attempts: 1 });
  });

  test('a disturbed one is repeated until it is quiet', async () => {
    expect(await runQuietBurst(bursts(1, 0.5, 0.02))).toEqual({ burst: { othersCores: 0.02 }, attempts: 3 });
  });

  test('after three repetitions the least disturbed one is kept', async () => {
    expect(await runQuietBurst(bursts(1, 0.3, 0.5, 2))).toEqual({ burst: { othersCores: 0.3 }, attempts: 4 });
    expect(await runQuietBurst(bursts(1), 0)).toEqual({ burst: { othersCores: 1 }, attempts: 1 });
  });
});

describe('the gate', () => {
  test('passes losses within 2e-3 and nothing else', () => {
    expect(passesGate([5.001, 4], [5, 4.0015])).toBe(true);
    expect(passesGate([5.0021, 4], [5, 4])).toBe(false);
    expect(passesGate([null, 4], [5, 4])).toBe(false);
    expect(passesGate([Number.NaN, 4], [5, 4])).toBe(false);
    expect(passesGate([5], [5, 4])).toBe(false);
    expect(greatestDeviation([5, 4.5], [5, 4])).toBe(0.5);
  });
});

describe('a peer process', () => {
  const fake = (behaviour: string, timeoutMs = 20_000) => ({
    command: process.execPath,
    args: [join(fileURLToPath(new URL('.', import.meta.url)), 'fake-peer.mjs'), behaviour],
    timeoutMs,
  });

  test('answers steps and ends when told', async () => {
    const peer = await PeerProcess.start(fake('good'));
    expect(peer.ready).toEqual({ ready: true, versions: { fake: '1.0' }, loadMs: 3, threads: 1 });
    expect((await peer.steps(2)).losses).toEqual([0.5, 1.5]);
    const { opening, stepMs } = await runGate(peer);
    expect(opening.losses).toEqual([0.5, 0.5, 1.5, 2.5, 3.5]);
    expect(opening.firstLossMs).toBeGreaterThan(0);
    expect(stepMs).toBe(2);
    await peer.close();
  });

  test('that crashes says how, with the telling line of its log', async () => {
    await expect(PeerProcess.start(fake('crash-at-start'))).rejects.toThrow(
      new PeerFailure('crashed with exit code 1: MemoryError: cannot allocate 4 GiB'),
    );
    const peer = await PeerProcess.start(fake('crash'));
    await expect(peer.steps(1)).rejects.toThrow(/^crashed with exit code 7: RangeError: out of memory$/);
    await peer.close();
  });

  test('that hangs exceeds its time limit and is ended', async () => {
    const start = PeerProcess.start(fake('hang', 200));
    await expect(start).rejects.toThrow(new PeerFailure('exceeded its time limit of 0.2 s'));
  });

  test('that answers something else is refused', async () => {
    const babbling = await PeerProcess.start(fake('babble'));
    await expect(babbling.steps(1)).rejects.toThrow(/answered "hello"/);
    await babbling.close();
    const short = await PeerProcess.start(fake('short'));
    await expect(short.steps(3)).rejects.toThrow('answered 2 losses to 3 steps');
    await short.close();
  });

  test('that does not exist could not be started', async () => {
    const start = PeerProcess.start({ command: '/nowhere/python', args: [], timeoutMs: 20_000 });
    await expect(start).rejects.toThrow(/could not be started/);
  });

  test('ends its own row only', async () => {
    const contestant = new Contestant(specOf('jax-2'), { kind: 'full' });
    await contestant.open(fake('crash'), 20_000);
    expect(contestant.takesPart(0)).toBe(false);
    expect(contestant.outcome([])).toEqual({
      kind: 'none',
      reason: 'crashed with exit code 7: RangeError: out of memory',
    });
  });

  test('gives a measurement after its turns', async () => {
    const contestant = new Contestant(specOf('jax-2'), { kind: 'few' });
    await contestant.open(fake('good'), 20_000);
    expect([contestant.takesPart(0), contestant.takesPart(1)]).toEqual([true, false]);
    expect(await contestant.takeTurn(0)).toMatchObject({ stepMs: [0.5, 1.5], attempts: 1 });
    await contestant.close();
    expect(contestant.outcome([])).toMatchObject({ kind: 'measured', measurement: { medianMs: 1, minMs: 0.5 } });
  });
});

describe('the table', () => {
  const burst = (stepMs: readonly number[], isDisturbed = false): BurstRecord => ({
    round: 0,
    stepMs,
    cpuSeconds: 0.1,
    othersCores: 0,
    loadAverage: 0,
    attempts: 1,
    isDisturbed,
  });
  const losses = [5, 4.9, 4.8, 4.7, 4.6];
  const measurementOf = (threads: number, stepMs: readonly number[], peakBytes: number) => {
    const ready = { ready: true, versions: {}, loadMs: 100, threads } as const;
    return summarize(
      { ready, firstStepMs: 80, firstLossMs: 300, losses },
      [burst(stepMs), burst(stepMs, true)],
      peakBytes,
    );
  };
  const row = (id: string, outcome: Outcome, note?: string) => ({ spec: specOf(id), note, outcome });
  const measured = (threads: number, stepMs: readonly number[], peakBytes: number): Outcome => ({
    kind: 'measured',
    measurement: measurementOf(threads, stepMs, peakBytes),
  });
  const comparison: Comparison = {
    model: 'S',
    referenceLosses: losses,
    rows: [
      row('gemm-2', { kind: 'gemm', product: '1024×512×128 nt', gflops: 300, measurement: measurementOf(2, [1], 1e8) }),
      row('ours-cpu-2', measured(2, [30, 40, 38], 2e8)),
      row('pytorch-eager-2', measured(2, [76, 76, 76], 4e8)),
      row('pytorch-eager-bf16-2', { kind: 'failed', losses: [5, null] }, 'emulated: this processor has no bf16'),
      row('jax-2', { kind: 'none', reason: 'absent: run bench/peers/jax/setup.sh' }),
    ],
  };

  test('a measurement is the median of all steps of all bursts', () => {
    const measurement = measurementOf(2, [30, 40, 38], 2e8);
    expect(measurement).toMatchObject({ medianMs: 38, minMs: 30, numSteps: 6, numDisturbed: 1, firstLossMs: 300 });
    expect(measurement.cpuSecondsPerStep).toBeCloseTo(0.2 / 6);
    expect(measurement.cpuPerWall).toBeCloseTo(200 / 216);
    expect(measurement.firstStepOverMedian).toBeCloseTo(80 / 38);
  });

  test('shows speeds, ratios and reasons, and no speed for a row that failed', () => {
    const lines = formatTable(comparison).split('\n');
    const cells = (i: number) => (lines[i] ?? '').split('|').map((cell) => cell.trim());
    expect(cells(0)).toContain('÷ Gemm');
    expect(cells(2)[1]).toBe("the runtime's Gemm, 1024×512×128 nt [1 of 2 bursts disturbed]");
    expect(cells(3).slice(1, -1)).toEqual([
      'ours onnx/cpu [1 of 2 bursts disturbed]',
      '2',
      '38.0 (30.0)',
      '26947',
      (flopPerStep(models.S) / 38e6).toFixed(1),
      (flopPerStep(models.S) / 38e6 / 300).toFixed(2),
      '0.033',
      '100',
      '80',
      '200',
      'ok, 0e+0',
    ]);
    expect(lines[5]).toMatch(/bf16 \(emulated: this processor has no bf16\) *\| 2 +\| FAILED, losses 5\.0000 NaN \|$/);
    expect(lines[6]).toMatch(/absent: run bench\/peers\/jax\/setup\.sh \|$/);
  });

  test('a second thread that slows Gemm down does not lower the yardstick', () => {
    const gemm = (id: string, gflops: number) =>
      row(id, { kind: 'gemm', product: '1024×512×128 nt', gflops, measurement: measurementOf(1, [1], 1e8) });
    const rows = [gemm('gemm-1', 75), gemm('gemm-2', 59)];
    expect([1, 2].map((threads) => gemmRate({ ...comparison, rows }, threads))).toEqual([75, 75]);
    expect(gemmRate(comparison, 1)).toBeUndefined();
  });

  test('ratios follow from the rows that were measured, and only from those', () => {
    const derived = new Map(derive(comparison).map(({ name, value }) => [name, value]));
    expect([...derived.keys()]).toEqual([
      "ours / the runtime's best Gemm, 2 threads",
      "ours / PyTorch's best float32",
      'peak memory, ours / PyTorch eager',
    ]);
    expect(derived.get("ours / PyTorch's best float32")).toBeCloseTo(2);
    expect(derived.get('peak memory, ours / PyTorch eager')).toBeCloseTo(0.5);
  });
});
