import { doubled } from './typed-array-growth.ts';

/** Arity of the heap: four children lie in one or two cache lines. */
const arity = 4;

/** A queue of candidates for the next merge: the largest count first, then the smallest key. No two have the same key. */
export class MergeQueue {
  size = 0;
  private counts = new Float64Array(1 << 12);
  private keys = new Float64Array(1 << 12);
  private items = new Int32Array(1 << 12);

  push(count: number, key: number, item: number): void {
    if (this.size === this.items.length) this.grow();
    this.siftUp(this.size++, count, key, item);
  }

  /** The item in front. */
  get front(): number {
    return this.items[0] as number;
  }

  /** The count that the item in front was filed under. */
  get frontCount(): number {
    return this.counts[0] as number;
  }

  /** Takes the item in front out. */
  pop(): void {
    const last = --this.size;
    if (last === 0) return;
    this.siftDown(this.counts[last] as number, this.keys[last] as number, this.items[last] as number);
  }

  /** Files the item in front under another count. */
  refileFront(count: number): void {
    this.siftDown(count, this.keys[0] as number, this.items[0] as number);
  }

  private siftUp(from: number, count: number, key: number, item: number): void {
    const { counts, keys, items } = this;
    let place = from;
    while (place > 0) {
      const parent = ((place - 1) / arity) | 0;
      if (!this.comesBefore(count, key, parent)) break;
      counts[place] = counts[parent] as number;
      keys[place] = keys[parent] as number;
      items[place] = items[parent] as number;
      place = parent;
    }
    counts[place] = count;
    keys[place] = key;
    items[place] = item;
  }

  /** Puts an element where the front was. */
  private siftDown(count: number, key: number, item: number): void {
    const { counts, keys, items, size } = this;
    let place = 0;
    for (;;) {
      const firstChild = arity * place + 1;
      if (firstChild >= size) break;
      const end = Math.min(firstChild + arity, size);
      let best = firstChild;
      for (let child = firstChild + 1; child < end; child++) {
        if (this.comesBefore(counts[child] as number, keys[child] as number, best)) best = child;
      }
      if (this.comesBefore(count, key, best)) break;
      counts[place] = counts[best] as number;
      keys[place] = keys[best] as number;
      items[place] = items[best] as number;
      place = best;
    }
    counts[place] = count;
    keys[place] = key;
    items[place] = item;
  }

  private comesBefore(count: number, key: number, place: number): boolean {
    const otherCount = this.counts[place] as number;
    if (count !== otherCount) return count > otherCount;
    return key < (this.keys[place] as number);
  }

  private grow(): void {
    this.counts = doubled(this.counts);
    this.keys = doubled(this.keys);
    this.items = doubled(this.items);
  }
}
