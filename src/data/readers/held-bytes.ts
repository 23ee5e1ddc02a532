/** Bytes held over from one chunk to the next, in one buffer that grows by doubling: many small chunks cost no more than one. */
export class HeldBytes {
  length = 0;
  private buffer = new Uint8Array(0);

  append(bytes: Uint8Array): void {
    const needed = this.length + bytes.length;
    if (needed > this.buffer.length) {
      const larger = new Uint8Array(Math.max(needed, 2 * this.buffer.length, 1024));
      larger.set(this.buffer.subarray(0, this.length));
      this.buffer = larger;
    }
    this.buffer.set(bytes, this.length);
    this.length = needed;
  }

  /** What is held, as a view that the next `append` may overwrite. */
  view(): Uint8Array {
    return this.buffer.subarray(0, this.length);
  }

  /** Drops the first `count` bytes. */
  drop(count: number): void {
    this.buffer.copyWithin(0, count, this.length);
    this.length -= count;
  }

  /** Hands over what is held, in a buffer of its own, and holds nothing. */
  take(): Uint8Array {
    const taken = this.buffer.slice(0, this.length);
    this.clear();
    return taken;
  }

  clear(): void {
    this.length = 0;
    // A buffer that grew for one long record is not kept for the short ones after it.
    if (this.buffer.length > 2 ** 20) this.buffer = new Uint8Array(0);
  }
}
