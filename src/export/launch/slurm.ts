import { finalExitCodes, graceSeconds, type Launch, labelOf, mostRestarts } from './launch.ts';

/** Processors for each process: reading batches, compiling, copying to the devices. */
const processorsPerNode = 8;

/**
 * `run.sbatch`: one process on each node, which JAX finds by the variables of Slurm. A job that is told to end saves a checkpoint, ends with
 * exit code 7 and goes back into the queue.
 */
export function slurmText({ name, numNodes, numDevices, device, time, partition, account }: Launch): string {
  const options = [
    `--job-name=${labelOf(name)}`,
    `--nodes=${numNodes}`,
    '--ntasks-per-node=1',
    `--cpus-per-task=${processorsPerNode}`,
    ...(device === undefined ? [] : [`--gpus-per-node=${numDevices}`]),
    `--time=${time}`,
    ...(partition === undefined ? [] : [`--partition=${partition}`]),
    ...(account === undefined ? [] : [`--account=${account}`]),
    '--output=slurm-%j.out',
    '--open-mode=append',
    '--requeue',
  ];
  const devices = Array.from({ length: numDevices }, (_, i) => i).join(',');
  return `#!/bin/bash
# Trains the run of this bundle. In the folder of the bundle, on a disk that all nodes see: sbatch run.sbatch
${options.map((option) => `#SBATCH ${option}`).join('\n')}
# Before its time is over, the processes of the job are told to end, not this script (that would be B:TERM): they save a checkpoint.
#SBATCH --signal=TERM@${graceSeconds}

python=\${GROUNDWORK_PYTHON:-.venv/bin/python}
${
  device === undefined
    ? ''
    : `# One process has all devices of its node; JAX would give it one.
export JAX_LOCAL_DEVICE_IDS=${devices}
`
}
# Its exit code is the highest of all processes. Where one is lost, JAX ends the others.
srun --cpus-per-task="$SLURM_CPUS_PER_TASK" "$python" runner.py
code=$?

case $code in
  7)
    # Interrupted, and saved: it goes on when there is room.
    scontrol requeue "$SLURM_JOB_ID"
    ;;
  0 | ${finalExitCodes.join(' | ')})
    # Finished, or a fault that no restart mends.
    ;;
  *)
    # A process or a node was lost: it goes on from the newest checkpoint, a few times.
    if [ "\${SLURM_RESTART_COUNT:-0}" -lt ${mostRestarts} ]; then
      scontrol requeue "$SLURM_JOB_ID"
    fi
    ;;
esac
exit "$code"
`;
}
