import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type FileSystem, GroundworkError } from '../../../src/core/index.ts';
import { openEventLog, readEvents } from '../../../src/training/run/event-log.ts';
import { eventLine, parseEventLine, type RunEvent } from '../../../src/training/run/events.ts';
import { memoryFiles } from '../../data/store/memory-files.ts';
import { expectRefusal, refusalOf } from '../../support/expect-refusal.ts';
import { Crash, faultingFileSystem } from '../../support/faulting-file-system.ts';
import { runsOf } from '../../support/full-tests.ts';
import { fixtureEvents } from './small-run.ts';

const path = '/run/events.jsonl';
const step = (number: number, loss = 1 / number): RunEvent => ({
  type: 'step',
  step: number,
  loss,
  gradientNorm: 1,
  isApplied: true,
  scheduleFactor: 1,
  tokens: 64 * number,
  durationMs: 5,
  elapsedMs: 5 * number,
});
const everyKind = fixtureEvents;

function write(fs: FileSystem, events: readonly RunEvent[], afterStep?: number): void {
  const log = openEventLog(fs, path, afterStep === undefined ? {} : { afterStep });
  for (const event of events) log.append(event);
  log.sync();
  log.close();
}
const bytesOf = (events: readonly RunEvent[]): Uint8Array => {
  const fs = memoryFiles();
  write(fs, events);
  return fs.files.get(path) as Uint8Array;
};

describe('the log of a run', () => {
  test('gives back every kind of event as it was, one a line', () => {
    const fs = memoryFiles();
    write(fs, everyKind);
    expect(readEvents(fs, path)).toEqual(everyKind);
    expect(
      Buffer.from(fs.files.get(path) as Uint8Array)
        .toString()
        .split('\n'),
    ).toHaveLength(everyKind.length + 1);
    expect(readEvents(fs, '/run/none.jsonl')).toEqual([]);
  });

  test('gives back NaN and the infinities, and every other number bit for bit (reliability 17)', () => {
    const number = fc.oneof(
      fc.double(),
      fc.constantFrom(Number.NaN, Number.POSITIVE_INFINITY, Number.NEGATIVE_INFINITY, 5e-324, Math.fround(0.1)),
    );
    fc.assert(
      fc.property(number, number, (loss, gradientNorm) => {
        // JSON writes −0 as 0, and a loss of −0 is one of 0.
        const event: RunEvent = { ...step(3), loss: loss + 0, gradientNorm: gradientNorm + 0 } as RunEvent;
        expect(parseEventLine(eventLine(event))).toEqual(event);
      }),
      { numRuns: runsOf(600) },
    );
    expect(eventLine({ ...step(1), loss: Number.NaN } as RunEvent)).toContain('"loss":"NaN"');
  });

  test('refuses what is no event', () => {
    for (const line of ['', '{', 'null', '{"type":"other"}', '{"type":"resumed"}', '{"type":"resumed","step":-1}']) {
      expect(parseEventLine(line), line).toHaveProperty('fault');
    }
    expect(parseEventLine('{"type":"started","more":1}')).toHaveProperty('fault');
    expect(parseEventLine(eventLine(step(1)).replace('"loss":1', '"loss":"nan"'))).toHaveProperty('fault');
  });

  test('cut off at any byte gives the events whose lines are whole, and goes on after them', () => {
    const bytes = bytesOf(everyKind);
    const ends = [...bytes].flatMap((byte, i) => (byte === 10 ? [i + 1] : []));
    for (let size = 0; size <= bytes.length; size++) {
      const whole = ends.filter((end) => end <= size).length;
      const fs = memoryFiles(new Map([[path, bytes.slice(0, size)]]));
      expect(readEvents(fs, path)).toEqual(everyKind.slice(0, whole));
      write(fs, [{ type: 'resumed', step: 9 }]);
      expect(readEvents(fs, path)).toEqual([...everyKind.slice(0, whole), { type: 'resumed', step: 9 }]);
    }
  });

  test('with a tail of zeros, as a loss of power leaves it, is repaired', () => {
    const fs = memoryFiles(new Map([[path, new Uint8Array([...bytesOf(everyKind), ...new Uint8Array(5000)])]]));
    expect(readEvents(fs, path)).toEqual(everyKind);
    write(fs, []);
    expect(fs.files.get(path)).toEqual(bytesOf(everyKind));
  });

  test('with a line in its midst that is no event is refused by its number: that no kill leaves', () => {
    const lines = everyKind.map(eventLine);
    for (const broken of ['', 'x', lines[1]?.slice(3) ?? '', '\uFEFF{}']) {
      const text = [...lines.slice(0, 4), broken, ...lines.slice(4), ''].join('\n');
      const fs = memoryFiles(new Map([[path, Buffer.from(text)]]));
      const refusal = refusalOf(() => readEvents(fs, path));
      expectRefusal(refusal, 'invalid-run');
      expect(refusal.message).toContain(`line 5 of ${path}`);
      expect(() => openEventLog(fs, path)).toThrow(refusal.message);
      expect(fs.files.get(path)).toHaveLength(Buffer.byteLength(text));
    }
  });

  test('with a whole last line that is no event is refused and not cut: only a disk that lost its power leaves such a one', () => {
    const whole = bytesOf(everyKind);
    for (const last of ['{"type":"eventOfLaterVersion","step":3}', '{"type":"finishee"}', '']) {
      const bytes = Buffer.concat([whole, Buffer.from(`${last}\n`)]);
      const fs = memoryFiles(new Map([[path, new Uint8Array(bytes)]]));
      for (const use of [() => readEvents(fs, path), () => openEventLog(fs, path)]) {
        expectRefusal(refusalOf(use), 'invalid-run');
      }
      expect(fs.files.get(path)).toHaveLength(bytes.length);
    }
    // Of what was last written some pages reached the disk, and some did not.
    const torn = Buffer.concat([whole, Buffer.from('{"type":'), new Uint8Array(40), Buffer.from('"}\n')]);
    const fs = memoryFiles(new Map([[path, new Uint8Array(torn)]]));
    expect(readEvents(fs, path)).toEqual(everyKind);
    write(fs, []);
    expect(fs.files.get(path)).toEqual(whole);
  });

  test('takes no event that it could not give back', () => {
    const fs = memoryFiles();
    const log = openEventLog(fs, path);
    log.append(step(1));
    const bad = [
      { ...step(2), scheduleFactor: Number.NaN },
      { ...step(2), durationMs: -1 },
      { ...step(2), tokens: 0.5 },
      { type: 'other' },
      { type: 'sample', step: 2, prompt: '', text: 'x'.repeat(2 ** 24) },
    ] as RunEvent[];
    for (const event of bad) expect(() => log.append(event)).toThrow(/at fault/);
    log.append(step(2));
    log.close();
    expect(readEvents(fs, path)).toEqual([step(1), step(2)]);
  });

  test('that was just made has its name flushed', () => {
    const fs = memoryFiles();
    const log = openEventLog(fs, path);
    expect(fs.calls).toEqual([`open ${path}`, 'sync-folder /run']);
    log.append(step(1));
    log.close();
    fs.calls.length = 0;
    openEventLog(fs, path).close();
    expect(fs.calls).toEqual([`open ${path}`]);
  });

  test('is read in pieces: lines that span them, however long, come out whole', () => {
    const text = 'é'.repeat(400_000);
    const events = [step(1), { type: 'sample', step: 1, prompt: '', text } as const, ...[2, 3, 4].map((n) => step(n))];
    const fs = memoryFiles();
    write(fs, events);
    expect(readEvents(fs, path)).toEqual(events);
    const line = new Uint8Array(17 * 2 ** 20).fill(0x20);
    const huge = memoryFiles(new Map([[path, Buffer.concat([line, Buffer.from('\n'), bytesOf([step(1)])])]]));
    expect(refusalOf(() => readEvents(huge, path)).message).toContain('more than 16777216 bytes');
  });

  test('cut back to a checkpoint and written anew equals that of a run that was never stopped', () => {
    const eventsOf = (from: number, to: number): RunEvent[] =>
      Array.from({ length: to - from }, (_, i) => from + i + 1).flatMap((n) => [
        step(n),
        ...(n % 3 === 0
          ? [
              {
                type: 'evaluation',
                step: n,
                tokens: 64 * n,
                bitsPerByte: 1,
                numDocuments: 2,
                numValidationDocuments: 2,
                isFinal: false,
              } as const,
            ]
          : []),
      ]);
    const uninterrupted = bytesOf([{ type: 'started' }, ...eventsOf(0, 20)]);
    for (let checkpoint = 0; checkpoint <= 20; checkpoint++) {
      for (const killed of [checkpoint, Math.min(20, checkpoint + 1), 20]) {
        const fs = memoryFiles();
        write(fs, [{ type: 'started' }, ...eventsOf(0, killed)]);
        write(fs, eventsOf(checkpoint, 20), checkpoint);
        expect(fs.files.get(path)).toEqual(uninterrupted);
      }
    }
  });
});

describe('the log of a run whose writing fails (reliability 2)', () => {
  test('has no half line after a full disk, and goes on when there is room', () => {
    const events = [step(1), step(2), step(3)];
    const counter = faultingFileSystem(memoryFiles(), Number.POSITIVE_INFINITY, 'disk-full');
    write(counter, events);
    for (let k = 1; k <= counter.numCalls(); k++) {
      const inner = memoryFiles();
      const fs = faultingFileSystem(inner, k, 'disk-full');
      const written: RunEvent[] = [];
      let numRefusals = 0;
      const attempt = <T>(work: () => T): T | undefined => {
        try {
          return work();
        } catch (error) {
          expectRefusal(error as GroundworkError, 'disk-full');
          expect(error).toBeInstanceOf(GroundworkError);
          numRefusals++;
          return undefined;
        }
      };
      const log = attempt(() => openEventLog(fs, path)) ?? openEventLog(fs, path);
      for (const event of events) {
        attempt(() => {
          log.append(event);
          written.push(event);
        });
      }
      attempt(() => log.sync());
      log.close();
      expect(numRefusals, `call ${k}`).toBe(1);
      expect(readEvents(inner, path)).toEqual(written);
      expect(inner.files.get(path)).toEqual(bytesOf(written));
    }
  });

  test('where the half line cannot be cut off at once it is before the next event', () => {
    const inner = memoryFiles();
    let isFull = false;
    const fs: FileSystem = {
      ...inner,
      open: (name, mode) => {
        const file = inner.open(name, mode);
        const guard = (): void => {
          if (isFull) throw new GroundworkError('disk-full', 'no room is left', { hint: 'Make room.' });
        };
        return {
          ...file,
          write: (bytes) => {
            if (isFull) file.write(bytes.subarray(0, 9));
            guard();
            file.write(bytes);
          },
          truncate: (size) => {
            guard();
            file.truncate(size);
          },
        };
      },
    };
    const log = openEventLog(fs, path);
    log.append(step(1));
    isFull = true;
    expect(() => log.append(step(2))).toThrow('no room');
    expect(() => log.append(step(2))).toThrow('no room');
    expect(readEvents(inner, path)).toEqual([step(1)]);
    isFull = false;
    log.append(step(3));
    expect(readEvents(inner, path)).toEqual([step(1), step(3)]);
  });

  test('holds every event that was appended before its process died, at any call', () => {
    for (let k = 1; k <= 5; k++) {
      const inner = memoryFiles();
      const written: RunEvent[] = [];
      expect(() => {
        const log = openEventLog(faultingFileSystem(inner, k, 'crash'), path);
        for (const event of everyKind) {
          log.append(event);
          written.push(event);
        }
      }).toThrow(Crash);
      expect(readEvents(inner, path)).toEqual(written);
    }
  });
});
