// core/: the part that needs Node: files, publishing, locks, worker threads. Browsers take index.ts alone.
export { type WrittenFile, writeDurably } from './durable-file.ts';
export { takeLock } from './lock-file.ts';
export { nodeFileSystem } from './node-file-system.ts';
export {
  defaultCacheFolder,
  fetchPackage,
  type PackageFetchOptions,
  type ProcessResult,
  type ProcessRunner,
  publishedFolder,
  runProcess,
} from './package-fetch.ts';
export { processPeak, resetProcessPeak } from './process-peak.ts';
export { faultOfPath, resolveInside } from './safe-path.ts';
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
