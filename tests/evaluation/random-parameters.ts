import { randomStream } from '../../src/core/index.ts';
import type { Model } from '../../src/model/index.ts';

/** Parameters none of which is zero or equal to another, so that every part of a model takes part in what it says. */
export function randomParameters({ parameters }: Model, seed = 1): Map<string, Float32Array> {
  return new Map(
    Object.entries(parameters).map(([name, { shape, role }]) => {
      const random = randomStream(seed, name);
      const size = shape.reduce((product, extent) => product * extent, 1);
      const deviation =
        role === 'matrix' || role === 'head' ? 1 / Math.sqrt(shape[1] ?? 1) : role === 'embedding' ? 0.5 : 0.2;
      const center = role === 'gain' || role === 'scale' ? 1 : 0;
      return [name, Float32Array.from({ length: size }, () => center + deviation * random.nextNormal())] as const;
    }),
  );
}
