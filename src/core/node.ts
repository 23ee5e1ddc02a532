// core/: the part that needs Node: files, publishing, locks, worker threads. Browsers take index.ts alone.
export { nodeFileSystem } from './node-file-system.ts';
