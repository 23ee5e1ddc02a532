import { type ChildProcess, spawn } from 'node:child_process';
import { cpSync, existsSync, mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { afterAll, beforeAll, expect, test } from 'vitest';
import { nodeFileSystem } from '../../src/core/node.ts';
import { openBundle, pullBundle } from '../../src/export/index.ts';
import { openRun, type RunEvent } from '../../src/training/index.ts';
import { runsEverything } from '../support/full-tests.ts';
import { describeWithJax } from '../support/jax-python.ts';
import { type BundleRoom, bundledPlan, bundleRoom, plainLaunch, smallBundle } from './support/small-bundle.ts';

const numSteps = 30;
/** Processes that wait for each other take long where a machine has much else to do. */
const patience = { timeout: 900_000 };

/** What a command printed and how it ended. */
interface Ending {
  readonly code: number | null;
  readonly said: string;
}

const running = new Set<ChildProcess>();

function start(command: string, args: readonly string[], cwd: string, env: NodeJS.ProcessEnv): Promise<Ending> {
  const child = spawn(command, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  let said = '';
  child.stdout.on('data', (data) => {
    said += data;
  });
  child.stderr.on('data', (data) => {
    said += data;
  });
  return new Promise((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (code) => {
      running.delete(child);
      resolve({ code, said });
    });
  });
}

const freePort = (): Promise<number> =>
  new Promise((resolve, reject) => {
    const server = createServer().on('error', reject);
    server.listen(0, () => {
      const address = server.address();
      server.close(() => resolve(typeof address === 'object' && address !== null ? address.port : 0));
    });
  });

/** Stands for `srun`: starts what it is to start on each of two nodes, with the variables of Slurm, and ends with the highest code. */
const srun = `#!/bin/bash
while [[ "$1" == --* ]]; do shift; done
export SLURM_NTASKS=2 SLURM_STEP_NUM_TASKS=2 SLURM_STEP_NUM_NODES=2 SLURM_STEP_NODELIST=localhost,localhost SLURM_LOCALID=0
SLURM_PROCID=0 "$@" & first=$!
SLURM_PROCID=1 "$@" & second=$!
echo "$first $second" > pids
wait "$first"; a=$?
wait "$second"; b=$?
exit $((a > b ? a : b))
`;

// Each scheduler takes processes of JAX, some seconds to start.
describeWithJax('the processes that the schedulers start', (python) => {
  let room: BundleRoom;
  let bundle: string;
  /** What one process alone trains. */
  let alone: readonly RunEvent[];

  beforeAll(async () => {
    room = bundleRoom();
    const plan = { ...bundledPlan, numSteps, checkpoints: { everyMs: null, everySteps: null, keep: 2 } };
    const launch = { ...plainLaunch, numNodes: 2 };
    const mesh = { data: 2, fsdp: 1, model: 1 };
    bundle = (await smallBundle(room, 'bundle', { launch, mesh, run: { plan } })).folder;
    const single = copyOf('alone');
    const ending = await start(python, ['runner.py'], single, {});
    expect(ending.code, ending.said).toBe(0);
    alone = eventsOf(single);
  }, patience.timeout);
  afterAll(() => {
    for (const child of running) child.kill('SIGKILL');
    room?.close();
  });

  function copyOf(name: string): string {
    const folder = `${room.folder}/${name}`;
    cpSync(bundle, folder, { recursive: true });
    return folder;
  }
  const eventsOf = (folder: string): RunEvent[] => openRun(nodeFileSystem, `${folder}/run`).events();

  /** Programs by name, as the scripts of schedulers find them. */
  function programs(folder: string, texts: { readonly [name: string]: string }): string {
    mkdirSync(`${folder}-bin`, { recursive: true });
    for (const [name, text] of Object.entries(texts)) writeFileSync(`${folder}-bin/${name}`, text, { mode: 0o755 });
    return `${folder}-bin`;
  }

  function expectTrained(folder: string): void {
    const losses = (events: readonly RunEvent[]) =>
      new Map(events.flatMap((event) => (event.type === 'step' ? [[event.step, event.loss] as const] : [])));
    const [found, expected] = [losses(eventsOf(folder)), losses(alone)];
    expect([...found.keys()]).toEqual([...expected.keys()]);
    for (const [step, loss] of found) {
      expect(Math.abs(loss / (expected.get(step) ?? 0) - 1), `the loss of step ${step}`).toBeLessThan(1e-5);
    }
    const name = folder.split('/').at(-1) ?? '';
    const from = openBundle(nodeFileSystem, folder);
    expect(from.outcome).toMatchObject({ numProcesses: 2, numDevices: 2 });
    const pulled = pullBundle({ fs: nodeFileSystem, bundle: from, folder: `${room.folder}/runs/${name}` });
    expect(pulled.result?.verdict).toBeDefined();
    expect(pulled.result?.step).toBe(numSteps);
  }

  test.runIf(runsEverything)(
    'Slurm: run.sbatch is told to end, asks to be queued again, and goes on to the same losses',
    patience,
    async () => {
      const folder = copyOf('slurm');
      const bin = programs(folder, { srun, scontrol: '#!/bin/sh\necho "$@" >> asked\n' });
      const job = 4096 * 7 + ((await freePort()) % 4096);
      const env = {
        PATH: `${bin}:${process.env.PATH}`,
        GROUNDWORK_PYTHON: python,
        SLURM_JOB_ID: String(job),
        SLURM_CPUS_PER_TASK: '1',
      };
      const first = start('bash', ['run.sbatch'], folder, env);
      await hasTrained(folder, 2, first);
      // As --signal=TERM@120 does it: to the processes, not to the script.
      for (const pid of readFileSync(`${folder}/pids`, 'utf8').trim().split(' ')) process.kill(Number(pid), 'SIGTERM');
      const stopped = await first;
      expect(stopped.code, stopped.said).toBe(7);
      expect(readFileSync(`${folder}/asked`, 'utf8')).toBe(`requeue ${job}\n`);
      expect(openRun(nodeFileSystem, `${folder}/run`).manifest.status).toBe('stopped');
      const ended = await start('bash', ['run.sbatch'], folder, { ...env, SLURM_RESTART_COUNT: '1' });
      expect(ended.code, ended.said).toBe(0);
      expect(readFileSync(`${folder}/asked`, 'utf8')).toBe(`requeue ${job}\n`);
      expectTrained(folder);
    },
  );

  test.runIf(runsEverything)('JobSet: the containers of two pods', patience, async () => {
    const folder = copyOf('jobset');
    const yaml = readFileSync(`${folder}/jobset.yaml`, 'utf8');
    const host = 'small-workers-0-0.small:8476';
    const script = blockOf(yaml, '- |');
    expect(script).toContain(`--coordinator ${host}`);
    const bin = programs(folder, {
      // What is to be installed is there.
      python3: `#!/bin/sh\nif [ "$1 $2" = "-m pip" ]; then exec test -f requirements.txt; fi\nexec "${python}" "$@"\n`,
    });
    // The name that JobSet gives to the first pod is known in its cluster alone.
    const local = script.replace(host, `localhost:${await freePort()}`);
    const pods = [0, 1].map((index) =>
      start('sh', ['-c', local], folder, {
        PATH: `${bin}:${process.env.PATH}`,
        KUBERNETES_SERVICE_HOST: '127.0.0.1',
        JOB_COMPLETION_INDEX: String(index),
        GROUNDWORK_JOB: 'jobset/small',
      }),
    );
    for (const { code, said } of await Promise.all(pods)) expect(code, said).toBe(0);
    expectTrained(folder);
  });

  test.runIf(runsEverything)('SkyPilot: the run of two nodes', patience, async () => {
    const folder = copyOf('skypilot');
    const script = blockOf(readFileSync(`${folder}/skypilot.yaml`, 'utf8'), 'run: |').replaceAll('/bundle', folder);
    mkdirSync(`${folder}-home/groundwork-python/bin`, { recursive: true });
    writeFileSync(`${folder}-home/groundwork-python/bin/python`, `#!/bin/sh\nexec "${python}" "$@"\n`, { mode: 0o755 });
    const nodes = [0, 1].map((rank) =>
      start('bash', ['-c', script], room.folder, {
        HOME: `${folder}-home`,
        SKYPILOT_NODE_IPS: '127.0.0.1\n127.0.0.1',
        SKYPILOT_NUM_NODES: '2',
        SKYPILOT_NODE_RANK: String(rank),
        SKYPILOT_TASK_ID: 'sky-managed-small-1',
      }),
    );
    for (const { code, said } of await Promise.all(nodes)) expect(code, said).toBe(0);
    expectTrained(folder);
  });
});

/** Waits until the log of a run has a step; a process that ended before fails the test. */
async function hasTrained(folder: string, step: number, process: Promise<Ending>): Promise<void> {
  const log = `${folder}/run/events.jsonl`;
  let ended: Ending | undefined;
  process.then((ending) => {
    ended = ending;
  });
  while (!(existsSync(log) && readFileSync(log, 'utf8').includes(`"type":"step","step":${step},`))) {
    expect(ended, ended?.said).toBeUndefined();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

/** The text of a block in YAML, without its indent. */
function blockOf(yaml: string, head: string): string {
  const lines = yaml.split('\n');
  const at = lines.findIndex((line) => line.trim() === head);
  expect(at, head).toBeGreaterThan(0);
  const indent = /^ */.exec(lines[at + 1] ?? '')?.[0] ?? '';
  const end = lines.findIndex((line, i) => i > at && !line.startsWith(indent));
  return `${lines
    .slice(at + 1, end)
    .map((line) => line.slice(indent.length))
    .join('\n')}\n`;
}
