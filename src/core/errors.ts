/**
 * Exit codes of the command line, by the kind of fault. They are part of the public contract: scripts may rely on them.
 * `docs/errors.md` lists every error code with its exit code.
 */
export const exitCodes = {
  success: 0,
  /** A fault of ours: an assertion failed. */
  internal: 1,
  /** A flag or argument that the command does not understand. */
  usage: 2,
  /** A graph, recipe or Program that breaks a rule. */
  program: 3,
  /** An engine, provider or device that is absent or refused the work. */
  engine: 4,
  /** Memory or disk ran out, or a file or folder is not to be had. */
  resources: 5,
  /** A corpus, a tokenizer or a dataset that cannot be used as it is. */
  data: 6,
  /** Stopped by a signal; what was done so far is kept and the same command goes on from there. */
  interrupted: 7,
  /** A run that cannot go on: its numbers are no longer finite, or its loss has left for good. */
  diverged: 8,
} as const;

/** Every error code of Groundwork with the exit code that the command line ends with. */
export const errorCodes = {
  usage: exitCodes.usage,
  'shape-mismatch': exitCodes.program,
  'dtype-mismatch': exitCodes.program,
  'invalid-attribute': exitCodes.program,
  'unknown-op': exitCodes.program,
  'invalid-program': exitCodes.program,
  'not-differentiable': exitCodes.program,
  'invalid-trace': exitCodes.program,
  'unknown-name': exitCodes.program,
  'invalid-array': exitCodes.program,
  'provider-unavailable': exitCodes.engine,
  'unsupported-dtype': exitCodes.engine,
  'unsupported-op': exitCodes.engine,
  'engine-failure': exitCodes.engine,
  'session-closed': exitCodes.engine,
  'out-of-memory': exitCodes.resources,
  'disk-full': exitCodes.resources,
  'file-not-found': exitCodes.resources,
  'file-access': exitCodes.resources,
  locked: exitCodes.resources,
  'download-failed': exitCodes.resources,
  'unsafe-path': exitCodes.data,
  'invalid-document': exitCodes.data,
  'empty-corpus': exitCodes.data,
  'invalid-tokenizer': exitCodes.data,
  'invalid-dataset': exitCodes.data,
  'dataset-mismatch': exitCodes.data,
  'invalid-recipe': exitCodes.program,
  'future-leak': exitCodes.program,
  'invalid-run': exitCodes.data,
  'invalid-checkpoint': exitCodes.data,
  'run-mismatch': exitCodes.data,
  'invalid-tasks': exitCodes.data,
  interrupted: exitCodes.interrupted,
  diverged: exitCodes.diverged,
} as const satisfies Record<string, number>;

export type ErrorCode = keyof typeof errorCodes;

export interface GroundworkErrorOptions {
  /** What the person can do about it, in one sentence. */
  readonly hint: string;
  /** The scope of the model in which the fault lies, such as `blocks.3.attention`. */
  readonly scope?: string;
  readonly cause?: unknown;
}

/**
 * A fault that a person can mend: what was found, what was expected (`message`), where (`scope`), and what to do (`hint`).
 * Faults of ours are assertions instead.
 */
export class GroundworkError extends Error {
  override readonly name = 'GroundworkError';
  readonly code: ErrorCode;
  readonly hint: string;
  readonly scope: string | undefined;

  constructor(code: ErrorCode, message: string, options: GroundworkErrorOptions) {
    super(
      options.scope ? `${message} (in ${options.scope})` : message,
      options.cause === undefined ? undefined : { cause: options.cause },
    );
    this.code = code;
    this.hint = options.hint;
    this.scope = options.scope || undefined;
  }

  /** The exit code with which the command line ends on this error. */
  get exitCode(): number {
    return errorCodes[this.code];
  }
}

/** Stops on a fault of ours. `message` says which belief turned out false. */
export function assert(condition: boolean, message: string): asserts condition {
  if (!condition) throw new Error(`Groundwork is at fault: ${message}. Please report this.`);
}

/** Narrows away `undefined` where the code guarantees presence. */
export function present<T>(value: T | undefined | null, what: string): T {
  assert(value !== undefined && value !== null, `${what} is missing`);
  return value;
}
