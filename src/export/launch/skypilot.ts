import type { Accelerator } from '../../theory/index.ts';
import { type Launch, labelOf, mostRestarts } from './launch.ts';
import { yamlText } from './yaml.ts';

/** What SkyPilot calls an accelerator. */
const skypilotNames: { readonly [device: string]: string } = {
  'a100-40gb': 'A100',
  a100: 'A100-80GB',
  h100: 'H100',
  'h100-pcie': 'H100',
  'h100-nvl': 'H100-NVL',
  h200: 'H200',
  b200: 'B200',
  gb200: 'GB200',
  mi300x: 'MI300X',
  l4: 'L4',
  a10: 'A10',
  'rtx-4090': 'RTX4090',
  'tpu-v3': 'tpu-v3',
  'tpu-v4': 'tpu-v4',
  'tpu-v5e': 'tpu-v5litepod',
  'tpu-v5p': 'tpu-v5p',
  'tpu-v6e': 'tpu-v6e',
};

/** Where the bundle lies on every node. */
const mountPath = '/bundle';

/**
 * `skypilot.yaml`: one process on each node. The bundle lies in a bucket that all nodes mount, so that its run outlives them; SkyPilot
 * recovers a job that was preempted, always after exit code 7, and a few times after other faults.
 */
export function skypilotText(launch: Launch): string {
  const { name, numNodes, numDevices, device, image, identity } = launch;
  const label = labelOf(name);
  const task = {
    name: label,
    num_nodes: numNodes,
    resources: {
      ...(device === undefined ? {} : { accelerators: acceleratorText(device, numDevices) }),
      ...(image === undefined ? {} : { image_id: `docker:${image}` }),
      job_recovery: { max_restarts_on_errors: mostRestarts, recover_on_exit_codes: [7] },
    },
    file_mounts: {
      [mountPath]: { name: `groundwork-${label}-${identity.slice(0, 8)}`, source: '.', mode: 'MOUNT_CACHED' },
    },
    setup: [
      'set -e',
      'python3 -m pip install --quiet uv',
      'python3 -m uv venv --quiet --python 3.12 "$HOME/groundwork-python"',
      `python3 -m uv pip install --quiet --python "$HOME/groundwork-python/bin/python" --requirement ${mountPath}/requirements.txt`,
      '',
    ].join('\n'),
    run: [
      `cd ${mountPath} || exit 5`,
      '# The processes find each other by SKYPILOT_NODE_IPS and SKYPILOT_NODE_RANK.',
      'exec "$HOME/groundwork-python/bin/python" runner.py',
      '',
    ].join('\n'),
  };
  return `# Trains the run of this bundle on any cloud by SkyPilot (https://docs.skypilot.co). In the folder of the bundle: sky jobs launch skypilot.yaml
# The bucket gets the whole folder and holds the run afterwards; its name must be free in your cloud.
${yamlText(task)}`;
}

/** Devices of the table that have two TensorCores each and by which Google counts them: a tpu-v5p-8 has four chips. */
const countedByCore: ReadonlySet<string> = new Set(['tpu-v4', 'tpu-v5p']);

function acceleratorText({ name }: Accelerator, numDevices: number): string {
  const theirs = skypilotNames[name] ?? name;
  if (!name.startsWith('tpu-')) return `${theirs}:${numDevices}`;
  // Of TPUs the size is a part of the name: chips of v5e and v6e, cores of the others. JAX has one device for each core of v3.
  return `${theirs}-${countedByCore.has(name) ? 2 * numDevices : numDevices}:1`;
}
