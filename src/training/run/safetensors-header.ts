import { JsonScanner, ScanFault } from './json-scanner.ts';

/** Bits of an element, by the names of the format. */
export const dtypeBits = {
  BOOL: 8,
  F4: 4,
  F6_E2M3: 6,
  F6_E3M2: 6,
  U8: 8,
  I8: 8,
  F8_E5M2: 8,
  F8_E4M3: 8,
  F8_E8M0: 8,
  F8_E4M3FNUZ: 8,
  F8_E5M2FNUZ: 8,
  I16: 16,
  U16: 16,
  F16: 16,
  BF16: 16,
  I32: 32,
  U32: 32,
  F32: 32,
  I64: 64,
  U64: 64,
  F64: 64,
  C64: 64,
} as const;
export type SafetensorsDtype = keyof typeof dtypeBits;

/** Bytes before the header: its length, little-endian. */
export const lengthBytes = 8;
/**
 * The longest header that is read. The format allows 100 MB; the headers of the largest models that are published have less
 * than 1 MB, and what a file claims is not to cost memory.
 */
export const maxHeaderBytes = 2 ** 22;
export const maxTensors = 2 ** 15;
export const maxDimensions = 64;

/** Where a tensor lies in a file. */
export interface TensorPlace {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  /** First byte, from the beginning of the file. */
  readonly beginBytes: number;
  readonly sizeBytes: number;
}

export interface SafetensorsHeader {
  readonly metadata: ReadonlyMap<string, string>;
  /** In the order of their bytes in the file. */
  readonly tensors: ReadonlyMap<string, TensorPlace>;
}

/** Why a file is not in the safetensors format. */
export class FormatFault extends Error {}

/** Bytes of the header that the first eight bytes of a file announce. */
export function headerSize(first: Uint8Array, fileBytes: number): number {
  if (first.length < lengthBytes) throw new FormatFault(`found ${fileBytes} bytes, expected at least ${lengthBytes}`);
  const size = new DataView(first.buffer, first.byteOffset).getBigUint64(0, true);
  if (size > BigInt(maxHeaderBytes))
    throw new FormatFault(`found a header of ${size} bytes, expected at most ${maxHeaderBytes}`);
  if (size > BigInt(fileBytes - lengthBytes)) {
    throw new FormatFault(`found a header of ${size} bytes in a file of ${fileBytes} bytes`);
  }
  return Number(size);
}

/**
 * Reads the header of a safetensors file by all the rules of its format, before anything is allocated for a tensor: UTF-8,
 * no name twice, metadata of strings, known dtypes, and byte ranges that agree with the shapes and cover the rest of the
 * file without a hole or an overlap.
 *
 * Stricter than the reader in Rust: a name that occurs twice, integers of 2⁵³ or more, white space before the header, and headers beyond
 * `maxHeaderBytes`, `maxTensors` and `maxDimensions` are refused.
 *
 * @param bytes the header, without the length before it
 * @param fileBytes size of the whole file
 * @throws FormatFault
 */
export function parseHeader(bytes: Uint8Array, fileBytes: number): SafetensorsHeader {
  let text: string;
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes);
  } catch {
    throw new FormatFault('found a header that is not UTF-8');
  }
  if (!text.startsWith('{'))
    throw new FormatFault(`found a header that begins with ${JSON.stringify(text.slice(0, 1))}, expected {`);
  try {
    const { metadata, claims } = scan(new JsonScanner(text));
    return { metadata, tensors: placed(claims, lengthBytes + bytes.length, fileBytes) };
  } catch (error) {
    if (error instanceof ScanFault) throw new FormatFault(`the header: ${error.message}`);
    throw error;
  }
}

/** What the header says of a tensor. */
interface Claim {
  readonly dtype: SafetensorsDtype;
  readonly shape: readonly number[];
  readonly begin: number;
  readonly end: number;
}

function scan(scanner: JsonScanner): { metadata: Map<string, string>; claims: Map<string, Claim> } {
  let metadata: Map<string, string> | undefined;
  const claims = new Map<string, Claim>();
  scanner.object((name) => {
    if (name === '__metadata__') {
      if (metadata !== undefined) throw new FormatFault('found __metadata__ twice');
      metadata = scanMetadata(scanner);
      return;
    }
    if (claims.has(name)) throw new FormatFault(`found the tensor ${shownName(name)} twice`);
    if (claims.size === maxTensors) throw new FormatFault(`found more than ${maxTensors} tensors`);
    claims.set(name, scanClaim(scanner, name));
  });
  scanner.end();
  return { metadata: metadata ?? new Map(), claims };
}

function scanMetadata(scanner: JsonScanner): Map<string, string> {
  const metadata = new Map<string, string>();
  if (scanner.isNull()) return metadata;
  scanner.object((key) => {
    if (metadata.has(key)) throw new FormatFault(`found ${shownName(key)} twice in __metadata__`);
    metadata.set(key, scanner.string());
  });
  return metadata;
}

function scanClaim(scanner: JsonScanner, name: string): Claim {
  let dtype: SafetensorsDtype | undefined;
  let shape: number[] | undefined;
  let offsets: number[] | undefined;
  const once = (value: unknown, field: string): void => {
    if (value !== undefined) throw new FormatFault(`found ${field} of ${shownName(name)} twice`);
  };
  const integers = (): number[] => {
    const values: number[] = [];
    scanner.array(() => {
      if (values.length === maxDimensions) {
        throw new FormatFault(`found ${shownName(name)} with more than ${maxDimensions} dimensions`);
      }
      values.push(scanner.integer());
    });
    return values;
  };
  scanner.object((field) => {
    if (field === 'dtype') {
      once(dtype, field);
      const found = scanner.string();
      if (!isDtype(found)) throw new FormatFault(`found the dtype ${shownName(found)} of ${shownName(name)}`);
      dtype = found;
    } else if (field === 'shape') {
      once(shape, field);
      shape = integers();
    } else if (field === 'data_offsets') {
      once(offsets, field);
      offsets = integers();
    } else scanner.skip();
  });
  const [begin, end, ...more] = offsets ?? [];
  if (dtype === undefined || shape === undefined || begin === undefined || end === undefined || more.length > 0) {
    throw new FormatFault(`found ${shownName(name)} without a dtype, a shape and two data_offsets`);
  }
  return { dtype, shape, begin, end };
}

/** Holds the claims against each other and against the size of the file. */
function placed(claims: ReadonlyMap<string, Claim>, dataBegin: number, fileBytes: number): Map<string, TensorPlace> {
  const inOrder = [...claims].sort(([, a], [, b]) => a.begin - b.begin || a.end - b.end);
  const tensors = new Map<string, TensorPlace>();
  let next = 0;
  for (const [name, { dtype, shape, begin, end }] of inOrder) {
    if (begin !== next || end < begin) {
      const what = begin < next ? 'an overlap' : begin > next ? 'a hole' : 'an end before the beginning';
      throw new FormatFault(
        `found ${shownName(name)} at bytes ${begin} to ${end}, expected it from ${next} on: ${what}`,
      );
    }
    const sizeBytes = sizeOf(dtype, shape, name);
    if (end - begin !== sizeBytes) {
      throw new FormatFault(
        `found ${end - begin} bytes for ${shownName(name)}, expected ${sizeBytes} for ${dtype} [${shape.join(', ')}]`,
      );
    }
    tensors.set(name, { dtype, shape, beginBytes: dataBegin + begin, sizeBytes });
    next = end;
  }
  if (dataBegin + next !== fileBytes) {
    throw new FormatFault(`found ${fileBytes} bytes, expected ${dataBegin + next} by the header`);
  }
  return tensors;
}

function sizeOf(dtype: SafetensorsDtype, shape: readonly number[], name: string): number {
  const fail = (what: string) => new FormatFault(`found ${shownName(name)} of shape [${shape.join(', ')}], ${what}`);
  let elements = 1;
  for (const size of shape) {
    elements *= size;
    if (elements > Number.MAX_SAFE_INTEGER) throw fail('whose size overflows');
  }
  const bits = elements * dtypeBits[dtype];
  if (bits > Number.MAX_SAFE_INTEGER) throw fail('whose size overflows');
  if (bits % 8 !== 0) throw fail(`which does not fill whole bytes as ${dtype}`);
  return bits / 8;
}

function isDtype(name: string): name is SafetensorsDtype {
  return Object.hasOwn(dtypeBits, name);
}

function shownName(name: string): string {
  return JSON.stringify(name.length > 60 ? `${name.slice(0, 60)}…` : name);
}
