import { basename, dirname } from 'node:path';
import { assert, type FileSystem, GroundworkError, type OpenFile } from '../../core/index.ts';
import { eventLine, parseEventLine, type RunEvent } from './events.ts';
import { refuseLink } from './problem.ts';

export const eventsFile = 'events.jsonl';

/** How much of the log is in memory at a time. */
const chunkBytes = 2 ** 18;
/** A line that is longer is no event. */
const maxLineBytes = 2 ** 24;

/** The log of a run, open for its one writer: the process that holds the run's lock. */
export interface EventLog {
  /** Writes an event as one line. Where that fails (a full disk), the log is cut back to its last whole line. */
  append(event: RunEvent): void;
  /** Flushes to the disk what was appended. Comes before a checkpoint is published, or a loss of power could leave gaps. */
  sync(): void;
  close(): void;
}

/** A line of the log: its event, or why it is none, and where it ends. */
interface LogLine {
  readonly number: number;
  readonly event: RunEvent | { readonly fault: string };
  readonly endBytes: number;
  /** Whether it ends with a line feed. */
  readonly isWhole: boolean;
  /** Whether it holds bytes that were never written: a disk that lost its power shows zeros there. */
  readonly hasZeros: boolean;
}

/**
 * Opens the log of a run to append to it; makes it where there is none. A last line that was cut off, as a kill or a full
 * disk leaves it, is removed.
 *
 * @param afterStep the step of the checkpoint that the run goes on from: the log is cut back to before the first event of a
 *   later step, so that those steps are not in it twice
 * @throws `invalid-run` where a line that no kill leaves is no event; `unsafe-path` for a link out of the run
 */
export function openEventLog(fs: FileSystem, path: string, options: { readonly afterStep?: number } = {}): EventLog {
  const limit = options.afterStep ?? Number.POSITIVE_INFINITY;
  let sizeBytes = 0;
  refuseLink(dirname(path), basename(path));
  for (const { event, endBytes } of eventLines(fs, path)) {
    if ('step' in event && event.step > limit) break;
    sizeBytes = endBytes;
  }
  const file = fs.open(path, 'append');
  try {
    if (fs.stat(path).sizeBytes > sizeBytes) {
      file.truncate(sizeBytes);
      file.sync();
    }
    // A log of which nothing is written yet may have been made just now; its name is to survive a loss of power.
    if (sizeBytes === 0) fs.syncFolder(dirname(path));
  } catch (error) {
    file.close();
    throw error;
  }
  return openLog(file, sizeBytes);
}

function openLog(file: OpenFile, initialSize: number): EventLog {
  let sizeBytes = initialSize;
  let isCutOff = false;
  const repair = (): void => {
    file.truncate(sizeBytes);
    isCutOff = false;
  };
  return {
    append: (event) => {
      if (isCutOff) repair();
      const line = eventLine(event);
      const read = parseEventLine(line);
      assert(
        !('fault' in read),
        `an event of type ${event.type} could not be read again: ${'fault' in read && read.fault}`,
      );
      const bytes = new TextEncoder().encode(`${line}\n`);
      assert(bytes.length <= maxLineBytes, `an event of type ${event.type} has ${bytes.length} bytes`);
      try {
        isCutOff = true;
        file.write(bytes);
        isCutOff = false;
      } catch (error) {
        try {
          repair();
        } catch {
          // Why the writing failed is what a person needs to know; the next append, or the next opening, repairs.
        }
        throw error;
      }
      sizeBytes += bytes.length;
    },
    sync: () => file.sync(),
    close: () => file.close(),
  };
}

/**
 * The events of a run, also of one that is being written: a last line without an end is left out.
 *
 * @throws `invalid-run` where a line that no kill leaves is no event; `unsafe-path` for a link out of the run
 */
export function readEvents(fs: FileSystem, path: string): RunEvent[] {
  refuseLink(dirname(path), basename(path));
  return Array.from(eventLines(fs, path), ({ event }) => event);
}

/**
 * The events with where their lines end. Leaves out a last line that is not whole, be it by its end or by bytes that never
 * reached the disk. A last line that is whole and no event is refused as any other: a kill cuts lines off, and changes none.
 */
function* eventLines(
  fs: FileSystem,
  path: string,
): Generator<{ readonly event: RunEvent; readonly endBytes: number }, void> {
  const refuse = (number: number, fault: string): never => {
    throw new GroundworkError('invalid-run', `line ${number} of ${path} is no event: ${fault}`, {
      hint: 'The log was changed by something else than a run. Copy it again from where it is sound.',
    });
  };
  let cutOff: { readonly number: number; readonly fault: string } | undefined;
  for (const { number, event, endBytes, isWhole, hasZeros } of logLines(fs, path)) {
    if (cutOff !== undefined) refuse(cutOff.number, cutOff.fault);
    if ('fault' in event) {
      if (isWhole && !hasZeros) refuse(number, event.fault);
      cutOff = { number, fault: event.fault };
    } else if (isWhole) yield { event, endBytes };
    // A last line that lacks nothing but its end is as good as cut off: what follows would run into it.
  }
}

function* logLines(fs: FileSystem, path: string): Generator<LogLine, void> {
  if (!fs.exists(path)) return;
  const file = fs.open(path, 'read');
  try {
    const chunk = new Uint8Array(Math.min(chunkBytes, fs.stat(path).sizeBytes + 1));
    let pieces: Uint8Array[] = [];
    let [offset, length, number] = [0, 0, 0];
    for (;;) {
      const found = file.readAt(chunk, offset);
      let start = 0;
      for (let end = chunk.indexOf(10); end >= 0 && end < found; end = chunk.indexOf(10, start)) {
        pieces.push(chunk.subarray(start, end));
        number += 1;
        yield { number, ...parsedLine(pieces), endBytes: offset + end + 1, isWhole: true };
        pieces = [];
        length = 0;
        start = end + 1;
      }
      if (start < found && length <= maxLineBytes) {
        pieces.push(chunk.slice(start, found));
        length += found - start;
      }
      offset += found;
      if (found < chunk.length) break;
    }
    if (pieces.length > 0) yield { number: number + 1, ...parsedLine(pieces), endBytes: offset, isWhole: false };
  } finally {
    file.close();
  }
}

function parsedLine(pieces: readonly Uint8Array[]): Pick<LogLine, 'event' | 'hasZeros'> {
  const bytes = Buffer.concat(pieces);
  return { event: eventOf(bytes), hasZeros: bytes.includes(0) };
}

function eventOf(bytes: Uint8Array): LogLine['event'] {
  if (bytes.length > maxLineBytes) return { fault: `it has more than ${maxLineBytes} bytes` };
  try {
    return parseEventLine(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (error) {
    return { fault: (error as Error).message };
  }
}
