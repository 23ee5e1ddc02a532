// The process in which one Parquet file is decoded.
import { guardedFile, serveGuarded } from './guarded-work.ts';
import { decodeParquet, type ParquetMessage, type ParquetRequest } from './parquet-decoder.ts';
import { writeFrame } from './process-frames.ts';

const request = serveGuarded<ParquetRequest>();
const send = (message: ParquetMessage, body?: readonly Uint8Array[]) => writeFrame(message, body);
send({ kind: 'started' });
await decodeParquet(guardedFile, request, send);
send({ kind: 'end' });
// Its guard would keep it running.
process.exit();
