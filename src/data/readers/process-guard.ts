// The thread that ends a guarded process whose main thread may be caught in a loop: when the process that started it is
// gone, and when its memory grows beyond a limit, which counts what V8's own limit does not: the bytes of typed arrays.
import { writeSync } from 'node:fs';
import { Socket } from 'node:net';
import { workerData } from 'node:worker_threads';
import { memoryNote } from './process-frames.ts';

const { memoryBytes, tickMs } = workerData as { readonly memoryBytes: number; readonly tickMs: number };
const standardInput = 0;
const standardError = 2;
const end = () => process.kill(process.pid, 'SIGKILL');

// Nothing is ever written to it: it closes when the other side does. (A blocking read would keep the process from exiting.)
new Socket({ fd: standardInput }).on('error', end).on('close', end).resume();
setInterval(() => {
  if (process.memoryUsage.rss() <= memoryBytes) return;
  writeSync(standardError, memoryNote);
  end();
}, tickMs);
