/** A sample of a stream of documents, spread evenly over it: the beginning of every document, or of every second, fourth … */
export class TextSample {
  readonly #maximumDocuments: number;
  readonly #maximumBytes: number;
  #kept: Uint8Array[] = [];
  #stride = 1;
  #numSeen = 0;

  /** @param maximumBytes the most that is taken of one document */
  constructor(maximumDocuments: number, maximumBytes: number) {
    this.#maximumDocuments = maximumDocuments;
    this.#maximumBytes = maximumBytes;
  }

  /** @param document UTF-8 */
  add(document: Uint8Array): void {
    if (this.#numSeen++ % this.#stride !== 0) return;
    this.#kept.push(document.slice(0, characterBoundary(document, this.#maximumBytes)));
    if (this.#kept.length <= this.#maximumDocuments) return;
    this.#kept = this.#kept.filter((_, i) => i % 2 === 0);
    this.#stride *= 2;
  }

  get documents(): readonly Uint8Array[] {
    return this.#kept;
  }
}

/** The last place up to `at` where UTF-8 can be cut: not within a character. */
export function characterBoundary(text: Uint8Array, at: number): number {
  if (at >= text.length) return text.length;
  let boundary = at;
  while (boundary > 0 && ((text[boundary] as number) & 0xc0) === 0x80) boundary--;
  return boundary;
}
