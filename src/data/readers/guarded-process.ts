import { type ChildProcess, spawn } from 'node:child_process';
import { Readable } from 'node:stream';
import { fileURLToPath } from 'node:url';
import { assert } from '../../core/index.ts';
import { workerFile } from '../../core/node.ts';
import type { GuardedStart } from './guarded-work.ts';
import { type Frame, FrameAssembler, memoryNote } from './process-frames.ts';

/** How much memory a guarded process may take. */
export interface ProcessMemory {
  /** JavaScript's heap, in MiB. */
  readonly heapMebibytes: number;
  /** All of it, with typed arrays and Node itself (some 60 MiB), in MiB. */
  readonly totalMebibytes: number;
}

/** How V8 names it when it runs out, by its heap or by the largest size of one array. */
const heapNotes = /heap out of memory|invalid (array length|table size)|invalid size error/;
/** Starting Node and loading modules takes a tenth of a second; this is far beyond that on a machine that swaps. */
const startLimitMs = 120_000;

/** Where there are no signals, an abort ends in one of these exit codes; what nobody caught, in one below. */
const firstAbortCode = 128;

type Exit = { readonly cause: Error } | { readonly code: number | null; readonly signal: NodeJS.Signals | null };
type Chunk = IteratorResult<Uint8Array, undefined>;

/**
 * A Node process for work on bytes that cannot be trusted: it may run for ever, take all memory or bring V8 down, and
 * only the process ends.
 *
 * It is a process and not a thread because V8 aborts the whole process, whatever the `resourceLimits` of the thread, when
 * a single allocation does not fit the heap, as happens to an array that a damaged length makes grow.
 * The process ends with the one that started it, by whatever way that ends.
 */
export class GuardedProcess<Head> {
  private readonly child: ChildProcess;
  private readonly frames: Readable;
  private readonly chunks: AsyncIterator<Uint8Array, undefined>;
  private readonly assembler = new FrameAssembler<Head>();
  private readonly exited: Promise<Exit>;
  private pending: Promise<Chunk> | undefined;
  private errors = '';

  /**
   * @param file what it runs: a file that calls `serveGuarded` first
   * @param request what `serveGuarded` returns there
   * @param fileDescriptor an open file, which is `guardedFile` there
   */
  constructor(file: URL, request: object, fileDescriptor: number, memory: ProcessMemory) {
    const { NODE_OPTIONS: _, ...environment } = process.env;
    const start: GuardedStart<object> = {
      request,
      memoryBytes: memory.totalMebibytes * 2 ** 20,
      guard: workerFile(import.meta.url, 'process-guard').href,
    };
    this.child = spawn(
      process.execPath,
      [`--max-old-space-size=${memory.heapMebibytes}`, fileURLToPath(file), JSON.stringify(start)],
      { stdio: ['pipe', 'ignore', 'pipe', fileDescriptor, 'pipe'], env: environment, windowsHide: true },
    );
    const { stderr, stdin } = this.child;
    const frames = this.child.stdio[4];
    assert(frames instanceof Readable && stderr !== null && stdin !== null, 'a process has its pipes');
    // It is never written to; that its other end is gone says nothing that the exit does not say.
    stdin.on('error', () => undefined);
    stderr.on('data', (text: Buffer) => {
      this.errors = (this.errors + text.toString()).slice(0, 2 ** 14);
    });
    this.frames = frames;
    this.chunks = frames[Symbol.asyncIterator]() as AsyncIterator<Uint8Array, undefined>;
    this.exited = new Promise((resolve) => {
      this.child.on('error', (cause) => resolve({ cause }));
      this.child.on('close', (code, signal) => resolve({ code, signal }));
    });
  }

  /**
   * Waits for the first frame, which the process writes when it is ready to work. That it does not start is a fault of
   * ours, and none of its file.
   */
  async start(): Promise<void> {
    const first = await this.next(startLimitMs);
    assert('head' in first, `a guarded process did not start: ${'ended' in first && first.ended} ${this.errors}`);
  }

  /**
   * The next frame, or why there is none. The process is ended when nothing arrives within `limitMs`; time that passes
   * while nobody waits here does not count.
   */
  async next(limitMs: number): Promise<Frame<Head> | { readonly ended: string }> {
    for (;;) {
      const frame = this.assembler.take();
      if (frame !== undefined) return frame;
      const chunk = await this.nextChunk(limitMs);
      if (chunk === undefined) {
        await this.close();
        return { ended: `nothing came of it within ${limitMs / 1000} s` };
      }
      if (chunk.done) return { ended: this.reasonOf(await this.exited) };
      this.assembler.push(chunk.value);
    }
  }

  /** @throws an assertion where it ended by itself, for it ends only when it is told to, by its guard or by V8 */
  private reasonOf(exit: Exit): string {
    if (this.errors.includes(memoryNote) || heapNotes.test(this.errors)) return 'it takes more memory than is allowed';
    const end = 'cause' in exit ? exit.cause.message : (exit.signal ?? `exit code ${exit.code}`);
    const isOurs = 'cause' in exit || (exit.signal === null && (exit.code ?? 0) < firstAbortCode);
    assert(!isOurs, `a guarded process ended with ${end}: ${this.errors}`);
    return `it ended with ${end}`;
  }

  private async nextChunk(limitMs: number): Promise<Chunk | undefined> {
    this.pending ??= this.chunks.next();
    let timer: NodeJS.Timeout | undefined;
    const late = new Promise<undefined>((resolve) => {
      // Where this thread itself was busy meanwhile, what has arrived is looked at first.
      timer = setTimeout(() => setImmediate(() => setImmediate(() => resolve(undefined))), limitMs);
    });
    const chunk = await Promise.race([this.pending, late]);
    clearTimeout(timer);
    if (chunk !== undefined) this.pending = undefined;
    return chunk;
  }

  /** Ends the process, if it still runs, and waits until it is gone. */
  async close(): Promise<void> {
    this.child.kill('SIGKILL');
    // Unread output would keep the pipe, and so the exit, from closing.
    this.frames.destroy();
    await this.pending?.catch(() => undefined);
    await this.exited;
  }
}
