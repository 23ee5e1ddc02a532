// Writes `run-version-1.json`: a small run as this version of Groundwork leaves it, for `formats.test.ts`. Once a version of the
// format was released its fixture is never written again; a new version gets a new one beside it.
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { publishCheckpoint } from '../../../src/training/run/checkpoint-publication.ts';
import { openEventLog } from '../../../src/training/run/event-log.ts';
import { createRun } from '../../../src/training/run/run-folder.ts';
import { fixtureEvents, smallContents, smallManifest, smallParts } from './small-run.ts';

const parent = mkdtempSync(join(tmpdir(), 'groundwork-'));
const folder = join(parent, 'small');
const result = {
  step: 20,
  tokens: 1280,
  bitsPerByte: 1.75,
  numDocuments: 183,
  numValidationDocuments: 1263,
  loss: 3.25,
  durationMs: 60_000,
};
const { lock } = createRun(nodeFileSystem, folder, smallManifest({ status: 'finished', result }));
const log = openEventLog(nodeFileSystem, join(folder, 'events.jsonl'));
for (const event of fixtureEvents) log.append(event);
log.close();
for (const [name, text] of Object.entries(smallParts)) writeFileSync(join(folder, name), text);
publishCheckpoint(nodeFileSystem, folder, smallContents(20));
lock.release();

const checkpoint = 'checkpoints/step-00000020';
const paths = [
  'run.json',
  'events.jsonl',
  ...Object.keys(smallParts),
  ...['manifest.json', 'model.safetensors', 'optimizer.safetensors', 'training.json'].map(
    (name) => `${checkpoint}/${name}`,
  ),
];
const files = Object.fromEntries(paths.map((path) => [path, readFileSync(join(folder, path)).toString('base64')]));
writeFileSync(join(import.meta.dirname, 'run-version-1.json'), `${JSON.stringify(files, null, 2)}\n`);
rmSync(parent, { recursive: true });
