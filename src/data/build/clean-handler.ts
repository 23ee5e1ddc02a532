import { createHash } from 'node:crypto';
import type { WorkerResult } from '../../core/node.ts';
import { type CleaningOptions, createCleaningPipeline } from '../cleaning/pipeline.ts';
import { type ContaminationData, ContaminationIndex } from '../deduplication/contamination-index.ts';
import { SignatureWriter } from '../deduplication/signatures.ts';
import type { Document, RecordFault } from '../document.ts';
import { applyFaultPolicy } from '../readers/fault-policy.ts';
import { parseRecord } from '../readers/parse-record.ts';
import { Accounts, sampleOf } from './accounts.ts';
import { type BuildSettings, filledHeader, headerFields } from './build-settings.ts';
import { encodeCleanedBlock } from './cleaned-block.ts';
import { type RecordBlock, recordOf } from './record-block.ts';

/** What the workers that clean have to know. */
export interface CleanContext {
  readonly settings: BuildSettings;
  readonly cleaning: CleaningOptions;
  readonly contamination: ContaminationData | undefined;
  /** SHA-256 of all settings, by which a block is told from one that was made otherwise. */
  readonly madeBy: string;
}

/** Makes of a block of records a cleaned block: parsed, cleaned, with its books and with keys to find duplicates by. */
export async function createCleanHandler({ settings, cleaning, contamination, madeBy }: CleanContext) {
  const pipeline = await createCleaningPipeline(cleaning);
  const evaluations = contamination && ContaminationIndex.fromData(contamination);
  const { groupField, textField, header: headerTemplate } = settings;
  const metadataFields = [...headerFields(headerTemplate), ...(groupField === undefined ? [] : [groupField])];
  const encoder = new TextEncoder();

  return (records: RecordBlock): WorkerResult<Uint8Array<ArrayBuffer>> => {
    const accounts = new Accounts();
    const signatures = new SignatureWriter({ near: settings.removeNearDuplicates });
    const kept = new KeptDocuments(records.ends.length);

    const onFault = (fault: RecordFault, numBytes: number) => {
      applyFaultPolicy(fault, settings.onFault);
      accounts.read(1, numBytes);
      accounts.removed(`unreadable/${fault.kind}`, numBytes, () => sampleOf(fault, fault.message));
    };
    for (let i = 0; i < records.ends.length; i++) {
      const record = recordOf(records, i);
      const document = parseRecord(record, { textField, metadataFields });
      if ('kind' in document) {
        onFault(document, record.bytes.length);
        continue;
      }
      const numBytes = Buffer.byteLength(document.text);
      accounts.read(1, numBytes);
      const result = pipeline.clean(document.text);
      const sample = () => sampleOf(document, document.text);
      if (result.language !== undefined) accounts.language(result.language, numBytes);
      if (!result.kept) {
        accounts.removed(result.rule, numBytes, sample);
        continue;
      }
      for (const { rule, count } of result.edits) accounts.edited(rule, count, sample);
      const contamination = evaluations?.findContamination(result.text);
      if (contamination) {
        accounts.removed(`contaminated/${contamination.name}`, numBytes, sample);
        continue;
      }
      signatures.add(result.text);
      const header = encoder.encode(filledHeader(headerTemplate, document.metadata));
      kept.add(i, header, encoder.encode(result.text), groupKey(document, result.text, groupField));
    }
    const file = encodeCleanedBlock({
      inputSha256: records.sha256,
      madeBy,
      accounts: accounts.data(),
      sources: records.sources,
      sourceOf: kept.recordNumbers().map((i) => records.sourceOf[i] ?? 0),
      lines: kept.recordNumbers().map((i) => records.lines[i] ?? 0),
      byteOffsets: Float64Array.from(kept.recordNumbers(), (i) => records.byteOffsets[i] ?? 0),
      signatures: signatures.take(),
      ...kept.columns(),
    });
    return { value: file, transfer: [file.buffer] };
  };
}

/** The hash by which the split chooses: of the group where there is one, else of the text. */
function groupKey({ metadata }: Document, text: string, groupField: string | undefined): Buffer {
  const group = groupField === undefined ? undefined : metadata[groupField];
  const hash = createHash('sha256').update(group === undefined ? 'text\0' : 'group\0');
  return hash.update(group ?? text).digest();
}

/** The documents that are kept, as columns that grow. */
class KeptDocuments {
  readonly #numbers: Uint32Array<ArrayBuffer>;
  readonly #ends: Uint32Array<ArrayBuffer>;
  readonly #headerBytes: Uint32Array<ArrayBuffer>;
  readonly #groupKeys: Uint32Array<ArrayBuffer>;
  readonly #pieces: Uint8Array[] = [];
  #count = 0;
  #sizeBytes = 0;

  constructor(most: number) {
    this.#numbers = new Uint32Array(most);
    this.#ends = new Uint32Array(most);
    this.#headerBytes = new Uint32Array(most);
    this.#groupKeys = new Uint32Array(2 * most);
  }

  add(recordNumber: number, header: Uint8Array, body: Uint8Array, groupKey: Buffer): void {
    const i = this.#count++;
    this.#pieces.push(header, body);
    this.#sizeBytes += header.length + body.length;
    this.#numbers[i] = recordNumber;
    this.#ends[i] = this.#sizeBytes;
    this.#headerBytes[i] = header.length;
    this.#groupKeys[2 * i] = groupKey.readUInt32LE(0);
    this.#groupKeys[2 * i + 1] = groupKey.readUInt32LE(4);
  }

  /** For each document, the number of its record. */
  recordNumbers(): Uint32Array<ArrayBuffer> {
    return this.#numbers.slice(0, this.#count);
  }

  columns() {
    const text = new Uint8Array(this.#sizeBytes);
    let at = 0;
    for (const piece of this.#pieces) {
      text.set(piece, at);
      at += piece.length;
    }
    return {
      text,
      ends: this.#ends.slice(0, this.#count),
      headerBytes: this.#headerBytes.slice(0, this.#count),
      groupKeys: this.#groupKeys.slice(0, 2 * this.#count),
    };
  }
}
