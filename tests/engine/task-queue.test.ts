import { expect, test } from 'vitest';
import { TaskQueue } from '../../src/engine/task-queue.ts';

test('tasks run one after the other, in the order in which they were added', async () => {
  const queue = new TaskQueue();
  const log: string[] = [];
  const task = (name: string) => async () => {
    log.push(`${name} starts`);
    await Promise.resolve();
    log.push(`${name} ends`);
    return name;
  };
  expect(await Promise.all([queue.add(task('a')), queue.add(task('b'))])).toEqual(['a', 'b']);
  expect(log).toEqual(['a starts', 'a ends', 'b starts', 'b ends']);
});

test('a task that fails tells whoever added it, and the next one runs', async () => {
  const queue = new TaskQueue();
  const failing = queue.add(() => {
    throw new RangeError('no');
  });
  const next = queue.add(() => 'yes');
  await expect(failing).rejects.toThrow('no');
  expect(await next).toBe('yes');
});
