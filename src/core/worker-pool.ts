import { Tinypool } from 'tinypool';
import { assert, type ErrorCode, GroundworkError } from './errors.ts';

/** What a worker's handler gives back: a value, and the buffers in it that move to the main thread instead of being copied. */
export interface WorkerResult<Result> {
  readonly value: Result;
  readonly transfer?: readonly ArrayBuffer[];
}

/** What a worker does with a task. */
export type TaskHandler<Task, Result> = (task: Task) => WorkerResult<Result> | Promise<WorkerResult<Result>>;

/** Threads that answer tasks; whoever opened the pool closes it. */
export interface WorkerPool<Task, Result> {
  readonly numWorkers: number;
  /** Answers a task; buffers in `transfer` move to the worker and are empty here afterwards. */
  run(task: Task, transfer?: readonly ArrayBuffer[]): Promise<Result>;
  close(): Promise<void>;
}

export interface WorkerPoolOptions<Context, Task, Result> {
  /** The file that the threads run: `workerFile(import.meta.url, 'clean-worker')`. */
  readonly file: URL;
  /** With 1 the tasks run on the calling thread, without a start-up. */
  readonly numWorkers: number;
  /** What every worker gets once, when it starts; shared buffers stay shared. */
  readonly context: Context;
  /** Makes the handler from the context; the worker file hands the same function to `serveTasks`. */
  readonly createHandler: (context: Context) => TaskHandler<Task, Result> | Promise<TaskHandler<Task, Result>>;
  /** The most that a thread's heap may grow to, in MiB; by default what V8 chooses. */
  readonly heapLimitMb?: number;
}

function outOfMemory(cause: unknown): GroundworkError {
  return new GroundworkError('out-of-memory', 'a worker thread ran out of memory', {
    hint: 'Use fewer --workers, or a smaller --max-document.',
    cause,
  });
}

/**
 * The worker file beside a module. Threads run the build in `dist/` also where the module itself runs from its source, for
 * Node 20 cannot be taught to load TypeScript in a thread.
 */
export function workerFile(moduleUrl: string, name: string): URL {
  const url = new URL(`./${name}.js`, moduleUrl).href;
  if (!moduleUrl.endsWith('.ts')) return new URL(url);
  const folder = url.lastIndexOf('/src/');
  assert(folder >= 0, `${moduleUrl} is not under src/`);
  return new URL(`${url.slice(0, folder)}/dist/${url.slice(folder + '/src/'.length)}`);
}

/**
 * Opens a pool of worker threads. A `GroundworkError` of a worker arrives as one here, with code and hint; a thread that runs
 * out of memory as `out-of-memory`.
 */
export function openWorkerPool<Context, Task, Result>(
  options: WorkerPoolOptions<Context, Task, Result>,
): WorkerPool<Task, Result> {
  const { numWorkers } = options;
  assert(Number.isInteger(numWorkers) && numWorkers >= 1, `${numWorkers} workers`);
  if (numWorkers === 1) {
    let handler: Promise<TaskHandler<Task, Result>> | undefined;
    return {
      numWorkers,
      run: async (task) => {
        handler ??= Promise.resolve(options.createHandler(options.context));
        return (await (await handler)(task)).value;
      },
      close: async () => undefined,
    };
  }
  const pool = new Tinypool({
    filename: options.file.href,
    runtime: 'worker_threads',
    minThreads: numWorkers,
    maxThreads: numWorkers,
    workerData: options.context,
    // A task's words and tokens are remembered from one to the next.
    isolateWorkers: false,
    ...(options.heapLimitMb !== undefined && { resourceLimits: { maxOldGenerationSizeMb: options.heapLimitMb } }),
  });
  return {
    numWorkers,
    run: async (task, transfer = []) => {
      const answer = await pool.run(task, { transferList: [...transfer] }).then(
        (value) => value as Answer<Result>,
        (cause: unknown) => {
          throw (cause as NodeJS.ErrnoException).code === 'ERR_WORKER_OUT_OF_MEMORY' ? outOfMemory(cause) : cause;
        },
      );
      if ('fault' in answer) {
        const { code, message, hint } = answer.fault;
        throw new GroundworkError(code, message, { hint });
      }
      return answer.value;
    },
    close: () => pool.destroy(),
  };
}

type Answer<Result> =
  | { readonly value: Result }
  | { readonly fault: { readonly code: ErrorCode; readonly message: string; readonly hint: string } };

/** What a worker file exports by default: `export default serveTasks(createHandler)`. */
export function serveTasks<Context, Task, Result>(
  createHandler: (context: Context) => TaskHandler<Task, Result> | Promise<TaskHandler<Task, Result>>,
): (task: Task) => Promise<unknown> {
  let handler: Promise<TaskHandler<Task, Result>> | undefined;
  return async (task) => {
    try {
      handler ??= Promise.resolve(createHandler(Tinypool.workerData as Context));
      const { value, transfer = [] } = await (await handler)(task);
      return Tinypool.move({ [Tinypool.transferableSymbol]: transfer, [Tinypool.valueSymbol]: { value } } as never);
    } catch (fault) {
      // Structured cloning would make a plain Error of it, without code and hint.
      if (!(fault instanceof GroundworkError)) throw fault;
      return { fault: { code: fault.code, message: fault.message, hint: fault.hint } };
    }
  };
}

/**
 * Maps a stream through `work` with up to `numAhead` items at work at once, and yields the results in the order of the
 * items. Reading waits while the results are not taken, so memory is bounded by `numAhead` items.
 */
export async function* mapInOrder<Item, Result>(
  items: AsyncIterable<Item> | Iterable<Item>,
  numAhead: number,
  work: (item: Item) => Promise<Result>,
): AsyncGenerator<Result> {
  const atWork: Promise<Result>[] = [];
  try {
    for await (const item of items) {
      const result = work(item);
      // Its failure is reported when its turn comes; until then it must not count as unhandled.
      result.catch(() => undefined);
      atWork.push(result);
      if (atWork.length >= numAhead) yield await (atWork.shift() as Promise<Result>);
    }
    while (atWork.length > 0) yield await (atWork.shift() as Promise<Result>);
  } finally {
    await Promise.allSettled(atWork);
  }
}
