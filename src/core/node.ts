// core/: the part that needs Node: files, publishing, locks, worker threads. Browsers take index.ts alone.
export { lockFileName, lockFolder } from './folder-lock.ts';
export { nodeFileSystem } from './node-file-system.ts';
export {
  mapInOrder,
  openWorkerPool,
  serveTasks,
  type TaskHandler,
  type WorkerPool,
  type WorkerPoolOptions,
  type WorkerResult,
  workerFile,
} from './worker-pool.ts';
