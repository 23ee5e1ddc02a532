/** Names in emitted Python: what may be called, and how variables are called. */

/** Every name of JAX that emitted text may hold; all are documented public API. */
export const jaxNames: ReadonlySet<string> = new Set([
  'jax.checkpoint',
  'jax.lax.cumsum',
  'jax.lax.erf',
  'jax.lax.optimization_barrier',
  'jax.lax.rsqrt',
  'jax.lax.scan',
  'jax.lax.stop_gradient',
  'jax.named_scope',
  'jax.nn.dot_product_attention',
  'jax.nn.gelu',
  'jax.nn.logsumexp',
  'jax.nn.relu',
  'jax.nn.sigmoid',
  'jax.nn.silu',
  'jax.nn.softmax',
  'jax.numpy',
  'jax.tree.map',
  'jax.value_and_grad',
  'jax.vmap',
  'jnp.abs',
  'jnp.add',
  'jnp.arange',
  'jnp.argmax',
  'jnp.array',
  'jnp.bfloat16',
  'jnp.bool_',
  'jnp.broadcast_to',
  'jnp.concatenate',
  'jnp.cos',
  'jnp.exp',
  'jnp.float16',
  'jnp.float32',
  'jnp.floor',
  'jnp.full',
  'jnp.indices',
  'jnp.int32',
  'jnp.log',
  'jnp.max',
  'jnp.maximum',
  'jnp.mean',
  'jnp.minimum',
  'jnp.pad',
  'jnp.power',
  'jnp.sign',
  'jnp.sin',
  'jnp.split',
  'jnp.sqrt',
  'jnp.square',
  'jnp.stack',
  'jnp.sum',
  'jnp.swapaxes',
  'jnp.take',
  'jnp.take_along_axis',
  'jnp.tanh',
  'jnp.where',
  'jnp.zeros_like',
]);

/** Words of Python and names of the module that no variable may take. */
const reserved = [
  ...['and', 'as', 'assert', 'async', 'await', 'break', 'class', 'continue', 'def', 'del', 'elif', 'else', 'except'],
  ...['finally', 'for', 'from', 'global', 'if', 'import', 'in', 'is', 'lambda', 'nonlocal', 'not', 'or', 'pass'],
  ...['raise', 'return', 'try', 'while', 'with', 'yield', 'match', 'case', 'type', 'print', 'list', 'tuple', 'dict'],
  ...['jax', 'jnp', 'state', 'inputs', 'parameters', 'rows', 'gradients', 'loss', 'update', 'step', 'schedule_factor'],
  ...['shard_rows', 'rms_norm', 'layer_norm', 'rotary_embedding', 'attention', 'cross_entropy', 'layer', 'carry'],
  ...['relu', 'relu_squared', 'silu', 'gelu', 'scatter_add_along_axis', 'none', 'true', 'false'],
  ...['abs', 'all', 'any', 'bool', 'float', 'id', 'input', 'int', 'len', 'map', 'max', 'min', 'range', 'set', 'slice'],
  ...['str', 'sum', 'zip'],
];

/** Hands out variable names, each once. */
export class NameSupply {
  private readonly taken = new Set<string>(reserved);

  /** `wish` as a Python name, with a number behind it where it is taken. */
  next(wish: string): string {
    const base = snakeCase(wish);
    let name = base;
    for (let number = 2; this.taken.has(name); number++) name = `${base}_${number}`;
    this.taken.add(name);
    return name;
  }
}

/** A plain lower-case identifier made of whatever letters and digits there are. */
export function snakeCase(text: string): string {
  const words = text
    .replace(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .replace(/[^a-z0-9]+/g, '_')
    .replace(/^_+|_+$/g, '');
  return /^[a-z]/.test(words) ? words : `x_${words}`.replace(/_$/, '');
}

/** A string as Python writes it. JSON's escapes are Python's; of what is not ASCII each code point is one escape, not two surrogates. */
export function pythonString(text: string): string {
  return JSON.stringify(text).replace(/[\u007f-\u{10ffff}]/gu, (character) => {
    const point = (character.codePointAt(0) ?? 0).toString(16);
    return point.length > 4 ? `\\U${point.padStart(8, '0')}` : `\\u${point.padStart(4, '0')}`;
  });
}

/** Numbers as a Python tuple. */
export function pythonTuple(items: readonly (number | string)[]): string {
  return items.length === 1 ? `(${items[0]},)` : `(${items.join(', ')})`;
}

/** Names as a tuple behind `head`, over several lines where there are many; None where there are none. */
export function bracketed(head: string, names: readonly string[]): string[] {
  if (names.length === 0) return [`${head}None`];
  if (names.length < 3) return [`${head}(${names.join(', ')}${names.length === 1 ? ',' : ''})`];
  return [`${head}(`, ...names.map((name) => `    ${name},`), ')'];
}
