import { z } from 'zod';
import { type FileSystem, GroundworkError, present } from '../../core/index.ts';
import type { SignatureBlock } from '../deduplication/signatures.ts';
import type { Place } from '../document.ts';
import { type AccountsData, accountsSchema } from './accounts.ts';
import type { Places } from './record-block.ts';
import { encodeSections, openSections, type SectionFile } from './section-file.ts';

const headerSchema = z.object({
  /** SHA-256 of the records that it was made from. */
  inputSha256: z.string(),
  /** SHA-256 of the settings that it was made with. */
  madeBy: z.string(),
  numDocuments: z.int().min(0),
});
export type CleanedBlockHeader = z.infer<typeof headerSchema>;

/** What is read of a block once, and would be too much to keep for all of them. */
const aboutSchema = z.object({ sources: z.array(z.string()), accounts: accountsSchema });

/** What cleaning left of a block of records, and what later stages need to know of each document. */
export interface CleanedBlock extends Places {
  readonly inputSha256: string;
  readonly madeBy: string;
  readonly accounts: AccountsData;
  /** The documents in UTF-8, one after another, each with its header. */
  readonly text: Uint8Array;
  /** For each document, where its text ends. */
  readonly ends: Uint32Array;
  /** For each document, the bytes of its header, which no comparison of documents looks at. */
  readonly headerBytes: Uint32Array;
  /** 2 numbers a document: a hash of its group, or of its text. */
  readonly groupKeys: Uint32Array;
  readonly signatures: SignatureBlock;
}

/** The block as the bytes of a section file. */
export function encodeCleanedBlock(block: CleanedBlock): Uint8Array<ArrayBuffer> {
  const header: CleanedBlockHeader = {
    inputSha256: block.inputSha256,
    madeBy: block.madeBy,
    numDocuments: block.ends.length,
  };
  const about = { sources: [...block.sources], accounts: block.accounts };
  return encodeSections(header, {
    about: new TextEncoder().encode(JSON.stringify(about)),
    text: block.text,
    ends: block.ends,
    headerBytes: block.headerBytes,
    groupKeys: block.groupKeys,
    exactKeys: block.signatures.exactKeys,
    bandKeys: block.signatures.bandKeys,
    sourceOf: block.sourceOf,
    lines: block.lines,
    byteOffsets: block.byteOffsets,
  });
}

/** A cleaned block on the disk. */
export interface StoredBlock {
  readonly header: CleanedBlockHeader;
  readonly sections: SectionFile;
}

/** @throws `invalid-dataset` where the file is not what was written */
export function openCleanedBlock(fs: FileSystem, path: string, options: { readonly verify: boolean }): StoredBlock {
  const sections = openSections(fs, path, options);
  const header = headerSchema.safeParse(sections.header);
  if (header.success) return { header: header.data, sections };
  throw new GroundworkError('invalid-dataset', `${path} is no cleaned block: ${z.prettifyError(header.error)}`, {
    hint: 'Run the build again; it makes anew what is broken.',
  });
}

/**
 * The names of a block's sources, and its books. The hash of the file was checked or the file just written, so what they hold
 * is what was written.
 */
export function aboutBlock({ sections }: StoredBlock): z.infer<typeof aboutSchema> {
  return aboutSchema.parse(JSON.parse(new TextDecoder().decode(sections.bytes('about'))));
}

/** The texts of a block's documents. */
export class BlockTexts {
  readonly #text: Uint8Array<ArrayBuffer>;
  readonly #ends: Uint32Array<ArrayBuffer>;
  readonly #headerBytes: Uint32Array<ArrayBuffer>;
  readonly #decoder = new TextDecoder();

  constructor({ sections }: StoredBlock) {
    this.#text = sections.bytes('text');
    this.#ends = sections.uint32('ends');
    this.#headerBytes = sections.uint32('headerBytes');
  }

  get numDocuments(): number {
    return this.#ends.length;
  }

  /** A document in UTF-8 with its header: a view. */
  bytes(document: number): Uint8Array<ArrayBuffer> {
    return this.#text.subarray(document === 0 ? 0 : this.#ends[document - 1], this.#ends[document]);
  }

  /** A document's text without its header. */
  body(document: number): string {
    return this.#decoder.decode(this.bytes(document).subarray(this.#headerBytes[document]));
  }
}

/** Where a document of a block was found. */
export function placeIn(block: StoredBlock, document: number): Place {
  const { sections } = block;
  return {
    source: present(aboutBlock(block).sources[sections.uint32('sourceOf')[document] ?? 0], 'source of a document'),
    line: sections.uint32('lines')[document] ?? 0,
    byteOffset: sections.float64('byteOffsets')[document] ?? 0,
  };
}
