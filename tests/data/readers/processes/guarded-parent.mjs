// Starts a guarded process that holds file 3 of this one, says its process id, and stays.
import { GuardedProcess } from '../../../../dist/data/readers/guarded-process.js';

const memory = { heapMebibytes: 64, totalMebibytes: 512 };
const child = new GuardedProcess(new URL('./guarded-child.mjs', import.meta.url), { does: 'loop' }, 3, memory);
const { head } = await child.next(60_000);
process.stdout.write(`${head.pid}\n`);
setInterval(() => undefined, 60_000);
