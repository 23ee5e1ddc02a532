import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { publishCheckpoint } from '../../../src/training/run/checkpoint-publication.ts';
import { openEventLog } from '../../../src/training/run/event-log.ts';
import { createRun } from '../../../src/training/run/run-folder.ts';
import type { RunManifest } from '../../../src/training/run/run-manifest.ts';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';
import { smallContents, smallManifest, smallParts, unflushedFileSystem } from './small-run.ts';

/** A run with a log and two checkpoints, as it lies when nobody works on it. */
export function smallRun(folder = join(temporaryFolder(), 'small'), change: Partial<RunManifest> = {}): string {
  const { lock } = createRun(unflushedFileSystem, folder, smallManifest(change));
  const log = openEventLog(unflushedFileSystem, join(folder, 'events.jsonl'));
  log.append({ type: 'started' });
  log.close();
  for (const [name, text] of Object.entries(smallParts)) writeFileSync(join(folder, name), text);
  for (const step of [10, 20]) publishCheckpoint(unflushedFileSystem, folder, smallContents(step));
  lock.release();
  return folder;
}
