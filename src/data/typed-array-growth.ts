/** A copy of an array with twice the room. */
export function doubled<T extends Uint32Array | Int32Array | Uint16Array | Uint8Array>(array: T): T {
  const larger = new (array.constructor as new (length: number) => T)(2 * array.length);
  larger.set(array);
  return larger;
}
