import { GroundworkError } from '../core/index.ts';

/**
 * Text that comes in pieces of bytes and ends before the first stop string. Strings are looked for in bytes, so neither the borders of
 * tokens nor those of characters matter; of several, the one that is complete first ends the text.
 */
export class StoppingText {
  private readonly stops: readonly Uint8Array[];
  private readonly decoder = new TextDecoder('utf-8', { ignoreBOM: true });
  /** Bytes that may yet turn out to be the beginning of a stop string. */
  private held = new Uint8Array(0);

  /** @throws GroundworkError `usage` for an empty stop string */
  constructor(stopStrings: readonly string[]) {
    if (stopStrings.includes('')) {
      throw new GroundworkError('usage', 'found an empty stop string, expected at least one character', {
        hint: 'Leave it out, or name the text at which to stop.',
      });
    }
    this.stops = stopStrings.map((text) => new TextEncoder().encode(text));
  }

  /** Takes the next bytes. @returns the text that is certain by now (whole characters), and whether a stop string ends it here */
  push(bytes: Uint8Array): { readonly text: string; readonly isStopped: boolean } {
    const all = new Uint8Array(this.held.length + bytes.length);
    all.set(this.held);
    all.set(bytes, this.held.length);
    const stop = firstMatch(all, this.stops);
    if (stop !== undefined) {
      this.held = new Uint8Array(0);
      return { text: this.decoder.decode(all.subarray(0, stop)), isStopped: true };
    }
    const certain = all.length - Math.max(0, ...this.stops.map((text) => begunAtEnd(all, text)));
    this.held = all.slice(certain);
    return { text: this.decoder.decode(all.subarray(0, certain), { stream: true }), isStopped: false };
  }

  /** The rest of a text that no stop string ended; U+FFFD where its last character was not finished. */
  flush(): string {
    const { held } = this;
    this.held = new Uint8Array(0);
    return this.decoder.decode(held);
  }
}

/** Where the string begins that is complete first; of those that end at one place, the longest. */
function firstMatch(bytes: Uint8Array, stops: readonly Uint8Array[]): number | undefined {
  for (let end = 1; end <= bytes.length; end++) {
    const lengths = stops.filter((stop) => endsWith(bytes, end, stop, stop.length)).map((stop) => stop.length);
    if (lengths.length > 0) return end - Math.max(...lengths);
  }
  return undefined;
}

/** How many of the last bytes are the beginning of a stop string. */
function begunAtEnd(bytes: Uint8Array, stop: Uint8Array): number {
  for (let length = Math.min(stop.length - 1, bytes.length); length > 0; length--) {
    if (endsWith(bytes, bytes.length, stop, length)) return length;
  }
  return 0;
}

/** Whether the first `length` bytes of a string stand right before `end`. */
function endsWith(bytes: Uint8Array, end: number, text: Uint8Array, length: number): boolean {
  if (length > end) return false;
  for (let i = 0; i < length; i++) if (bytes[end - length + i] !== text[i]) return false;
  return true;
}
