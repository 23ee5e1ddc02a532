import { formatBytes, formatCount } from '../page/index.ts';
import type { BundleManifest } from './bundle-manifest.ts';
import { counted, type Launch, labelOf } from './launch/launch.ts';

/** What a person reads first in a bundle: what to run where. */
export function readmeText(manifest: Omit<BundleManifest, 'files'>, launch: Launch, dataBytes: number): string {
  const { name, numSteps, run, batch, datasets, mesh, jax } = manifest;
  const devices =
    launch.device === undefined ? 'whatever JAX finds there' : `${launch.numDevices} × ${launch.device.title} each`;
  const where = `${counted(launch.numNodes, 'node')} with ${devices}`;
  const left = run.step === 0 ? `${formatCount(numSteps)} steps` : `steps ${run.step} to ${formatCount(numSteps)}`;
  const data = datasets.map(
    ({ name, folder, numTokens }) => `- ${name}: ${formatCount(numTokens)} tokens in \`${folder}\``,
  );
  const meshWords = `data ${mesh.data ?? 'as many as there are'}, fsdp ${mesh.fsdp ?? 'as many as there are'}, model ${mesh.model}`;
  return `# ${name}

A bundle of Groundwork: ${left} of ${formatCount(batch.batchSize * batch.contextLength)} tokens in ${batch.precision}, made for ${where}.
It holds all that the training needs, and the run as it goes on. No part of it needs Node.

## Where it can run

Every process needs this folder, with the right to write in it: one disk that all nodes share. Python 3.11 or newer is needed.

On one machine:

    python3 -m venv .venv
    .venv/bin/python -m pip install -r requirements.txt
    .venv/bin/python runner.py

With Slurm (the same environment first, once):

    sbatch run.sbatch

With Kubernetes and JobSet, the folder on the volume claim \`${labelOf(name)}\`:

    kubectl apply -f jobset.yaml

On any cloud, by SkyPilot:

    sky jobs launch skypilot.yaml

On machines that know nothing of each other, on each with its number from 0:

    python runner.py --coordinator FIRST_HOST:8476 --num-processes ${launch.numNodes} --process-id NUMBER

\`runner.py --check\` does everything but the first step, and says what a device will need. The devices are laid out as ${meshWords}; the flags
\`--data\`, \`--fsdp\` and \`--model\` change that. Requirements name the devices: \`requirements.txt\` says how to take others. JAX may be
any of ${jax}.

## How it ends

Started again, it goes on from its newest checkpoint: a checkpoint is whole or not there. Exit codes:

| code | meaning | start it again? |
| --- | --- | --- |
| 0 | finished | no |
| 7 | stopped by a signal, and saved | yes |
| 8 | the loss left for good | no |
| 6, 3, 2 | data, Program or flags are wrong | no |
| 5, 4, 1 | memory, disk, the devices, a fault of ours | when that is mended |
| other | a process or a machine was lost | yes |

The files for schedulers know this. Back where Groundwork is, finished or not:

    groundwork pull THIS_FOLDER

## What is in it

- \`bundle.json\`: what the runner reads first, with the SHA-256 of each file that trains
- \`requirements.txt\` and the files for schedulers: change them as you need
- \`step.py\`, \`evaluate.py\`: the training step and the losses of an evaluation, as JAX
- \`runner.py\` and what it imports: the loop, the batches, the checkpoints
- \`run/\`: the run with its forecast, its log and its checkpoints
- \`evaluation/\`: the rows that it is measured on
${datasets.some(({ rows }) => rows !== null) ? '- `rows/`: which documents share a row\n' : ''}- data, ${dataBytes === 0 ? 'not copied here' : formatBytes(dataBytes)}:
${data.map((line) => `  ${line}`).join('\n')}
`;
}
