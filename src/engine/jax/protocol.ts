import { z } from 'zod';
import type { JsonValue } from '../../core/index.ts';
import type { NumericData } from '../engine.ts';

/**
 * A message between Node and `python/session.py`: a header in JSON, and arrays as raw little-endian bytes. On the wire stand the
 * length of the header in four bytes, the header with the `sizes` of the arrays in bytes, and the arrays.
 */
export interface Message {
  readonly header: { readonly [field: string]: unknown };
  readonly arrays: readonly ArrayBuffer[];
}

/** Headers are short. Anything else that writes where messages are expected looks like a long one. */
const longestHeaderBytes = 2 ** 24;

const headerSchema = z.looseObject({ sizes: z.array(z.int().min(0)) });

/** The pieces in which a message is written. The arrays are views: nothing is copied. */
export function messageBytes(
  header: { readonly [field: string]: JsonValue },
  arrays: readonly NumericData[],
): Uint8Array[] {
  const payloads = arrays.map(({ buffer, byteOffset, byteLength }) => new Uint8Array(buffer, byteOffset, byteLength));
  const text = new TextEncoder().encode(
    JSON.stringify({
      ...header,
      // Numbers of a floating type may come in float64, whatever the type.
      wide: arrays.map((array) => array instanceof Float64Array),
      sizes: payloads.map(({ byteLength }) => byteLength),
    }),
  );
  const length = new Uint8Array(4);
  new DataView(length.buffer).setUint32(0, text.byteLength, true);
  return [length, text, ...payloads];
}

/** Puts messages together from the chunks in which a stream delivers them. */
export class MessageReader {
  private readonly onMessage: (message: Message) => void;
  /** What is being filled, and how far it is. */
  private part = new Uint8Array(4);
  private filled = 0;
  private header: Message['header'] | undefined;
  private isLength = true;
  private sizes: number[] = [];
  private arrays: ArrayBuffer[] = [];

  constructor(onMessage: (message: Message) => void) {
    this.onMessage = onMessage;
  }

  /** @throws Error for bytes that are no message */
  push(chunk: Uint8Array): void {
    let rest = chunk;
    while (rest.byteLength > 0) {
      const taken = rest.subarray(0, this.part.byteLength - this.filled);
      this.part.set(taken, this.filled);
      this.filled += taken.byteLength;
      rest = rest.subarray(taken.byteLength);
      // An array may be empty, so that the next part is complete as it begins.
      while (this.filled === this.part.byteLength) this.complete();
    }
  }

  /** Takes over the part that is full, and begins the next. */
  private complete(): void {
    if (this.isLength) {
      this.isLength = false;
      const length = new DataView(this.part.buffer).getUint32(0, true);
      if (length > longestHeaderBytes) throw new Error(`a header of ${length} bytes`);
      this.begin(length);
      return;
    }
    if (this.header === undefined) {
      const { sizes, ...header } = headerSchema.parse(JSON.parse(new TextDecoder().decode(this.part)));
      this.header = header;
      this.sizes = sizes;
    } else {
      this.arrays.push(this.part.buffer);
    }
    const next = this.sizes[this.arrays.length];
    if (next !== undefined) {
      this.begin(next);
      return;
    }
    const message = { header: this.header, arrays: this.arrays };
    this.header = undefined;
    this.sizes = [];
    this.arrays = [];
    this.isLength = true;
    this.begin(4);
    this.onMessage(message);
  }

  private begin(size: number): void {
    this.part = new Uint8Array(size);
    this.filled = 0;
  }
}
