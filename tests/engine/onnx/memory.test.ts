import fc from 'fast-check';
import { beforeAll, describe, expect, test } from 'vitest';
import type { MemoryEstimate } from '../../../src/engine/index.ts';
import { Arena, type Chunk } from '../../../src/engine/onnx/arena.ts';
import { runScript } from '../../support/run-script.ts';

const granule = 256;
const mebibyte = 2 ** 20;

describe('the model of the arena', () => {
  test('rounds requests up to 256 bytes, and no request is too small', () => {
    const arena = new Arena();
    arena.allocate(0);
    arena.allocate(1);
    arena.allocate(257);
    expect(arena.touchedBytes).toBe(4 * granule);
  });

  test('takes the smallest free chunk that is large enough', () => {
    const arena = new Arena();
    const [large, small] = [arena.allocate(16 * granule), keep(arena), arena.allocate(8 * granule), keep(arena)].filter(
      ({ size }) => size > granule,
    );
    if (!large || !small) throw new Error('two chunks');
    arena.free(large);
    arena.free(small);
    expect(arena.allocate(7 * granule).address).toBe(small.address);
    expect(arena.allocate(7 * granule).address).toBe(large.address);
  });

  test('takes the lower address of two free chunks of one size', () => {
    const arena = new Arena();
    const low = arena.allocate(8 * granule);
    keep(arena);
    const high = arena.allocate(8 * granule);
    keep(arena);
    arena.free(high);
    arena.free(low);
    expect(arena.allocate(8 * granule).address).toBe(low.address);
  });

  test('splits a chunk from twice the size of the request on, and hands it out whole below', () => {
    for (const [numGranules, isSplit] of [
      [4, true],
      [5, false],
    ] as const) {
      const arena = new Arena();
      const chunk = arena.allocate(8 * granule);
      keep(arena);
      arena.free(chunk);
      const again = arena.allocate(numGranules * granule);
      expect(again.address).toBe(chunk.address);
      expect(again.size).toBe((isSplit ? numGranules : 8) * granule);
    }
  });

  test('splits a smaller remainder too if it would waste 128 MiB', () => {
    for (const [wasted, isSplit] of [
      [128 * mebibyte, true],
      [128 * mebibyte - granule, false],
    ] as const) {
      const arena = new Arena();
      // A power of two fills its region.
      const whole = 512 * mebibyte;
      arena.free(arena.allocate(whole));
      expect(arena.allocate(whole - wasted).size).toBe(isSplit ? whole - wasted : whole);
    }
  });

  test('joins a freed chunk with free neighbours on both sides', () => {
    const arena = new Arena();
    const [a, b, c] = [arena.allocate(granule), arena.allocate(granule), arena.allocate(granule)];
    keep(arena);
    arena.free(a);
    arena.free(c);
    arena.free(b);
    const whole = arena.allocate(3 * granule);
    expect([whole.address, whole.size]).toEqual([a.address, 3 * granule]);
    expect(arena.touchedBytes).toBe(4 * granule);
  });

  test('never joins chunks of two regions', () => {
    const arena = new Arena();
    const chunks = [arena.allocate(mebibyte), arena.allocate(2 * mebibyte)];
    for (const chunk of chunks) arena.free(chunk);
    const third = arena.allocate(3 * mebibyte);
    expect(chunks.some((chunk) => overlap(chunk, third))).toBe(false);
  });

  test('begins with a region of one MiB and doubles from region to region', () => {
    const arena = new Arena();
    const regions = [1, 2, 4, 8].map((size) => {
      const chunk = arena.allocate(size * mebibyte);
      return { address: chunk.address, size: chunk.size };
    });
    expect(regions.map(({ size }) => size / mebibyte)).toEqual([1, 2, 4, 8]);
    // The next region has 16 MiB, of which 3 are too few to be handed out whole.
    const [small, neighbour] = [arena.allocate(3 * mebibyte), arena.allocate(5 * mebibyte)];
    expect(neighbour.address).toBe(small.address + 3 * mebibyte);
  });

  test('a request larger than the next region doubles it until it fits, and the region after it is no larger', () => {
    const arena = new Arena();
    const first = arena.allocate(5 * mebibyte);
    expect(first.size).toBe(8 * mebibyte);
    const second = arena.allocate(6 * mebibyte);
    expect(second.size).toBe(8 * mebibyte);
    expect(arena.allocate(9 * mebibyte).size).toBe(16 * mebibyte);
  });

  test('memory in use again is not touched again, and what was touched stays so', () => {
    const arena = new Arena();
    const chunk = arena.allocate(40 * granule);
    arena.free(chunk);
    expect(arena.touchedBytes).toBe(40 * granule);
    const parts = [arena.allocate(10 * granule), arena.allocate(10 * granule)];
    expect(arena.touchedBytes).toBe(40 * granule);
    for (const part of parts) arena.free(part);
    arena.allocate(45 * granule);
    expect(arena.touchedBytes).toBe(45 * granule);
  });

  test('chunks in use never overlap, freed memory is found again, and touched bytes never shrink', () => {
    const steps = fc.array(fc.record({ size: fc.integer({ min: 0, max: 3 * mebibyte }), free: fc.nat(3) }), {
      minLength: 1,
      maxLength: 60,
    });
    fc.assert(
      fc.property(steps, (requests) => {
        const arena = new Arena();
        const live: Chunk[] = [];
        let touched = 0;
        let end = 0;
        const remember = () => {
          expect(arena.touchedBytes).toBeGreaterThanOrEqual(touched);
          touched = arena.touchedBytes;
        };
        for (const { size, free } of requests) {
          const chunk = arena.allocate(size);
          expect(chunk.size).toBeGreaterThanOrEqual(size);
          expect(live.some((other) => overlap(other, chunk))).toBe(false);
          live.push(chunk);
          end = Math.max(end, chunk.address + chunk.size);
          remember();
          for (const old of live.splice(0, free)) arena.free(old);
          // What was freed and what lies next to it may have moved to another chunk, but none that is in use.
          live.forEach((one, i) => {
            expect(live.slice(i + 1).some((other) => overlap(one, other))).toBe(false);
          });
          remember();
        }
        // All memory that was ever in use is free now, in its regions, so the largest request fits without a new one.
        for (const chunk of live) arena.free(chunk);
        const largest = Math.max(...requests.map(({ size }) => size));
        expect(arena.allocate(largest).address).toBeLessThan(end);
      }),
      { numRuns: 200 },
    );
  });
});

/** A granule that stays in use, so that its neighbours are not joined. */
function keep(arena: Arena): Chunk {
  return arena.allocate(granule);
}

function overlap(a: Chunk, b: Chunk): boolean {
  return a.address < b.address + b.size && b.address < a.address + a.size;
}

interface Measurement {
  readonly estimate: MemoryEstimate;
  readonly growthBytes: number;
}

const isLinux = process.platform === 'linux';
if (!isLinux) console.warn(`Skipped on ${process.platform}: the memory of a process is read from /proc.`);

describe.skipIf(!isLinux)('training model M in a process of its own', () => {
  const measured: Record<string, Measurement> = {};
  beforeAll(async () => {
    for (const kind of ['keep', 'recompute']) {
      measured[kind] = (await runScript('tests/support/memory-of-training.ts', [kind])) as Measurement;
    }
  });
  const measurement = (kind: 'keep' | 'recompute'): Measurement => {
    const found = measured[kind];
    return found ?? expect.fail(`no measurement of ${kind}`);
  };

  for (const kind of ['keep', 'recompute'] as const) {
    test(`its memory grows by what was estimated, within 10 %, when activations are ${kind === 'keep' ? 'kept' : 'recomputed'}`, () => {
      const { estimate, growthBytes } = measurement(kind);
      const ratio = estimate.peakBytes / growthBytes;
      expect(ratio, `estimated ${estimate.peakBytes}, measured ${growthBytes}`).toBeGreaterThan(0.9);
      expect(ratio, `estimated ${estimate.peakBytes}, measured ${growthBytes}`).toBeLessThan(1.1);
    });
  }

  test('recomputation at least halves the activations, estimated and measured', () => {
    const [kept, recomputed] = [measurement('keep'), measurement('recompute')];
    expect(recomputed.estimate.stateBytes).toBe(kept.estimate.stateBytes);
    expect(recomputed.estimate.activationBytes).toBeLessThan(kept.estimate.activationBytes / 2);
    const beyondState = ({ estimate, growthBytes }: Measurement) => growthBytes - estimate.stateBytes;
    expect(beyondState(recomputed)).toBeLessThan(beyondState(kept) / 2);
  });
});
