import type { JsonValue } from '../../core/index.ts';
import {
  coordinatorPort,
  finalExitCodes,
  graceSeconds,
  type Launch,
  labelOf,
  makerOf,
  mostRestarts,
} from './launch.ts';
import { yamlText } from './yaml.ts';

/** Where the bundle is mounted. */
const mountPath = '/bundle';
const plainImage = 'python:3.12-slim';
const container = 'runner';
const replicatedJob = 'workers';

/** What Kubernetes calls the devices of a maker. */
const resources = { nvidia: 'nvidia.com/gpu', amd: 'amd.com/gpu', google: 'google.com/tpu', none: undefined } as const;

/**
 * `jobset.yaml`: one pod on each node, numbered, which find the first of them by the name that JobSet gives it.
 *
 * A pod that ends with exit code 7 (interrupted, and saved), or that is evicted, is replaced and not counted. One that ends with a code
 * after which no restart helps fails the set. Any other end restarts all of it, a few times.
 */
export function jobsetText(launch: Launch): string {
  const { name, image = plainImage } = launch;
  const label = labelOf(name);
  const exits = (values: readonly number[]) => ({ containerName: container, operator: 'In', values: [...values] });
  const jobSet = {
    apiVersion: 'jobset.x-k8s.io/v1alpha2',
    kind: 'JobSet',
    metadata: { name: label },
    spec: {
      network: { enableDNSHostnames: true, publishNotReadyAddresses: true },
      failurePolicy: {
        maxRestarts: mostRestarts,
        rules: [{ name: 'final', action: 'FailJobSet', onJobFailureReasons: ['PodFailurePolicy'] }],
      },
      replicatedJobs: [
        {
          name: replicatedJob,
          replicas: 1,
          template: {
            spec: {
              completionMode: 'Indexed',
              completions: launch.numNodes,
              parallelism: launch.numNodes,
              backoffLimit: 0,
              podFailurePolicy: {
                rules: [
                  { action: 'FailJob', onExitCodes: exits(finalExitCodes) },
                  { action: 'Ignore', onExitCodes: exits([7]) },
                  { action: 'Ignore', onPodConditions: [{ type: 'DisruptionTarget', status: 'True' }] },
                ],
              },
              template: { spec: podSpec(launch, label, image) },
            },
          },
        },
      ],
    },
  };
  return `# Trains the run of this bundle on Kubernetes with JobSet (https://jobset.sigs.k8s.io): kubectl apply -f jobset.yaml
# The bundle lies on a volume that every node may write to (ReadWriteMany), the claim "${label}".
${yamlText(jobSet)}`;
}

function podSpec({ numNodes, numDevices, device }: Launch, label: string, image: string): JsonValue {
  const resource = resources[makerOf(device)];
  // JobSet names pods SET-JOB-NUMBER-INDEX, in a service that it names after the set.
  const coordinator = `${label}-${replicatedJob}-0-0.${label}:${coordinatorPort}`;
  const script = [
    'python3 -m pip install --quiet --requirement requirements.txt || exit 4',
    'exec python3 runner.py \\',
    `  --coordinator ${coordinator} --num-processes ${numNodes} --process-id "$JOB_COMPLETION_INDEX"`,
    '',
  ].join('\n');
  return {
    restartPolicy: 'Never',
    terminationGracePeriodSeconds: graceSeconds,
    containers: [
      {
        name: container,
        image,
        workingDir: mountPath,
        command: ['sh', '-c', script],
        // One job, also after it was restarted on another node: it takes over the lock of its run.
        env: [{ name: 'GROUNDWORK_JOB', value: `jobset/${label}` }],
        ports: [{ containerPort: coordinatorPort }],
        ...(resource === undefined ? {} : { resources: { limits: { [resource]: numDevices } } }),
        volumeMounts: [
          { name: 'bundle', mountPath },
          { name: 'shared-memory', mountPath: '/dev/shm' },
        ],
      },
    ],
    volumes: [
      { name: 'bundle', persistentVolumeClaim: { claimName: label } },
      { name: 'shared-memory', emptyDir: { medium: 'Memory' } },
    ],
  };
}
