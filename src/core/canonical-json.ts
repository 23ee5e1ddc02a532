import { sha256 } from '@noble/hashes/sha2.js';
import { bytesToHex, utf8ToBytes } from '@noble/hashes/utils.js';
import { assert } from './errors.ts';

/** A value that JSON can hold without loss. */
export type JsonValue = null | boolean | number | string | readonly JsonValue[] | { readonly [key: string]: JsonValue };

/**
 * Serialises a value so that equal values give equal text: keys sorted by code unit, no white space, numbers in the
 * shortest form that reads back the same (as ECMAScript defines it, so the same on every machine), `-0` as `0`.
 * The form is that of RFC 8785 (JSON Canonicalization Scheme).
 *
 * @throws an assertion for `undefined`, functions, class instances such as `Map` and `Float32Array`, and numbers that are
 *   not finite: they have no JSON form.
 */
export function canonicalJson(value: JsonValue): string {
  if (value === null || typeof value === 'boolean' || typeof value === 'string') return JSON.stringify(value);
  if (typeof value === 'number') {
    assert(Number.isFinite(value), `${value} has no JSON form`);
    return JSON.stringify(value);
  }
  // Array.from and not map, which would leave out the holes of a sparse array.
  if (isArray(value)) return `[${Array.from(value, canonicalJson).join(',')}]`;
  assert(isPlainObject(value), `a ${describe(value)} has no JSON form`);
  const fields: string[] = [];
  for (const key of Object.keys(value).sort()) {
    const field = value[key];
    assert(field !== undefined, `field ${key} is undefined`);
    fields.push(`${JSON.stringify(key)}:${canonicalJson(field)}`);
  }
  return `{${fields.join(',')}}`;
}

/** The SHA-256 of a text (UTF-8) or of bytes, as 64 lower-case hexadecimal digits. */
export function sha256Hex(data: string | Uint8Array): string {
  return bytesToHex(sha256(typeof data === 'string' ? utf8ToBytes(data) : data));
}

// Array.isArray does not narrow a readonly array out of a union.
function isArray(value: JsonValue): value is readonly JsonValue[] {
  return Array.isArray(value);
}

// A Map, a Date or a typed array would be written as an object of its own fields, so that unequal values gave equal text.
function isPlainObject(value: object): boolean {
  if (typeof value !== 'object') return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === Object.prototype || prototype === null;
}

function describe(value: object | undefined): string {
  return typeof value === 'object' ? value.constructor.name : typeof value;
}
