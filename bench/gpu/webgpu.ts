import { join } from 'node:path';
import { bundleChildren } from '../step/child-bundle.ts';
import { greatestDeviation, passesGate, runGate } from '../step/gate.ts';
import { flopPerStep, models, tokensPerStep } from '../step/models.ts';
import { PeerFailure, PeerProcess } from '../step/peer-process.ts';
import { median } from '../step/statistics.ts';
import { writeTaskFiles } from '../step/task-files.ts';
import type { WebgpuOutcome } from './record.ts';

const model = 'S';
const numTimedSteps = 20;
/** With a driver a step takes milliseconds; on Vulkan in software it takes half a minute, which is nothing to measure. */
const patienceMs = 120_000;

/**
 * Trains model S of `bench step` on the WebGPU provider of ONNX Runtime, which reaches the GPU through Vulkan: the same first losses as
 * on the processor, and the time of a step.
 *
 * @param folder for the compiled programs and what they train on
 */
export async function measureWebgpu(folder: string): Promise<WebgpuOutcome> {
  bundleChildren(folder);
  const spec = writeTaskFiles(join(folder, model), models[model]);
  const start = (provider: string) =>
    PeerProcess.start({
      command: process.execPath,
      args: [join(folder, 'ours.mjs'), '--spec', spec, '--threads', '1', '--provider', provider],
      timeoutMs: patienceMs,
    });
  const reference = await start('cpu');
  const expected = (await runGate(reference)).opening.losses;
  await reference.close();
  try {
    const peer = await start('webgpu');
    const { losses } = (await runGate(peer)).opening;
    const { stepMs } = await peer.steps(numTimedSteps);
    await peer.close();
    const deviation = greatestDeviation(losses, expected);
    const middle = median(stepMs);
    return {
      model,
      deviation: Number.isFinite(deviation) ? deviation : null,
      isRight: passesGate(losses, expected),
      stepMs: middle,
      tokensPerSecond: (1e3 * tokensPerStep(models[model])) / middle,
      flopsPerSecond: (1e3 * flopPerStep(models[model])) / middle,
    };
  } catch (fault) {
    if (!(fault instanceof PeerFailure)) throw fault;
    return {
      skipped: `it found no Vulkan driver of a GPU, or failed: ${fault.message}`,
    };
  }
}
