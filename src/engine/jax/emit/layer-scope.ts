/** The layer that a scope names: `optimizer.blocks.3.attention` is `attention` of number 3 of `optimizer.blocks`. */
export interface LayerScope {
  readonly family: string;
  readonly number: number;
  readonly rest: string;
}

/** The layer in a scope or in the name of a state: what the first number in it counts. */
export function layerOf(scope: string): LayerScope | undefined {
  const found = /^((?:.*?\.)?[A-Za-z_]\w*)\.(\d+)(?:\.(.*))?$/.exec(scope);
  const [, family, number, rest = ''] = found ?? [];
  return family === undefined ? undefined : { family, number: Number(number), rest };
}
