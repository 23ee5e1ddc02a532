import { Decompress } from 'fzstd';
import { BrokenStream } from './byte-stream.ts';
import { HeldBytes } from './held-bytes.ts';

const frameMagic = 0xfd2fb528;
const skippableMagic = 0x184d2a50;
/** The largest window that is accepted, as the zstd program does by default: it is the memory that a frame claims. */
const maximumWindow = 2 ** 27;
/** The largest block after unpacking (RFC 8878, section 3.1.1.2.4). */
const maximumBlock = 2 ** 17;

/**
 * Unpacks Zstandard (RFC 8878), also several frames in a row and skippable ones. Blocks are handed to the decoder one at a
 * time, since one push may otherwise unpack 32,768 bytes for each byte: here it is 128 KiB at most. Checksums of content
 * are not verified (the decoder has none).
 *
 * @throws BrokenStream `truncated` where the archive ends early, `corrupt-archive` where it is wrong
 */
export async function* unzstd(chunks: AsyncIterable<Uint8Array>): AsyncGenerator<Uint8Array> {
  const frames = new FrameReader();
  for await (const chunk of chunks) {
    frames.append(chunk);
    for (let piece = frames.next(); piece !== undefined; piece = frames.next()) if (piece.length > 0) yield piece;
  }
  frames.finish();
}

interface Frame {
  readonly decoder: Decompress;
  readonly hasChecksum: boolean;
  readonly largestBlock: number;
}

/** Cuts an archive into frames and these into blocks. */
class FrameReader {
  private readonly held = new HeldBytes();
  /** What of `held` has been used. */
  private at = 0;
  private numIn = 0;
  private numToSkip = 0;
  private frame: Frame | undefined;
  private output: Uint8Array[] = [];

  append(chunk: Uint8Array): void {
    this.held.drop(this.at);
    this.at = 0;
    this.held.append(chunk);
    this.numIn += chunk.length;
  }

  /** The next piece of unpacked bytes, which may be empty; nothing where more of the archive is needed. */
  next(): Uint8Array | undefined {
    // The decoder waits until it has 18 bytes of a frame, so that small blocks come out together.
    const ready = this.output.shift();
    if (ready !== undefined) return ready;
    const bytes = this.held.view().subarray(this.at);
    if (this.numToSkip > 0) {
      const count = Math.min(this.numToSkip, bytes.length);
      this.numToSkip -= count;
      this.at += count;
      return count > 0 ? new Uint8Array(0) : undefined;
    }
    return this.frame ? this.nextBlock(bytes, this.frame) : this.nextFrame(bytes);
  }

  finish(): void {
    if (this.frame || this.numToSkip > 0 || this.at < this.held.length) {
      throw new BrokenStream('truncated', `the zstd archive ends after ${this.numIn} bytes, before its data does`);
    }
  }

  private nextFrame(bytes: Uint8Array): Uint8Array | undefined {
    if (bytes.length < 8) return undefined;
    const view = new DataView(bytes.buffer, bytes.byteOffset);
    const magic = view.getUint32(0, true);
    if (magic >>> 4 === skippableMagic >>> 4) {
      this.at += 8;
      this.numToSkip = view.getUint32(4, true);
      return new Uint8Array(0);
    }
    if (magic !== frameMagic) throw this.corrupt('no frame begins here');
    const flags = bytes[4] as number;
    const isSingleSegment = (flags & 0x20) !== 0;
    const numDictionaryBytes = [0, 1, 2, 4][flags & 3] as number;
    const numSizeBytes = [isSingleSegment ? 1 : 0, 2, 4, 8][flags >> 6] as number;
    const headerBytes = 5 + (isSingleSegment ? 0 : 1) + numDictionaryBytes + numSizeBytes;
    if (bytes.length < headerBytes) return undefined;
    const window = isSingleSegment
      ? frameContentBytes(view, headerBytes - numSizeBytes, numSizeBytes)
      : windowBytes(bytes[5] as number);
    if (window > maximumWindow)
      throw this.corrupt(`a window of ${window} bytes, at most ${maximumWindow} are accepted`);
    if (numDictionaryBytes > 0) throw this.corrupt('it needs a dictionary');
    const decoder = new Decompress((piece) => {
      if (piece.length > 0) this.output.push(piece);
    });
    this.frame = {
      decoder,
      hasChecksum: (flags & 4) !== 0,
      largestBlock: Math.min(maximumBlock, Math.max(window, 1024)),
    };
    this.decode(bytes.slice(0, headerBytes), false);
    this.at += headerBytes;
    return new Uint8Array(0);
  }

  private nextBlock(bytes: Uint8Array, frame: Frame): Uint8Array | undefined {
    if (bytes.length < 3) return undefined;
    const header = (bytes[0] as number) | ((bytes[1] as number) << 8) | ((bytes[2] as number) << 16);
    const isLast = (header & 1) !== 0;
    const kind = (header >> 1) & 3;
    const size = header >> 3;
    if (kind === 3 || size > frame.largestBlock) throw this.corrupt('a block that cannot be');
    // One byte repeated (kind 1) is stored once.
    const total = 3 + (kind === 1 ? 1 : size) + (isLast && frame.hasChecksum ? 4 : 0);
    if (bytes.length < total) return undefined;
    this.decode(bytes.slice(0, total), isLast);
    this.at += total;
    if (isLast) this.frame = undefined;
    return this.output.shift() ?? new Uint8Array(0);
  }

  private decode(bytes: Uint8Array, isLast: boolean): void {
    try {
      this.frame?.decoder.push(bytes, isLast);
    } catch (cause) {
      throw this.corrupt(cause instanceof Error ? cause.message : String(cause));
    }
  }

  private corrupt(reason: string): BrokenStream {
    const at = this.numIn - this.held.length + this.at;
    return new BrokenStream('corrupt-archive', `the zstd archive is broken at byte ${at} (${reason})`);
  }
}

function windowBytes(descriptor: number): number {
  const base = 2 ** (10 + (descriptor >> 3));
  return base + (base / 8) * (descriptor & 7);
}

function frameContentBytes(view: DataView, at: number, numBytes: number): number {
  if (numBytes === 1) return view.getUint8(at);
  if (numBytes === 2) return view.getUint16(at, true) + 256;
  return numBytes === 4 ? view.getUint32(at, true) : Number(view.getBigUint64(at, true));
}
