/** A copy of an array with twice the room. */
export function doubled<T extends Uint32Array | Int32Array | Float64Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(2 * array.length);
  larger.set(array);
  return larger;
}

/** The array, if it has room for `length` values, or else a copy that has, of at least twice the size as far as `most` allows. */
export function withRoom<T extends Uint8Array | Uint32Array>(array: T, length: number, most = 2 ** 32): T {
  if (length <= array.length) return array;
  const size = Math.max(length, Math.min(2 * array.length, most));
  const larger = new (array.constructor as new (length: number) => T)(size);
  larger.set(array);
  return larger;
}
