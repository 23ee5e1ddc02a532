import { describe, expect, test } from 'vitest';
import { acceleratorNamed, acceleratorOfDriver, accelerators, peakFlopsOf } from '../../../src/theory/index.ts';

describe('the table of accelerators', () => {
  test('names every one once, aliases included', () => {
    const names = accelerators.flatMap(({ name, aliases }) => [name, ...aliases]);
    expect(new Set(names).size).toBe(names.length);
    for (const name of names) expect(name).toBe(name.toLowerCase());
  });

  test('finds one by name and by alias in any case, and lists all for a name that it does not have', () => {
    expect(acceleratorNamed('H100').title).toBe('NVIDIA H100 SXM 80 GB');
    expect(acceleratorNamed('a100-80gb')).toBe(acceleratorNamed('a100'));
    expect(() => acceleratorNamed('abacus')).toThrow(
      expect.objectContaining({ code: 'usage', hint: expect.stringContaining('tpu-v5p') }),
    );
  });

  test('knows what drivers call them, by the longest name that fits', () => {
    const named = (driver: string) => acceleratorOfDriver(driver)?.name;
    expect(named('NVIDIA H100 80GB HBM3')).toBe('h100');
    expect(named('NVIDIA H100 PCIe')).toBe('h100-pcie');
    expect(named('NVIDIA H100 NVL')).toBe('h100-nvl');
    expect(named('NVIDIA A100-SXM4-40GB')).toBe('a100-40gb');
    expect(named('NVIDIA A100-SXM4-80GB')).toBe('a100');
    expect(named('NVIDIA A10G')).toBe('a10');
    expect(named('TPU v5 lite')).toBe('tpu-v5e');
    expect(named('TPU v5p')).toBe('tpu-v5p');
    expect(named('TPU v5')).toBe('tpu-v5p');
    expect(named('TPU v6 lite')).toBe('tpu-v6e');
    expect(named('cpu')).toBeUndefined();
  });

  test('has rates that fit each other: float32 below bfloat16, links below memory, networks below links', () => {
    for (const { name, peakFlops, memoryBytes, memoryBandwidth, inner, outer, source } of accelerators) {
      expect(peakFlops.float32 ?? 0, name).toBeLessThanOrEqual(peakFlops.tensorFloat32 ?? 0);
      expect(peakFlops.tensorFloat32 ?? 0, name).toBeLessThan(peakFlops.bfloat16);
      expect(inner.bytesPerSecond, name).toBeLessThan(memoryBandwidth);
      expect(outer?.bytesPerSecond ?? 0, name).toBeLessThan(inner.bytesPerSecond);
      // Between 60 and 1,200 operations for each byte that memory delivers.
      expect(peakFlops.bfloat16 / memoryBandwidth, name).toBeGreaterThan(60);
      expect(peakFlops.bfloat16 / memoryBandwidth, name).toBeLessThan(1200);
      expect(memoryBytes, name).toBeGreaterThan(15e9);
      expect(source.length, name).toBeGreaterThan(5);
    }
  });

  test('tells no rate where the vendor tells none', () => {
    expect(peakFlopsOf(acceleratorNamed('tpu-v4'), 'float32')).toBeUndefined();
    expect(peakFlopsOf(acceleratorNamed('h100'), 'bfloat16')).toBe(989.4e12);
  });

  test('tells of float32 the rate in all its bits, as it is trained in, not that of TF32', () => {
    expect(peakFlopsOf(acceleratorNamed('h100'), 'float32')).toBe(67e12);
    expect(peakFlopsOf(acceleratorNamed('a100'), 'float32')).toBe(19.5e12);
  });
});
