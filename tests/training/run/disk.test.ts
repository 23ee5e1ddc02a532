import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { temporaryFolder } from '../../data/store/temporary-folder.ts';

const script = join(import.meta.dirname, 'disk-in-process.ts');
const node = `"${process.execPath}" --import tsx "${script}"`;

/** Runs shell commands, and parses the last line that they print. */
function shell(commands: string, isolated: boolean): { readonly [key: string]: unknown } {
  const [program, args] = isolated ? ['unshare', ['-rm', 'sh', '-c', commands]] : ['sh', ['-c', commands]];
  const { stdout, stderr, status } = spawnSync(program as string, args as string[], { encoding: 'utf8' });
  expect(status, `${stdout}${stderr}`).toBe(0);
  return JSON.parse(stdout.trim().split('\n').at(-1) ?? '');
}

/** Whether this machine lets a person mount a disk of their own, in a name space that nobody else sees. */
const canMount = spawnSync('unshare', ['-rm', 'sh', '-c', 'mount -t tmpfs tmpfs /mnt']).status === 0;
if (!canMount) console.warn('disk.test.ts: no disks can be mounted here (unshare -rm), so real ones are not filled');

describe('on a real disk', () => {
  test.runIf(canMount)(
    'that is full, checkpoint, log and status are as they were, and the error says what is needed (reliability 2)',
    () => {
      const disk = temporaryFolder();
      const run = join(disk, 'run');
      const found = shell(`mount -t tmpfs -o size=2m tmpfs "${disk}" && ${node} fill "${run}"`, true);
      expect(found).toMatchObject({
        newest: found.numSaved,
        problems: [],
        leftovers: [],
        lostEvents: 0,
        lastEvent: 'finished',
        statusNow: 'running',
      });
      expect(found.numSaved).toBeGreaterThanOrEqual(3);
      expect(found.refusal).toMatch(
        /^disk-full: the checkpoint of step \d needs 40\d{4} bytes, and \d+ of them had been written when .*\/run\/.*could not be written: the disk is full \(0\.\d MiB free\)$/,
      );
      expect(found.logRefusal).toMatch(/^disk-full: .*events\.jsonl could not be written: the disk is full/);
      expect(found.status).toMatch(/^disk-full: .*run\.json/);
    },
  );

  test.runIf(process.platform === 'linux')(
    'a write that comes short at a limit leaves the checkpoint before (reliability 2)',
    () => {
      const found = shell(`ulimit -f 200; ${node} limit "${join(temporaryFolder(), 'run')}"`, false);
      expect(found).toMatchObject({ newest: 1, leftovers: [] });
      expect(found.refusal).toMatch(/^disk-full: the checkpoint of step 2 .*largest size that a file may have/);
    },
  );

  test.runIf(canMount)(
    'that may not be written, all reads work, and all writes are refused by name (reliability 16)',
    () => {
      const disk = temporaryFolder();
      const run = join(disk, 'a run');
      const found = shell(`mount -t tmpfs -o size=2m tmpfs "${disk}" && ${node} readOnly "${run}"`, true);
      expect(found).toMatchObject({ newest: 1, events: ['started'] });
      for (const action of ['lock', 'publish', 'log', 'status', 'create', 'delete']) {
        expect(found[action], action).toMatch(/^file-access: .*a run.* may not be written/);
      }
    },
  );
});
