import { createHash } from 'node:crypto';
import { truncateSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { FileSystem } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import {
  asTensorBytes,
  openSafetensors,
  readArrays,
  safetensors,
  type TensorBytes,
} from '../../../src/training/run/safetensors.ts';
import { FormatFault, type SafetensorsHeader } from '../../../src/training/run/safetensors-header.ts';
import { memoryFiles } from '../../data/store/memory-files.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { runsOf } from '../../support/full-tests.ts';
import { fileOf, largeCorpus, safetensorsCorpus } from './safetensors-corpus.ts';

const inMemory = (bytes: Uint8Array) => memoryFiles(new Map([['/f', bytes]]));
const written = (tensors: ReadonlyMap<string, TensorBytes>, metadata?: ReadonlyMap<string, string>): Uint8Array =>
  new Uint8Array(Buffer.concat([...safetensors(tensors, metadata).chunks()]));

/** The header of a file in memory, or why it is refused. */
function headerOf(bytes: Uint8Array): SafetensorsHeader | string {
  try {
    const file = openSafetensors(inMemory(bytes), '/f');
    file.close();
    return file;
  } catch (error) {
    if (!(error instanceof FormatFault)) throw error;
    return error.message;
  }
}

const tensors = new Map([
  ['b', { shape: [2, 3], data: new Float32Array([1, -0, 3.5, 1e-45, -1e38, 6]) }],
  ['a', { shape: [], data: new Float32Array([7]) }],
  ['c "é😀\n', { shape: [0, 4], data: new Float32Array(0) }],
  ['__proto__', { shape: [1], data: new Float32Array([8]) }],
]);

describe('safetensors', () => {
  test('come back bit for bit, and equal tensors give equal bytes in any order', () => {
    const bytes = written(asTensorBytes(tensors));
    expect(written(asTensorBytes(new Map([...tensors].reverse())))).toEqual(bytes);
    expect(safetensors(asTensorBytes(tensors)).sizeBytes).toBe(bytes.length);
    const { arrays, sha256, sizeBytes } = readArrays(inMemory(bytes), '/f');
    expect(sizeBytes).toBe(bytes.length);
    expect(sha256).toBe(createHash('sha256').update(bytes).digest('hex'));
    expect([...arrays.keys()]).toEqual(['__proto__', 'a', 'b', 'c "é😀\n']);
    for (const [name, { shape, data }] of tensors) {
      expect(arrays.get(name)?.shape).toEqual(shape);
      expect(new Uint32Array(arrays.get(name)?.data.buffer as ArrayBuffer)).toEqual(new Uint32Array(data.buffer));
    }
  });

  test('that its own reader would refuse are not written', () => {
    const empty = { shape: [0], data: new Float32Array(0) };
    const many = (count: number, name: (i: number) => string) =>
      asTensorBytes(new Map(Array.from({ length: count }, (_, i) => [name(i), empty])));
    expect(() => safetensors(many(2 ** 15 + 1, String))).toThrow(/at fault: there are 32769 tensors/);
    expect(() => safetensors(many(2, (i) => `${i}`.repeat(2 ** 21)))).toThrow(/at fault: the header is longer/);
    const deep = { shape: new Array(65).fill(1), data: new Float32Array(1) };
    expect(() => safetensors(asTensorBytes(new Map([['a', deep]])))).toThrow(/at fault: a has 65 dimensions/);
  });

  test('of every dtype are laid out by the size of their elements, so that each is aligned', () => {
    const data = (bytes: number) => new Uint8Array(bytes).fill(bytes);
    const bytes = written(
      new Map<string, TensorBytes>([
        ['a', { dtype: 'U8', shape: [3], data: data(3) }],
        ['b', { dtype: 'F16', shape: [3], data: data(6) }],
        ['c', { dtype: 'I64', shape: [1], data: data(8) }],
        ['d', { dtype: 'F32', shape: [1], data: data(4) }],
        ['e', { dtype: 'F4', shape: [2], data: data(1) }],
      ]),
      new Map([['format', 'pt']]),
    );
    const file = openSafetensors(inMemory(bytes), '/f');
    expect([...file.tensors.keys()]).toEqual(['c', 'd', 'b', 'a', 'e']);
    expect(file.metadata).toEqual(new Map([['format', 'pt']]));
    const { beginBytes = 0 } = file.tensors.get('b') ?? {};
    expect(bytes.subarray(beginBytes, beginBytes + 6)).toEqual(data(6));
    expect([...file.tensors.values()].every(({ beginBytes, dtype }) => dtype !== 'I64' || beginBytes % 8 === 0)).toBe(
      true,
    );
    expect(() => readArrays(inMemory(bytes), '/f')).toThrow(/found c in I64, expected F32/);
  });

  test('agree with the bytes that the library in Python writes', () => {
    // safetensors 0.8.0: save({"b": float32 [1, 2], "a": float32 [[3]]}, metadata {"k": "v"})
    const expected = Buffer.from(pythonFile, 'base64');
    const file = openSafetensors(inMemory(new Uint8Array(expected)), '/f');
    expect(file.metadata).toEqual(new Map([['k', 'v']]));
    const { arrays } = readArrays(inMemory(new Uint8Array(expected)), '/f');
    expect(written(asTensorBytes(arrays), file.metadata)).toEqual(new Uint8Array(expected));
  });
});

const pythonFile =
  'iAAAAAAAAAB7Il9fbWV0YWRhdGFfXyI6eyJrIjoidiJ9LCJhIjp7ImR0eXBlIjoiRjMyIiwic2hhcGUiOlsxLDFdLCJkYXRhX29mZnNldHMiOlswLDRdfSwiYiI6eyJkdHlwZSI6IkYzMiIsInNoYXBlIjpbMl0sImRhdGFfb2Zmc2V0cyI6WzQsMTJdfX0gAABAQAAAgD8AAABA';

describe('the header of a safetensors file that means harm (reliability 10)', () => {
  for (const { name, bytes, refusal } of safetensorsCorpus()) {
    test(`${name}: ${refusal === undefined ? 'taken' : 'refused'}`, () => {
      const found = headerOf(bytes);
      if (refusal === undefined) expect(found).toBeTypeOf('object');
      else expect(found).toMatch(refusal);
    });
  }

  test('cannot touch Object.prototype, nor can a tensor hide behind a name of it', () => {
    const before = Object.getOwnPropertyNames(Object.prototype);
    const place = (begin: number) => `{"dtype":"F32","shape":[1],"data_offsets":[${begin},${begin + 4}]}`;
    const header = headerOf(fileOf(`{"__proto__":${place(0)},"constructor":${place(4)}}`, 8)) as SafetensorsHeader;
    expect([...header.tensors.keys()]).toEqual(['__proto__', 'constructor']);
    expect(header.tensors.get('toString')).toBeUndefined();
    expect(Object.getOwnPropertyNames(Object.prototype)).toEqual(before);
    expect('dtype' in {}).toBe(false);
  });

  test('is refused for little more memory than its own size, however large it is', () => {
    for (const { name, bytes, refusal } of largeCorpus()) {
      const fs = inMemory(bytes);
      const before = process.memoryUsage().arrayBuffers;
      expect(() => openSafetensors(fs, '/f'), name).toThrow(refusal);
      expect(process.memoryUsage().arrayBuffers - before, name).toBeLessThan(2 * 2 ** 22);
    }
  });

  test('does not make the reader allocate what it claims, nor read beyond its first bytes', () => {
    const bytes = fileOf(`{"a":{"dtype":"F32","shape":[${2 ** 40}],"data_offsets":[0,${2 ** 42}]}}`, 4);
    const reads: number[] = [];
    const inner = inMemory(bytes);
    const fs: FileSystem = {
      ...inner,
      open: (path, mode) => {
        const file = inner.open(path, mode);
        return {
          ...file,
          readAt: (into, offset) => {
            reads.push(into.length);
            return file.readAt(into, offset);
          },
        };
      },
    };
    for (const refused of [() => openSafetensors(fs, '/f'), () => readArrays(fs, '/f')]) {
      expect(refused).toThrow(FormatFault);
    }
    expect(Math.max(...reads)).toBeLessThanOrEqual(bytes.length);
  });
});

describe('a valid safetensors file that was changed', () => {
  const valid = fc
    .uniqueArray(fc.tuple(fc.string({ unit: 'binary' }), fc.array(fc.nat(4), { maxLength: 3 })), {
      maxLength: 5,
      selector: ([name]) => name,
    })
    .map((entries) => {
      const arrays = entries
        .filter(([name]) => name !== '__metadata__')
        .map(([name, shape]) => {
          const size = shape.reduce((a, b) => a * b, 1);
          return [name, { shape, data: Float32Array.from({ length: size }, (_, i) => i + 0.5) }] as const;
        });
      return new Map(arrays);
    });

  test('comes back as it was where nothing was changed', () => {
    fc.assert(
      fc.property(valid, (arrays) => {
        const read = readArrays(inMemory(written(asTensorBytes(arrays))), '/f').arrays;
        expect(new Map([...read].sort())).toEqual(new Map([...arrays].sort()));
      }),
      { numRuns: runsOf(600) },
    );
  });

  test('is either refused by a typed error, or says the same as the plain reading of its JSON', () => {
    const change = fc.array(
      fc.record({
        at: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
        kind: fc.constantFrom('bit', 'byte', 'cut', 'double', 'swap'),
        value: fc.nat(255),
      }),
      { minLength: 1, maxLength: 3 },
    );
    let numTaken = 0;
    fc.assert(
      fc.property(valid, change, (arrays, changes) => {
        let bytes = written(asTensorBytes(arrays));
        for (const { at, kind, value } of changes) {
          const place = Math.floor(at * bytes.length);
          if (kind === 'cut') bytes = bytes.slice(0, place);
          else if (kind === 'double') bytes = new Uint8Array([...bytes.slice(0, place), ...bytes.slice(place >> 1)]);
          else if (bytes.length > 0) {
            bytes = bytes.slice();
            const old = bytes[place] as number;
            bytes[place] =
              kind === 'bit'
                ? old ^ (1 << (value & 7))
                : kind === 'byte'
                  ? value
                  : '0123456789,:{}[]"'.charCodeAt(value % 17);
          }
        }
        const found = headerOf(bytes);
        if (typeof found === 'string') return;
        numTaken += 1;
        expect(found.tensors).toEqual(plainReading(bytes));
      }),
      { numRuns: runsOf(6000) },
    );
    // Changes of the data alone are taken: the format has no checksum, which is why a checkpoint has one.
    expect(numTaken).toBeGreaterThan(0);
  });
});

/** The slow reference: what `JSON.parse` makes of the header, held against the rules one by one. */
function plainReading(bytes: Uint8Array): Map<string, unknown> {
  const size = Number(new DataView(bytes.buffer, bytes.byteOffset).getBigUint64(0, true));
  const header = JSON.parse(Buffer.from(bytes.subarray(8, 8 + size)).toString());
  const places = Object.entries<{ dtype: string; shape: number[]; data_offsets: [number, number] }>(header)
    .filter(([name]) => name !== '__metadata__')
    .map(
      ([
        name,
        {
          dtype,
          shape,
          data_offsets: [begin, end],
        },
      ]) => {
        const place = { dtype, shape, beginBytes: 8 + size + begin, sizeBytes: end - begin };
        return [name, place] as const;
      },
    )
    .sort(([, a], [, b]) => a.beginBytes - b.beginBytes);
  return new Map(places);
}

describe('a safetensors file of several gigabytes', () => {
  test('is opened without reading its data, and one tensor is read alone', () => {
    const path = join(temporaryFolder(), 'large.safetensors');
    // A file with holes: 6 GB that take no room on the disk.
    const half = 3 * 2 ** 30;
    const place = (begin: number, end: number) =>
      `{"dtype":"U8","shape":[${end - begin}],"data_offsets":[${begin},${end}]}`;
    const bytes = fileOf(`{"a":${place(0, half)},"b":${place(half, 2 * half)},"c":${place(2 * half, 2 * half + 3)}}`);
    writeFileSync(path, bytes);
    truncateSync(path, bytes.length + 2 * half + 3);
    const before = process.memoryUsage().arrayBuffers;
    const file = openSafetensors(nodeFileSystem, path);
    expect(file.tensors.get('c')?.sizeBytes).toBe(3);
    expect(process.memoryUsage().arrayBuffers - before).toBeLessThan(1e6);
    file.close();
    truncateSync(path, bytes.length + 2 * half + 2);
    expect(() => openSafetensors(nodeFileSystem, path)).toThrow(/by the header/);
  });

  test('is written in pieces that are views and not copies', () => {
    const data = new Float32Array(5 * 2 ** 20);
    const [, ...pieces] = safetensors(asTensorBytes(new Map([['a', { shape: [data.length], data }]]))).chunks();
    expect(pieces.map((piece) => piece.length)).toEqual(new Array(5).fill(2 ** 22));
    expect(pieces.every((piece) => piece.buffer === data.buffer)).toBe(true);
  });

  test('that is cut short while it is read is refused', () => {
    const bytes = written(asTensorBytes(tensors));
    const inner = inMemory(bytes);
    const fs = { ...inner, stat: () => ({ sizeBytes: bytes.length, isFolder: false }) };
    inner.files.set('/f', bytes.slice(0, -3));
    expect(() => readArrays(fs, '/f')).toThrow(/ended at byte \d+ while it was read/);
  });
});
