import type { WorkerResult } from '../../../src/core/node.ts';
import { type TokenizerData, tokenizerFromData } from '../../../src/tokenizer/index.ts';

export interface EncodeTask {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each document ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
}

/** Encodes documents, in a worker thread or on the calling one; the ids of one follow those of the other. */
export function createEncodeHandler(data: TokenizerData) {
  const tokenizer = tokenizerFromData(data);
  return ({ bytes, ends }: EncodeTask): WorkerResult<Uint32Array<ArrayBuffer>> => {
    const parts: Uint32Array[] = [];
    let start = 0;
    let length = 0;
    for (const end of ends) {
      const ids = tokenizer.encodeBytes(bytes, start, end);
      parts.push(ids);
      length += ids.length;
      start = end;
    }
    const ids = new Uint32Array(length);
    let at = 0;
    for (const part of parts) {
      ids.set(part, at);
      at += part.length;
    }
    return { value: ids, transfer: [ids.buffer] };
  };
}
