// A peer without a framework, for tests of the protocol: `node fake-peer.mjs BEHAVIOUR`.

import { createInterface } from 'node:readline';

const behaviour = process.argv[2];
const answer = (value) => process.stdout.write(`${JSON.stringify(value)}\n`);

if (behaviour === 'crash-at-start') {
  process.stderr.write('some noise\nMemoryError: cannot allocate 4 GiB\n');
  process.exit(1);
}
if (behaviour === 'hang') await new Promise((resolve) => process.stdin.on('end', resolve).resume());
answer({ ready: true, versions: { fake: '1.0' }, loadMs: 3, threads: 1 });
for await (const line of createInterface({ input: process.stdin })) {
  const { command, count } = JSON.parse(line);
  if (command === 'exit') break;
  if (behaviour === 'crash') {
    process.stderr.write('RangeError: out of memory\n    at somewhere\n');
    process.exit(7);
  }
  if (behaviour === 'babble') {
    process.stdout.write('hello\n');
    continue;
  }
  const many = behaviour === 'short' ? count - 1 : count;
  const values = Array.from({ length: many }, (_, i) => i + 0.5);
  answer({ losses: values, stepMs: values, cpuSeconds: 0.1, peakBytes: 1e6 });
}
