import type { FileSystem, OpenFile } from '../../core/index.ts';

/** Files that are read at many places: kept open, the least recently used one closed when there are too many. */
export class OpenFiles {
  private readonly fs: FileSystem;
  private readonly maxOpen: number;
  // A Map keeps the order of insertion; a file that is used again moves to the end.
  private readonly files = new Map<string, OpenFile>();

  constructor(fs: FileSystem, maxOpen: number) {
    this.fs = fs;
    this.maxOpen = maxOpen;
  }

  /** Fills `into` from `offset` in the file on; returns how many bytes there were. */
  readAt(path: string, into: Uint8Array, offset: number): number {
    return this.use(path).readAt(into, offset);
  }

  /** Closes all; a later read opens its file again. */
  close(): void {
    for (const file of this.files.values()) file.close();
    this.files.clear();
  }

  private use(path: string): OpenFile {
    const known = this.files.get(path);
    if (known !== undefined) {
      this.files.delete(path);
      this.files.set(path, known);
      return known;
    }
    for (const [oldest, file] of this.files) {
      if (this.files.size < this.maxOpen) break;
      this.files.delete(oldest);
      file.close();
    }
    const opened = this.fs.open(path, 'read');
    this.files.set(path, opened);
    return opened;
  }
}
