import { writeSync } from 'node:fs';
import { basename } from 'node:path';
import { GroundworkError } from '../../../src/core/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { resumeRun, startRun } from '../../../src/training/index.ts';
import { type PlanChanges, quickPlan, smallDatasets, smallRun } from './small-training.ts';

// A process of its own that begins a run or goes on with it, as the command line does: FOLDER-OF-DATASETS RUN-FOLDER PLAN-CHANGES.
// It writes each event's type and step as a line. The first signal stops it in good order, the second at once.
const [root = '', folder = '', changes = '{}'] = process.argv.slice(2);
const controller = new AbortController();
for (const signal of ['SIGTERM', 'SIGINT'] as const) {
  process.on(signal, () => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort(signal);
  });
}
const options = await smallRun(folder, smallDatasets(root), {
  plan: quickPlan(JSON.parse(changes) as PlanChanges),
  signal: controller.signal,
  // Written at once, so that a line tells what was done even where the process is killed right after.
  onEvent: (event) => void writeSync(1, `${event.type} ${'step' in event ? event.step : ''}\n`),
});
const isBegun = nodeFileSystem.exists(`${folder}/run.json`);
try {
  await (isBegun ? resumeRun(options) : startRun(options));
} catch (error) {
  if (!(error instanceof GroundworkError)) throw error;
  writeSync(2, `groundwork: ${error.code}: ${error.message} (${basename(folder)})\n`);
  process.exitCode = error.exitCode;
}
