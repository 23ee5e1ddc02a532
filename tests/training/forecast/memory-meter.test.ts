import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { expect, test } from 'vitest';
import { processPeak, resetProcessPeak } from '../../../src/core/node.ts';
import { memoryMeter } from '../../../src/training/index.ts';

test.runIf(process.platform === 'linux')(
  'a meter counts what another process holds, also after it has ended',
  async () => {
    const code =
      "const held = Buffer.alloc(200e6, 1); console.log('ready'); process.stdin.resume(); process.on('exit', () => held);";
    const child = spawn(process.execPath, ['-e', code], { stdio: ['pipe', 'pipe', 'inherit'] });
    await once(child.stdout, 'data');
    const id = child.pid ?? 0;
    const [meter, alone] = [memoryMeter(), memoryMeter()];
    expect(meter.peakGrowthBytes()).toBeNull();
    meter.follow({ baseBytes: 0, peakBytes: () => processPeak(id), resetPeak: () => void resetProcessPeak(id) });
    meter.begin();
    alone.begin();
    const more = () => (meter.peakGrowthBytes() ?? 0) - (alone.peakGrowthBytes() ?? 0);
    expect(more()).toBeGreaterThan(200e6);
    child.kill('SIGKILL');
    await once(child, 'exit');
    expect(processPeak(id)).toBeUndefined();
    expect(more()).toBeGreaterThan(200e6);
  },
);
