import { copyFileSync, mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { runCommandLine } from '../../../src/cli/index.ts';
import { nodeFileSystem } from '../../../src/core/node.ts';
import { openRun, planSchema } from '../../../src/training/index.ts';
import { repetitionText } from '../../../src/training/report/recipe-section.ts';
import { checkpointBytes, closeDatasets, smallDatasets } from '../support/small-training.ts';

let root: string;
beforeAll(() => {
  root = mkdtempSync(join(tmpdir(), 'repetition-'));
  closeDatasets(smallDatasets(root));
  copyFileSync('examples/my-recipe.ts', join(root, 'my-recipe.ts'));
});
afterAll(() => rmSync(root, { recursive: true }));

async function run(args: readonly string[]): Promise<void> {
  const errors: string[] = [];
  const code = await runCommandLine(args, {
    out: () => undefined,
    stream: () => undefined,
    error: (text) => errors.push(text),
  });
  expect(code, errors.join('\n')).toBe(0);
}

test('what a report says of doing a run again trains the same model, to the bit', async () => {
  const data = ['--data', `${root}/speeches:3`, '--data', `${root}/letters:1`];
  const size = ['--size', '1x16', '--context', '16', '--batch', '4', '--micro-batch', '2'];
  const others = ['--packing', 'documents', '--seed', '3', '--threads', '1', '--eval-documents', '2'];
  const recipe = ['--recipe', join(root, 'my-recipe.ts')];
  await run([
    'pretrain',
    ...data,
    ...recipe,
    ...size,
    ...others,
    '--steps',
    '3',
    '--out',
    `${root}/lab`,
    '--name',
    'first',
  ]);
  const folder = `${root}/lab/first`;
  const { manifest } = openRun(nodeFileSystem, folder);
  // All that is needed lies in the run.
  rmSync(join(root, 'my-recipe.ts'));
  const words = repetitionText(manifest, planSchema.parse(manifest.plan), folder).split(' ');
  await run([...words.slice(1), '--name', 'again']);
  const again = openRun(nodeFileSystem, `${root}/lab/again`).manifest;
  expect(again.programHash).toBe(manifest.programHash);
  expect(again.batchesFingerprint).toBe(manifest.batchesFingerprint);
  expect(checkpointBytes(`${root}/lab/again`, 3)).toEqual(checkpointBytes(folder, 3));
});
