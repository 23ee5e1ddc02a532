import { createHash } from 'node:crypto';
import { z } from 'zod';
import { canonicalJson, type FileSystem, GroundworkError, type JsonValue } from '../../core/index.ts';

// A section file holds a JSON header and named arrays, and the SHA-256 of all of it at its end: what one stage of a build
// leaves for the next. Layout: magic (8 bytes), length of the header (uint32, little-endian), padding (4), header, padding to
// 8, sections each padded to 8, SHA-256 (32 bytes).

const magic = new TextEncoder().encode('GWSECT01');
const digestBytes = 32;

/** The arrays that a section may be. All machines that Node runs on are little-endian. */
export type Section = Uint8Array | Uint32Array | Float64Array;

const headerSchema = z.object({
  header: z.json(),
  sections: z.record(z.string(), z.object({ offset: z.int().min(0), sizeBytes: z.int().min(0) })),
});

/** The bytes of a section file. Equal content gives equal bytes. */
export function encodeSections(
  header: JsonValue,
  sections: { readonly [name: string]: Section },
): Uint8Array<ArrayBuffer> {
  const places: { [name: string]: { offset: number; sizeBytes: number } } = {};
  let offset = 0;
  for (const [name, { byteLength }] of Object.entries(sections)) {
    places[name] = { offset, sizeBytes: byteLength };
    offset += padded(byteLength);
  }
  const text = new TextEncoder().encode(canonicalJson({ header, sections: places }));
  const start = 16 + padded(text.length);
  const bytes = new Uint8Array(start + offset + digestBytes);
  bytes.set(magic);
  new DataView(bytes.buffer).setUint32(8, text.length, true);
  bytes.set(text, 16);
  for (const [name, section] of Object.entries(sections)) {
    const place = places[name];
    if (place) bytes.set(new Uint8Array(section.buffer, section.byteOffset, section.byteLength), start + place.offset);
  }
  const body = bytes.subarray(0, -digestBytes);
  bytes.set(createHash('sha256').update(body).digest(), body.length);
  return bytes;
}

/** A section file that was opened: its header, and its sections, read when they are asked for. */
export interface SectionFile {
  readonly header: unknown;
  bytes(name: string): Uint8Array<ArrayBuffer>;
  uint32(name: string): Uint32Array<ArrayBuffer>;
  float64(name: string): Float64Array<ArrayBuffer>;
  /** Numbers `start` … `start + length − 1` of a section of uint32. */
  uint32Range(name: string, start: number, length: number): Uint32Array<ArrayBuffer>;
}

/**
 * Opens a section file; its parts are read when they are asked for, each time anew.
 *
 * @param options.verify whether to check the SHA-256, which reads the whole file
 * @throws `invalid-dataset` where the file is cut off, changed, or of another kind
 */
export function openSections(fs: FileSystem, path: string, { verify }: { readonly verify: boolean }): SectionFile {
  const { sizeBytes } = fs.stat(path);
  if (sizeBytes < 16 + digestBytes) throw broken(path, `it has ${sizeBytes} bytes`);
  if (verify) {
    const bytes = fs.readFile(path);
    const body = bytes.subarray(0, -digestBytes);
    const found = createHash('sha256').update(body).digest();
    if (!found.equals(bytes.subarray(-digestBytes))) throw broken(path, 'its SHA-256 is not the one at its end');
  }
  const read = (offset: number, length: number): Uint8Array<ArrayBuffer> => {
    const into = new Uint8Array(length);
    const file = fs.open(path, 'read');
    try {
      if (file.readAt(into, offset) !== length) throw broken(path, 'it is cut off');
    } finally {
      file.close();
    }
    return into;
  };
  const start = read(0, 16);
  if (magic.some((byte, i) => start[i] !== byte)) throw broken(path, 'it does not begin as one');
  const headerBytes = new DataView(start.buffer).getUint32(8, true);
  if (16 + padded(headerBytes) + digestBytes > sizeBytes) throw broken(path, 'its header is longer than the file');
  const { header, sections } = parseHeader(path, read(16, headerBytes));
  const sectionStart = 16 + padded(headerBytes);
  const bytesOf = (name: string, from: number, length: number | undefined): Uint8Array<ArrayBuffer> => {
    const section = sections[name];
    if (!section) throw broken(path, `it has no section ${name}`);
    const end = from + (length ?? section.sizeBytes - from);
    if (end > section.sizeBytes || sectionStart + section.offset + end > sizeBytes) {
      throw broken(path, `section ${name} ends behind the file`);
    }
    return read(sectionStart + section.offset + from, end - from);
  };
  return {
    header,
    bytes: (name) => bytesOf(name, 0, undefined),
    uint32: (name) => new Uint32Array(bytesOf(name, 0, undefined).buffer),
    float64: (name) => new Float64Array(bytesOf(name, 0, undefined).buffer),
    uint32Range: (name, from, length) => new Uint32Array(bytesOf(name, 4 * from, 4 * length).buffer),
  };
}

function parseHeader(path: string, text: Uint8Array): z.infer<typeof headerSchema> {
  try {
    return headerSchema.parse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(text)));
  } catch (cause) {
    throw broken(path, `its header cannot be read (${(cause as Error).message.slice(0, 200)})`);
  }
}

function broken(path: string, found: string): GroundworkError {
  return new GroundworkError('invalid-dataset', `${path} is not a sound section file: ${found}`, {
    hint: 'Run the build again; it makes anew what is broken.',
  });
}

function padded(length: number): number {
  return Math.ceil(length / 8) * 8;
}
