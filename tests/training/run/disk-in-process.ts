// Does on a disk of its own what a run does, and prints how it went. Arguments: what to do, and the folder of the run.
import { execFileSync } from 'node:child_process';
import { truncateSync } from 'node:fs';
import { dirname } from 'node:path';
import { GroundworkError } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { newestCheckpoint, verifyCheckpoint } from '../../../src/training/run/checkpoint.ts';
import { publishCheckpoint } from '../../../src/training/run/checkpoint-publication.ts';
import { openEventLog, readEvents } from '../../../src/training/run/event-log.ts';
import { createRun, deleteRun, openRun } from '../../../src/training/run/run-folder.ts';
import { lockRun } from '../../../src/training/run/run-lock.ts';
import { smallContents, smallManifest } from './small-run.ts';

const [action, folder = ''] = process.argv.slice(2);
const fs = nodeFileSystem;
const outcomeOf = (work: () => unknown): string => {
  try {
    work();
    return 'done';
  } catch (error) {
    if (!(error instanceof GroundworkError)) throw error;
    return `${error.code}: ${error.message}`;
  }
};
/** Contents of 400 kB. */
const largeContents = (step: number) => {
  const data = new Float32Array(100_000).fill(step);
  return { ...smallContents(step), parameters: new Map([['large', { shape: [100_000], data }]]) };
};
const leftovers = () => fs.list(`${folder}/checkpoints`).filter((name) => !/^step-\d{8}$/.test(name));

const actions: { readonly [action: string]: () => unknown } = {
  /** Saves until the disk is full, and then logs until it is full. */
  fill: () => {
    createRun(fs, folder, smallManifest()).lock.release();
    let saved = 0;
    let refusal = 'done';
    for (; refusal === 'done' && saved < 100; saved++) {
      refusal = outcomeOf(() => publishCheckpoint(fs, folder, largeContents(saved + 1)));
    }
    const log = openEventLog(fs, `${folder}/events.jsonl`);
    const text = 'x'.repeat(999);
    let logged = 0;
    let logRefusal = 'done';
    for (; logRefusal === 'done' && logged < 10_000; logged++) {
      logRefusal = outcomeOf(() => log.append({ type: 'sample', step: logged, prompt: '', text }));
    }
    const numEvents = readEvents(fs, `${folder}/events.jsonl`).length;
    const status = outcomeOf(() => openRun(fs, folder).update(smallManifest({ status: 'failed' })));
    // Room again: the oldest checkpoint makes way.
    fs.remove(`${folder}/checkpoints/step-00000001`);
    log.append({ type: 'finished' });
    log.close();
    return {
      numSaved: saved - 1,
      refusal,
      newest: newestCheckpoint(fs, folder).checkpoint?.step,
      problems: verifyCheckpoint(fs, folder, saved - 1),
      leftovers: leftovers(),
      logRefusal,
      lostEvents: logged - 1 - numEvents,
      lastEvent: readEvents(fs, `${folder}/events.jsonl`).at(-1)?.type,
      status,
      statusNow: openRun(fs, folder).manifest.status,
    };
  },
  /** Saves one that fits below the limit of a file's size and one that does not. */
  limit: () => {
    createRun(fs, folder, smallManifest()).lock.release();
    publishCheckpoint(fs, folder, smallContents(1));
    const refusal = outcomeOf(() => publishCheckpoint(fs, folder, largeContents(2)));
    return { refusal, newest: newestCheckpoint(fs, folder).checkpoint?.step, leftovers: leftovers() };
  },
  /** Makes a run, has its disk made read-only, and does everything that reads, and everything that writes. */
  readOnly: () => {
    createRun(fs, folder, smallManifest()).lock.release();
    publishCheckpoint(fs, folder, smallContents(1));
    const log = openEventLog(fs, `${folder}/events.jsonl`);
    log.append({ type: 'started' });
    log.append({ type: 'finished' });
    log.close();
    truncateSync(`${folder}/events.jsonl`, fs.stat(`${folder}/events.jsonl`).sizeBytes - 3);
    execFileSync('mount', ['-o', 'remount,ro', dirname(folder)]);
    return outcomes();
  },
};

/** What comes of each thing that one can do with a run. */
function outcomes() {
  return {
    newest: newestCheckpoint(fs, folder).checkpoint?.step,
    events: openRun(fs, folder)
      .events()
      .map(({ type }) => type),
    lock: outcomeOf(() => lockRun(folder)),
    publish: outcomeOf(() => publishCheckpoint(fs, folder, smallContents(2))),
    log: outcomeOf(() => openEventLog(fs, `${folder}/events.jsonl`)),
    status: outcomeOf(() => openRun(fs, folder).update(smallManifest({ status: 'failed' }))),
    create: outcomeOf(() => createRun(fs, `${folder}-2`, smallManifest())),
    delete: outcomeOf(() => deleteRun(fs, folder)),
  };
}

console.log(JSON.stringify(actions[action ?? '']?.()));
