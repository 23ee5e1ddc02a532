import { nodeFileSystem } from '../../src/core/node.ts';
import { openRun, verifyRun } from '../../src/training/index.ts';
import { openBundle, pullBundle } from '../../src/export/pull-bundle.ts';
const f = '/tmp/RUNNER/one-copy';
console.log(verifyRun(nodeFileSystem, `${f}/run`), openRun(nodeFileSystem, `${f}/run`).manifest.result, openRun(nodeFileSystem, `${f}/run`).manifest.engine);
const b = openBundle(nodeFileSystem, f);
console.log(b.outcome);
const r = pullBundle({ fs: nodeFileSystem, bundle: b, folder: '/tmp/RUNNER/pulled' });
console.log(r);
