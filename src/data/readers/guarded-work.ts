import { Worker } from 'node:worker_threads';

// What runs in a guarded process. It imports next to nothing, since every file that is read pays for its start.

/** The file that a guarded process was given. */
export const guardedFile = 3;

/** What a guarded process is told when it starts. */
export interface GuardedStart<Request> {
  readonly request: Request;
  /** How much memory it may take. */
  readonly memoryBytes: number;
  /** The URL of the file that its guard runs. */
  readonly guard: string;
}

/** How often the guard looks at the memory. */
const tickMs = 20;

/** Begins a guarded process: starts its guard, and returns the request that it was started with. */
export function serveGuarded<Request>(): Request {
  const { request, memoryBytes, guard } = JSON.parse(process.argv[2] ?? '') as GuardedStart<Request>;
  new Worker(new URL(guard), { workerData: { memoryBytes, tickMs } });
  // Ctrl-C goes to every process of a terminal. The one that started this decides what becomes of it.
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => undefined);
  return request;
}
