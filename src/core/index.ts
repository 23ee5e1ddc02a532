// core/: what every other room stands on: errors, canonical JSON and hashing, seeded random streams, the clock.
export { canonicalJson, type JsonValue, sha256Hex } from './canonical-json.ts';
export { type Clock, systemClock } from './clock.ts';
export {
  assert,
  type ErrorCode,
  errorCodes,
  exitCodes,
  GroundworkError,
  type GroundworkErrorOptions,
  present,
} from './errors.ts';
export { fileChunks } from './file-chunks.ts';
export type { FileSystem, OpenFile } from './file-system.ts';
export { type RandomStream, randomStream } from './random.ts';
