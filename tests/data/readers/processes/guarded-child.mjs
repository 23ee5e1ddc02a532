// A guarded process that misbehaves as it is told to.
import { setTimeout } from 'node:timers/promises';
import { guardedFile, serveGuarded } from '../../../../dist/data/readers/guarded-work.js';
import { writeFrame } from '../../../../dist/data/readers/process-frames.js';

const { does, lengths = [] } = serveGuarded();
const loop = () => {
  for (;;);
};
if (does === 'not start') throw new Error('a bug at the start');
writeFrame({ pid: process.pid, guardedFile });
switch (does) {
  case 'loop':
    loop();
    break;
  case 'fill the heap': {
    for (const hoard = []; ; ) hoard.push(new Array(1000).fill(0.5));
  }
  case 'fill one array': {
    for (const hoard = []; ; ) hoard.push(0.5);
  }
  case 'fill buffers': {
    // An end to it, for the machine's sake, where nobody stops it.
    const hoard = Array.from({ length: 80 }, () => Buffer.alloc(2 ** 24, 1));
    loop(hoard);
    break;
  }
  case 'abort':
    process.abort();
    break;
  case 'throw':
    throw new TypeError('a bug in the work');
  case 'reject':
    Promise.reject(new Error('a bug that nobody awaits'));
    await setTimeout(60_000);
    break;
  case 'write frames':
    for (const length of lengths)
      writeFrame({ length }, [Buffer.alloc(length >> 1, length), Buffer.alloc(length - (length >> 1), length)]);
    break;
  case 'write for ever':
    for (;;) writeFrame({}, [Buffer.alloc(2 ** 16)]);
}
process.exit();
