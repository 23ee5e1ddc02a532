import { assert } from '../core/index.ts';
import { formatShape, type Shape, type Tensor } from '../tensor/index.ts';

interface Extents {
  readonly 2: readonly [number, number];
  readonly 3: readonly [number, number, number];
  readonly 4: readonly [number, number, number, number];
}

/** The shape of a tensor that has so many axes, to be taken apart by name. */
export function extentsOf<Rank extends keyof Extents>({ shape }: Tensor, rank: Rank): Extents[Rank] {
  assert(hasRank(shape, rank), `expected ${rank} axes, found ${formatShape(shape)}`);
  return shape;
}

function hasRank<Rank extends keyof Extents>(shape: Shape, rank: Rank): shape is Extents[Rank] {
  return shape.length === rank;
}
