import { createHash } from 'node:crypto';
import { endianness } from 'node:os';
import { assert, type FileSystem, type OpenFile } from '../../core/index.ts';
import {
  dtypeBits,
  FormatFault,
  headerSize,
  lengthBytes,
  maxDimensions,
  maxHeaderBytes,
  maxTensors,
  parseHeader,
  type SafetensorsDtype,
  type SafetensorsHeader,
} from './safetensors-header.ts';

// The format is little-endian, and so is every machine that Node and the engines run on.
assert(endianness() === 'LE', 'arrays are written as they lie in memory, which is not little-endian here');

/** How much is written, read and hashed at a time. */
const chunkBytes = 2 ** 22;

/** A float32 array with its shape. */
export interface TensorArray {
  readonly shape: readonly number[];
  readonly data: Float32Array;
}
export type TensorArrays = ReadonlyMap<string, TensorArray>;

/** What a safetensors file is to hold of one tensor, of any dtype. */
export interface TensorBytes {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** As they lie in memory, little-endian. */
  readonly data: ArrayBufferView;
}

/** Float32 arrays as a safetensors file holds them. */
export function asTensorBytes(arrays: TensorArrays): Map<string, TensorBytes> {
  return new Map(Array.from(arrays, ([name, { shape, data }]) => [name, { dtype: 'F32', shape, data }]));
}

/** A safetensors file that is about to be written. */
export interface SafetensorsContents {
  readonly sizeBytes: number;
  /** The file, piece by piece; the pieces are views of the tensors, not copies. */
  chunks(): Generator<Uint8Array>;
}

/**
 * Lays out tensors as a safetensors file: by size of their elements, largest first, then by name, so that every tensor is
 * aligned to its elements and equal tensors give equal bytes in whatever order they come.
 */
export function safetensors(
  tensors: ReadonlyMap<string, TensorBytes>,
  metadata: ReadonlyMap<string, string> = new Map(),
): SafetensorsContents {
  const inOrder = [...tensors].sort(
    ([a, x], [b, y]) => dtypeBits[y.dtype] - dtypeBits[x.dtype] || (a < b ? -1 : a > b ? 1 : 0),
  );
  let end = 0;
  const fields: string[] = [];
  if (metadata.size > 0) {
    const entries = [...metadata].sort(([a], [b]) => (a < b ? -1 : 1));
    fields.push(`"__metadata__":{${entries.map(([key, text]) => `${JSON.stringify(key)}:${JSON.stringify(text)}`)}}`);
  }
  for (const [name, { dtype, shape, data }] of inOrder) {
    assert(name !== '__metadata__', 'a tensor is named __metadata__');
    const begin = end;
    end += data.byteLength;
    const bits = shape.reduce((product, size) => product * size, dtypeBits[dtype]);
    assert(bits === 8 * data.byteLength, `${name} has ${data.byteLength} bytes, expected ${bits / 8} for its shape`);
    assert(shape.length <= maxDimensions, `${name} has ${shape.length} dimensions, more than ${maxDimensions}`);
    fields.push(`${JSON.stringify(name)}:${JSON.stringify({ dtype, shape, data_offsets: [begin, end] })}`);
  }
  const json = new TextEncoder().encode(`{${fields.join(',')}}`);
  const header = new Uint8Array(lengthBytes + Math.ceil(json.length / 8) * 8).fill(0x20);
  new DataView(header.buffer).setBigUint64(0, BigInt(header.length - lengthBytes), true);
  header.set(json, lengthBytes);
  // What breaks the bounds of its own reader is not written.
  assert(inOrder.length <= maxTensors, `there are ${inOrder.length} tensors, more than ${maxTensors}`);
  assert(header.length - lengthBytes <= maxHeaderBytes, `the header is longer than ${maxHeaderBytes} bytes`);
  return {
    sizeBytes: header.length + end,
    *chunks() {
      yield header;
      for (const [, { data }] of inOrder) {
        const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
        for (let at = 0; at < bytes.length; at += chunkBytes) yield bytes.subarray(at, at + chunkBytes);
      }
    },
  };
}

/** A safetensors file whose header was read and checked. */
export interface SafetensorsFile extends SafetensorsHeader {
  readonly sizeBytes: number;
  close(): void;
}

/**
 * Opens a safetensors file; nothing but its header is read.
 *
 * @throws FormatFault where it breaks a rule of the format
 */
export function openSafetensors(fs: FileSystem, path: string): SafetensorsFile {
  const { sizeBytes } = fs.stat(path);
  const file = fs.open(path, 'read');
  try {
    const header = parseHeader(readHeader(file, sizeBytes).subarray(lengthBytes), sizeBytes);
    return {
      ...header,
      sizeBytes,
      close: () => file.close(),
    };
  } catch (error) {
    file.close();
    throw error;
  }
}

/** All tensors of a file, and what the file was when they were read. */
export interface ReadArrays {
  readonly arrays: Map<string, TensorArray>;
  readonly sizeBytes: number;
  /** SHA-256 of the whole file. */
  readonly sha256: string;
}

/**
 * Reads a safetensors file of float32 tensors from end to end, each byte once, and hashes what it reads.
 *
 * @returns the tensors in the order of their names
 * @throws FormatFault where it breaks a rule of the format or holds another dtype
 */
export function readArrays(fs: FileSystem, path: string): ReadArrays {
  const { sizeBytes } = fs.stat(path);
  const file = fs.open(path, 'read');
  try {
    const hash = createHash('sha256');
    const beginning = readHeader(file, sizeBytes);
    hash.update(beginning);
    const { tensors } = parseHeader(beginning.subarray(lengthBytes), sizeBytes);
    const arrays = new Map<string, TensorArray>();
    // By their bytes in the file, which they cover without a hole.
    for (const [name, { dtype, shape, beginBytes, sizeBytes: size }] of tensors) {
      if (dtype !== 'F32') throw new FormatFault(`found ${name} in ${dtype}, expected F32`);
      const data = new Float32Array(size / 4);
      readFully(file, new Uint8Array(data.buffer), beginBytes, (bytes) => hash.update(bytes));
      arrays.set(name, { shape, data });
    }
    return { arrays, sizeBytes, sha256: hash.digest('hex') };
  } finally {
    file.close();
  }
}

/** The first bytes of a file: the length of its header and the header. */
function readHeader(file: OpenFile, sizeBytes: number): Uint8Array {
  const first = new Uint8Array(lengthBytes);
  const size = headerSize(first.subarray(0, file.readAt(first, 0)), sizeBytes);
  const all = new Uint8Array(lengthBytes + size);
  readFully(file, all, 0, () => undefined);
  return all;
}

function readFully(file: OpenFile, into: Uint8Array, offset: number, seen: (bytes: Uint8Array) => void): void {
  for (let at = 0; at < into.length; at += chunkBytes) {
    const piece = into.subarray(at, at + chunkBytes);
    const found = file.readAt(piece, offset + at);
    if (found < piece.length) throw new FormatFault(`the file ended at byte ${offset + at + found} while it was read`);
    seen(piece);
  }
}
