/**
 * A model of the arena from which ONNX Runtime's CPU provider takes memory (BFCArena in onnxruntime/core/framework): best
 * fit over chunks that are split and joined again, grown by regions that double in size. It follows the same choices on
 * the same sequence of requests, and so says how much memory a step will really touch.
 */
export class Arena {
  private readonly chunks: Chunk[] = [];
  private nextRegionBytes = firstRegionBytes;
  /** Bytes that were part of some allocation at some time: pages that the process holds from then on. */
  touchedBytes = 0;

  allocate(numBytes: number): Chunk {
    const size = Math.max(1, Math.ceil(numBytes / granularity)) * granularity;
    const chunk = this.bestFit(size) ?? this.extend(size);
    if (chunk.size >= 2 * size || chunk.size - size >= maxWasteBytes) this.split(chunk, size);
    chunk.isFree = false;
    this.touch(chunk, size);
    return chunk;
  }

  free(chunk: Chunk): void {
    chunk.isFree = true;
    if (chunk.next?.isFree) this.join(chunk, chunk.next);
    if (chunk.previous?.isFree) this.join(chunk.previous, chunk);
  }

  private bestFit(size: number): Chunk | undefined {
    let best: Chunk | undefined;
    for (const chunk of this.chunks) {
      if (!chunk.isFree || chunk.size < size) continue;
      const isBetter = !best || chunk.size < best.size || (chunk.size === best.size && chunk.address < best.address);
      if (isBetter) best = chunk;
    }
    return best;
  }

  private extend(size: number): Chunk {
    let isEnlarged = false;
    while (size > this.nextRegionBytes) {
      this.nextRegionBytes *= 2;
      isEnlarged = true;
    }
    const chunk: Chunk = { address: this.nextAddress, size: this.nextRegionBytes, isFree: true, touched: 0 };
    // Regions lie far apart: chunks of two regions are never joined.
    this.nextAddress += this.nextRegionBytes + granularity;
    if (!isEnlarged) this.nextRegionBytes *= 2;
    this.chunks.push(chunk);
    return chunk;
  }
  private nextAddress = 0;

  private split(chunk: Chunk, size: number): void {
    const rest: Chunk = {
      address: chunk.address + size,
      size: chunk.size - size,
      isFree: true,
      touched: Math.max(0, chunk.touched - size),
      previous: chunk,
      next: chunk.next,
    };
    if (chunk.next) chunk.next.previous = rest;
    chunk.next = rest;
    chunk.size = size;
    chunk.touched = Math.min(chunk.touched, size);
    this.chunks.push(rest);
  }

  private join(left: Chunk, right: Chunk): void {
    // Untouched memory lies at the end of a region only, so the touched part of a chunk is a prefix.
    if (right.touched > 0) left.touched = left.size + right.touched;
    left.size += right.size;
    left.next = right.next;
    if (right.next) right.next.previous = left;
    this.chunks.splice(this.chunks.indexOf(right), 1);
  }

  private touch(chunk: Chunk, size: number): void {
    if (size <= chunk.touched) return;
    this.touchedBytes += size - chunk.touched;
    chunk.touched = size;
  }
}

const granularity = 256;
const firstRegionBytes = 2 ** 20;
const maxWasteBytes = 128 * 2 ** 20;

export interface Chunk {
  readonly address: number;
  size: number;
  isFree: boolean;
  /** How many bytes from its start have been in use at some time. */
  touched: number;
  previous?: Chunk | undefined;
  next?: Chunk | undefined;
}
