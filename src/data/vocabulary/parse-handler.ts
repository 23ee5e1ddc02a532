import type { WorkerResult } from '../../core/node.ts';
import { type RecordBlock, recordOf } from '../build/record-block.ts';
import type { RecordFault } from '../document.ts';
import { isRecordFault, type ParseOptions, parseRecord } from '../readers/parse-record.ts';

/** The texts of a block of records, one after the other, as UTF-8. */
export interface ParsedBlock {
  readonly bytes: Uint8Array<ArrayBuffer>;
  /** Where each text ends. */
  readonly ends: Uint32Array<ArrayBuffer>;
  /** Records that gave no text. */
  readonly faults: readonly RecordFault[];
}

/** Makes texts of blocks of records, in a worker thread or on the calling one. */
export function createParseHandler(options: ParseOptions) {
  const encoder = new TextEncoder();
  return (block: RecordBlock): WorkerResult<ParsedBlock> => {
    const texts: Uint8Array[] = [];
    const faults: RecordFault[] = [];
    let sizeBytes = 0;
    for (let i = 0; i < block.ends.length; i++) {
      const document = parseRecord(recordOf(block, i), options);
      if (isRecordFault(document)) {
        faults.push(document);
        continue;
      }
      const text = encoder.encode(document.text);
      texts.push(text);
      sizeBytes += text.length;
    }
    const bytes = new Uint8Array(sizeBytes);
    const ends = new Uint32Array(texts.length);
    let at = 0;
    for (const [i, text] of texts.entries()) {
      bytes.set(text, at);
      at += text.length;
      ends[i] = at;
    }
    return { value: { bytes, ends, faults }, transfer: [bytes.buffer, ends.buffer] };
  };
}
