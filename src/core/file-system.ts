/**
 * Where code reads and writes files, so that a test can hand in a file system that fails at any chosen call. Calls are
 * synchronous: a writer is alone in its folder, and the order of its calls is what makes a crash harmless.
 *
 * The Node implementation (`nodeFileSystem` in `core/node.ts`) throws a `GroundworkError` for what a person can mend: a
 * full disk (`disk-full`), a path that is missing or forbidden (`file-not-found`, `file-access`).
 */
export interface FileSystem {
  exists(path: string): boolean;
  /** Size and kind of what lies at a path; symbolic links are followed. */
  stat(path: string): { readonly sizeBytes: number; readonly isFolder: boolean };
  /** The names in a folder, sorted by code unit. */
  list(path: string): readonly string[];
  /** Makes a folder and those above it; nothing happens where it exists. */
  makeFolder(path: string): void;
  readFile(path: string): Uint8Array;
  open(path: string, mode: 'read' | 'write' | 'append' | 'create-new'): OpenFile;
  rename(from: string, to: string): void;
  /** Removes a file or a folder with all it holds; nothing happens where there is none. */
  remove(path: string): void;
  /** Flushes a folder, so that the names in it survive a loss of power. */
  syncFolder(path: string): void;
}

/** A file that is open; whoever opened it closes it. */
export interface OpenFile {
  /** Appends all of `bytes`. */
  write(bytes: Uint8Array): void;
  /** Fills `into` from `offset` in the file on; returns how many bytes there were, fewer only at the end of the file. */
  readAt(into: Uint8Array, offset: number): number;
  truncate(sizeBytes: number): void;
  /** Flushes the contents to the disk. */
  sync(): void;
  close(): void;
}
