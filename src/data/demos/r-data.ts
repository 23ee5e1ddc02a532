import { gunzipSync, inflateSync } from 'node:zlib';
import { GroundworkError } from '../../core/index.ts';

/** A value of R, as far as data sets of text need it. */
export type RValue =
  | null
  | string
  | readonly (number | null)[]
  | readonly RValue[]
  | { readonly [name: string]: RValue };

/**
 * Reads the lazily loaded data of an R package: `rdx` is an index (gzip) of where each data set lies in `rdb` (zlib, after
 * its length), all in R's serialization format, versions 2 and 3 of XDR (R Internals, section 1.8).
 *
 * @returns the data sets by name; text vectors as arrays of strings, named lists as objects
 * @throws `invalid-document` for bytes that are broken, or a compression or kind of value that text does not need
 */
export function readRData(rdx: Uint8Array, rdb: Uint8Array): ReadonlyMap<string, RValue> {
  try {
    return datasetsOf(rdx, rdb);
  } catch (cause) {
    // What zlib refuses, and a place outside of the bytes.
    const isBroken = cause instanceof Error && ('errno' in cause || cause instanceof RangeError);
    throw isBroken ? unreadable(cause.message) : cause;
  }
}

function datasetsOf(rdx: Uint8Array, rdb: Uint8Array): ReadonlyMap<string, RValue> {
  const index = unserialize(gunzipSync(rdx));
  const variables = isNamedList(index) ? index.variables : null;
  if (variables === null || variables === undefined || !isNamedList(variables))
    throw unreadable('an index without names');
  const found = new Map<string, RValue>();
  for (const [name, range] of Object.entries(variables)) {
    const [start, length] = Array.isArray(range) ? range : [];
    if (typeof start !== 'number' || typeof length !== 'number') throw unreadable(`no place for ${name}`);
    // The first four bytes hold the length after decompression.
    found.set(name, unserialize(inflateSync(rdb.subarray(start + 4, start + length))));
  }
  return found;
}

function isNamedList(value: RValue): value is { readonly [name: string]: RValue } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function unreadable(found: string): GroundworkError {
  return new GroundworkError('invalid-document', `R data that cannot be read: ${found}`, {
    hint: 'Another version of the package may hold it in another form; leave it out.',
  });
}

/** Numbers of R's types of values and of the marks that stand for special ones. */
const types = {
  symbol: 1,
  pairList: 2,
  characters: 9,
  logical: 10,
  integer: 13,
  real: 14,
  text: 16,
  list: 19,
  global: 253,
  nil: 254,
  reference: 255,
} as const;

function unserialize(bytes: Uint8Array): RValue {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  const symbols: RValue[] = [];
  let at = 2;
  const integer = () => {
    at += 4;
    return view.getInt32(at - 4);
  };
  const repeat = <T>(count: number, read: () => T): T[] => Array.from({ length: count }, read);
  if (bytes[0] !== 0x58 || bytes[1] !== 0x0a) throw unreadable('not in XDR form');
  const version = integer();
  at += 8;
  // Version 3 names its native encoding.
  if (version === 3) {
    const length = integer();
    at += length;
  } else if (version !== 2) throw unreadable(`version ${version}`);

  const value = (): RValue => {
    const flags = integer();
    const type = flags & 0xff;
    const hasAttributes = (flags & 0x200) !== 0;
    const attributed = (read: RValue): RValue => {
      const attributes = hasAttributes ? value() : null;
      const names = attributes !== null && isNamedList(attributes) ? attributes.names : null;
      if (type !== types.list || !Array.isArray(names) || !Array.isArray(read)) return read;
      return Object.fromEntries(names.map((name, position) => [String(name), read[position] ?? null]));
    };
    switch (type) {
      case types.nil:
      case types.global:
        return null;
      case types.symbol: {
        const name = value();
        symbols.push(name);
        return name;
      }
      case types.reference: {
        const position = flags >> 8;
        return symbols[(position === 0 ? integer() : position) - 1] ?? null;
      }
      case types.characters: {
        const length = integer();
        if (length < 0) return null;
        at += length;
        // 4 is the flag of Latin-1 text; all other is UTF-8 or ASCII.
        return new TextDecoder((flags >> 12) & 4 ? 'latin1' : 'utf-8').decode(bytes.subarray(at - length, at));
      }
      case types.logical:
      case types.integer:
        return attributed(repeat(integer(), integer));
      case types.real:
        return attributed(
          repeat(integer(), () => {
            at += 8;
            return view.getFloat64(at - 8);
          }),
        );
      case types.text:
      case types.list:
        return attributed(repeat(integer(), value));
      case types.pairList:
        return pairList(flags);
      default:
        throw unreadable(`a value of type ${type}`);
    }
  };
  /** A chain of pairs of a tag and a value, as an object. */
  const pairList = (firstFlags: number): RValue => {
    const pairs: { [name: string]: RValue } = {};
    for (let flags = firstFlags; (flags & 0xff) === types.pairList; flags = integer()) {
      if (flags & 0x200) value();
      const tag = flags & 0x400 ? value() : '';
      pairs[String(tag)] = value();
    }
    return pairs;
  };
  return value();
}
