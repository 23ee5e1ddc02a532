import { doubled } from './typed-array-growth.ts';

/**
 * What one merge does to the counts of pairs, gathered by neighbour: all pairs that change hold one of the two tokens that
 * are merged, or the new one, so that a change is told by the neighbour and the side that it is on.
 *
 * A slot is the id of a neighbour on the left, or `vocabularySize` plus that of one on the right.
 */
export class NeighbourChanges {
  readonly vocabularySize: number;
  /** The slots that have changes, without repetition, in the order in which they came up. */
  touched = new Int32Array(1 << 10);
  numTouched = 0;
  /** By slot: occurrences of the neighbour beside the new token. */
  readonly gained: Float64Array;
  /** By slot: the number of places that `gained` comes from. */
  readonly numGained: Int32Array;
  /** By slot: occurrences of the neighbour beside the merged tokens that are no more. */
  readonly lost: Float64Array;
  /** By slot: where the next place of the slot is written. */
  readonly cursors: Int32Array;
  private readonly isTouched: Uint8Array;
  private slots = new Int32Array(1 << 12);
  private places = new Int32Array(1 << 12);
  private numEvents = 0;

  constructor(vocabularySize: number) {
    this.vocabularySize = vocabularySize;
    this.gained = new Float64Array(2 * vocabularySize);
    this.numGained = new Int32Array(2 * vocabularySize);
    this.lost = new Float64Array(2 * vocabularySize);
    this.cursors = new Int32Array(2 * vocabularySize);
    this.isTouched = new Uint8Array(2 * vocabularySize);
  }

  /** The number of places that all slots together gained. */
  get numPlaces(): number {
    return this.numEvents;
  }

  /** A neighbour on the left, which begins at `place`; not counted where the two would make too long a token. */
  onLeft(neighbour: number, place: number, count: number, isCounted: boolean): void {
    this.lose(neighbour, count);
    if (isCounted) this.gain(neighbour, place, count);
  }

  /** A neighbour on the right of the new token, which begins at `place`. */
  onRight(neighbour: number, place: number, count: number, isCounted: boolean): void {
    const slot = neighbour + this.vocabularySize;
    this.lose(slot, count);
    if (isCounted) this.gain(slot, place, count);
  }

  /** Writes the places of each slot from its cursor on, in the order in which they came up. */
  writePositions(positions: Int32Array): void {
    const { slots, places, cursors } = this;
    for (let i = 0; i < this.numEvents; i++) {
      const slot = slots[i] as number;
      const cursor = cursors[slot] as number;
      positions[cursor] = places[i] as number;
      cursors[slot] = cursor + 1;
    }
  }

  clear(): void {
    for (let i = 0; i < this.numTouched; i++) {
      const slot = this.touched[i] as number;
      this.gained[slot] = 0;
      this.numGained[slot] = 0;
      this.lost[slot] = 0;
      this.isTouched[slot] = 0;
    }
    this.numTouched = 0;
    this.numEvents = 0;
  }

  private lose(slot: number, count: number): void {
    this.touch(slot);
    this.lost[slot] = (this.lost[slot] as number) + count;
  }

  private gain(slot: number, place: number, count: number): void {
    this.touch(slot);
    this.gained[slot] = (this.gained[slot] as number) + count;
    this.numGained[slot] = (this.numGained[slot] as number) + 1;
    if (this.numEvents === this.slots.length) {
      this.slots = doubled(this.slots);
      this.places = doubled(this.places);
    }
    this.slots[this.numEvents] = slot;
    this.places[this.numEvents++] = place;
  }

  private touch(slot: number): void {
    if (this.isTouched[slot] === 1) return;
    this.isTouched[slot] = 1;
    if (this.numTouched === this.touched.length) this.touched = doubled(this.touched);
    this.touched[this.numTouched++] = slot;
  }
}
