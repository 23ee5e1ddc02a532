/**
 * Where in the model, and in which part of a step, tensors are being made. The scope is dynamic: it holds for everything
 * that a function does, however deep, so that layers need not pass a path around.
 */

/** The part of a training step that a node belongs to. */
export const phases = ['forward', 'backward', 'update'] as const;
export type Phase = (typeof phases)[number];

export interface Context {
  /** Path of names joined by dots, such as `blocks.3.attention`; empty at the top. */
  readonly scope: string;
  readonly phase: Phase;
  /** The recomputation scope that is open, if any. */
  readonly region: string | undefined;
}

let context: Context = { scope: '', phase: 'forward', region: undefined };

/** The context in which the next tensor will be made. */
export function currentContext(): Context {
  return context;
}

/** Runs `body` with some of the context replaced, and restores it however `body` ends. */
export function withContext<T>(change: Partial<Context>, body: () => T): T {
  const before = context;
  context = { ...before, ...change };
  try {
    return body();
  } finally {
    context = before;
  }
}

/**
 * Runs `body` inside a named scope: `scope('blocks.3', () => scope('attention', …))` makes `blocks.3.attention`.
 * Costs, pictures, error messages and shardings name tensors by it.
 */
export function scope<T>(name: string, body: () => T): T {
  return withContext({ scope: context.scope ? `${context.scope}.${name}` : name }, body);
}

/** Runs `body` as part of the optimizer's update, so that its cost is counted there. */
export function updatePhase<T>(body: () => T): T {
  return withContext({ phase: 'update' }, body);
}

let numRegions = 0;

/**
 * Runs `body` inside a recomputation scope. What is made inside is not kept for the backward pass: `gradient` builds it a
 * second time from the tensors that enter the scope, once the gradient of the scope's result is known. Trades about one
 * third more arithmetic for memory. Inside another such scope it adds nothing (Chen et al. 2016, "Training Deep Nets with Sublinear Memory Cost").
 */
export function recompute<T>(body: () => T): T {
  if (context.region !== undefined) return body();
  numRegions += 1;
  return withContext({ region: `${context.scope}#${numRegions}` }, body);
}
