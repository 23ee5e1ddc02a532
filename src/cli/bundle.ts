import { cpus } from 'node:os';
import { basename } from 'node:path';
import { nodeFileSystem } from '../core/node.ts';
import {
  type BundleOptions,
  type BundlePlan,
  type BundlePlanRequest,
  forecastOnDevices,
  type Mesh,
  planBundle,
  type WrittenBundle,
  writeBundle,
} from '../export/index.ts';
import { formatBytes } from '../page/index.ts';
import { precisions } from '../recipe/index.ts';
import { type Accelerator, acceleratorNamed, accelerators } from '../theory/index.ts';
import { printableJson } from '../tokenizer/index.ts';
import {
  copyRun,
  faultOfRunName,
  makeRun,
  nextRunName,
  openRun,
  type RunManifest,
  readForecast,
} from '../training/index.ts';
import type { Command, Terminal } from './command-line.ts';
import { type FlagKinds, type Flags, parseFlags, usageFault } from './flags.ts';
import { forecastText } from './forecast-text.ts';
import { labelled, labelledList } from './labelled-text.ts';
import { planFlagHelp, planFlags, planRequest } from './plan-flags.ts';
import { folderOfRun } from './run-argument.ts';
import { closeDatasets, openNamedDatasets, openRunDatasets } from './run-datasets.ts';
import { openRecipe } from './run-recipe.ts';
import { paintFor } from './styled-text.ts';
import { groundworkVersion } from './version.ts';

const name = 'bundle';

const flagKinds = {
  ...planFlags,
  seed: { type: 'string' },
  name: { type: 'string' },
  out: { type: 'string' },
  'eval-every': { type: 'string' },
  'eval-documents': { type: 'string' },
  'checkpoint-every': { type: 'string' },
  keep: { type: 'string' },
  device: { type: 'string' },
  devices: { type: 'string' },
  nodes: { type: 'string' },
  'gpus-per-node': { type: 'string' },
  fsdp: { type: 'boolean' },
  model: { type: 'string' },
  'data-location': { type: 'string' },
  time: { type: 'string' },
  partition: { type: 'string' },
  account: { type: 'string' },
  image: { type: 'string' },
  json: { type: 'boolean' },
} satisfies FlagKinds;

/** `groundwork bundle`: a run as a folder that trains where there is no Groundwork. */
export const bundleCommand: Command = {
  help: `usage: groundwork bundle [FOLDER|FILE|RUN]... --tokens N [OPTIONS]

Writes a folder with all that a training needs on accelerators and clusters: the training step as JAX, the runner, the data, a checkpoint to
begin from, the forecast, and ready files for Slurm, Kubernetes (JobSet) and SkyPilot. Nothing is trained here. "groundwork pull" brings the
run back when it has been trained, or on the way.

FOLDER and FILE are what to train on, as for "pretrain". RUN is a run that was stopped: it goes on from its newest checkpoint.

${planFlagHelp.replace('(one of these; default: --budget 5m)', '(one of these; a budget of time needs the machine at hand)').replace(/^ {2}--budget.*\n/m, '')}
  --seed N               the whole run follows from it (default: 0)

Where
  --device NAME          ${accelerators.map((one) => one.name).join(', ')}
                         (default: processors). With it, --precision is bfloat16 by default, and what does not fit
                         is refused. Of a RUN it decides what the files ask for
  --devices N            how many of them, on all nodes together (default: 1)
  --nodes N              machines (default: as few as hold the devices)
  --gpus-per-node N      devices on each of them (default: what is common for the device)
  --fsdp                 share parameters and optimizer out over all devices (default: where they do not fit otherwise)
  --model N              devices that share each matrix product (default: 1)
  --data-location PATH   where the nodes find the dataset, in place of a copy; of several, a folder that holds each by its name
  --time TIME            the longest that a job may take, for Slurm (default: 24:00:00)
  --partition NAME       of Slurm
  --account NAME         of Slurm
  --image NAME           the container for Kubernetes and SkyPilot (default: a plain Python, JAX is then installed)

  --eval-every N         steps between evaluations (0: only at the end)
  --eval-documents N     held-out documents of an evaluation on the way
  --checkpoint-every X   time or steps between checkpoints, such as 10m or 500
  --keep N               checkpoints that are kept, 2 or more (default: 2)
  --name NAME            the name of the run (default: after the data and the day)
  --out FOLDER           the folder of the bundle (default: bundles/NAME)
  --json                 print what was written as one line of JSON

Exit codes: 0 written, 2 wrong usage, 3 a recipe that breaks a rule, 5 memory, disk or a file is not to be had, or the devices are too
small, 6 no text to train on, or a run, a checkpoint or a dataset that is broken.`,
  run: async (args, terminal) => {
    const flags = parseFlags(name, args, flagKinds, { least: 0, most: Number.POSITIVE_INFINITY });
    const place = placeOf(flags);
    const [word, ...others] = flags.words;
    const folder = word === undefined || others.length > 0 ? undefined : folderOfRun(word);
    const isRun = folder !== undefined && nodeFileSystem.exists(`${folder}/run.json`);
    if (isRun) await bundleRun(folder, flags, place, terminal);
    else await bundleNew(args, flags, place, terminal);
  },
};

/** Where a bundle is to run. */
interface Place {
  readonly device: Accelerator | undefined;
  readonly numNodes: number;
  /** On each node. */
  readonly numDevices: number;
  /** Whether a person said how many devices there are. */
  readonly isCounted: boolean;
  readonly launch: BundleOptions['launch'];
}

function placeOf(flags: Flags): Place {
  const given = flags.text('device');
  const device = given === undefined ? undefined : acceleratorNamed(given);
  const { numNodes, numDevices } = countsOf(flags, device);
  const time = flags.text('time') ?? '24:00:00';
  if (!/^(\d+-)?\d{1,3}:\d\d:\d\d$/.test(time)) {
    throw usageFault(name, `--time is "${time}", expected hours, minutes and seconds such as 24:00:00`);
  }
  const words = (flag: string): string | undefined => {
    const text = flags.text(flag);
    if (text !== undefined && !/^[A-Za-z0-9][A-Za-z0-9._:/@,-]*$/.test(text)) {
      throw usageFault(name, `--${flag} is ${JSON.stringify(text)}, expected a name without spaces`);
    }
    return text;
  };
  const schedulers = { time, partition: words('partition'), account: words('account'), image: words('image') };
  return {
    device,
    numNodes,
    numDevices,
    isCounted: device !== undefined || flags.text('devices') !== undefined || numNodes * numDevices > 1,
    launch: { device, numNodes, numDevices, ...schedulers },
  };
}

/** How many nodes there are, and how many devices on each, from whatever a person said of them. */
function countsOf(flags: Flags, device: Accelerator | undefined) {
  const count = (flag: string) => flags.wholeNumber(flag, 1, 1_000_000);
  const [all, nodes, each] = [count('devices'), count('nodes'), count('gpus-per-node')];
  const usual = device?.devicesPerHost ?? 1;
  if (all === undefined) return { numNodes: nodes ?? 1, numDevices: each ?? (nodes === undefined ? 1 : usual) };
  const numNodes = nodes ?? Math.ceil(all / (each ?? (device === undefined ? all : usual)));
  if (all % numNodes !== 0 || (each !== undefined && all !== numNodes * each)) {
    const wanted = each === undefined ? '' : ` with ${each} on each`;
    throw usageFault(name, `${all} devices cannot be shared out evenly over ${numNodes} nodes${wanted}`);
  }
  return { numNodes, numDevices: all / numNodes };
}

/** What every bundle is written with. */
function optionsOf(flags: Flags, { launch }: Place, folder: string, mesh: Mesh): Omit<BundleOptions, 'putRun'> {
  const dataLocation = flags.text('data-location');
  return {
    fs: nodeFileSystem,
    folder,
    launch,
    mesh,
    groundworkVersion: groundworkVersion(),
    ...(dataLocation !== undefined && { dataLocation }),
  };
}

/** As few copies as there are devices for, where nobody said how many those are. */
const openMesh = (mesh: Mesh, { isCounted }: Place): Mesh => (isCounted ? mesh : { ...mesh, data: null });

async function bundleNew(args: readonly string[], flags: Flags, place: Place, terminal: Terminal): Promise<void> {
  const request = requestOf(flags, place);
  const recipe = await openRecipe(flags.text('recipe'));
  const given = nameOf(flags);
  const datasets = await openNamedDatasets(name, flags, terminal);
  try {
    // A dataset that was built from text carries a hash in its name.
    const topic = (datasets[0]?.dataset.manifest.name ?? 'run').replace(/-[0-9a-f]{8}$/, '');
    const runName = given ?? nextRunName(nodeFileSystem, 'bundles', topic, new Date());
    terminal.live?.('planning');
    const planned = await planBundle(request, { fs: nodeFileSystem, recipe: recipe.recipe, datasets });
    terminal.live?.('');
    terminal.error(planText(planned, terminal));
    const written = await writeBundle({
      ...optionsOf(flags, place, flags.text('out') ?? `bundles/${runName}`, openMesh(planned.mesh, place)),
      areDevicesForetold: planned.cluster !== undefined,
      putRun: (folder) =>
        makeRun({
          fs: nodeFileSystem,
          folder,
          name: runName,
          recipe,
          datasets,
          plan: planned.plan,
          seed: flags.wholeNumber('seed', 0) ?? 0,
          command: [name, ...args],
          engineFacts: { provider: 'jax', numThreads: null, name: 'jax', versions: {} },
          environment: environment(),
          forecastElsewhere: (forecast) => forecastOnDevices(forecast, planned),
        }),
    });
    tell(written, terminal, flags.isSet('json'));
  } finally {
    closeDatasets(datasets);
  }
}

async function bundleRun(folder: string, flags: Flags, place: Place, terminal: Terminal): Promise<void> {
  const { manifest } = openRun(nodeFileSystem, folder);
  refuseStray(flags, folder);
  const recipe = await openRecipe(
    manifest.recipe.file === null ? manifest.recipe.name : `${folder}/${manifest.recipe.file}`,
  );
  const datasets = openRunDatasets(name, manifest, flags.texts('data'));
  try {
    const { numNodes, numDevices } = place;
    const model = flags.wholeNumber('model', 1) ?? 1;
    const groups = (numNodes * numDevices) / model;
    if (!Number.isInteger(groups)) {
      throw usageFault(name, `${numNodes * numDevices} devices cannot be cut into groups of ${model} (--model)`);
    }
    const mesh = flags.isSet('fsdp') ? { data: 1, fsdp: groups, model } : { data: groups, fsdp: 1, model };
    const microBatchSize = flags.wholeNumber('micro-batch', 1);
    const written = await writeBundle({
      ...optionsOf(flags, place, flags.text('out') ?? `bundles/${basename(folder)}`, openMesh(mesh, place)),
      ...(microBatchSize !== undefined && { microBatchSize }),
      putRun: (into) => copyRun({ fs: nodeFileSystem, folder, into, recipe, datasets }),
    });
    tell(written, terminal, flags.isSet('json'));
  } finally {
    closeDatasets(datasets);
  }
}

/** What a run is was decided when it began. */
function refuseStray(flags: Flags, folder: string): void {
  const allowed = ['data', 'micro-batch'];
  const isGiven = (flag: string) => flags.text(flag) !== undefined || flags.isSet(flag) || flags.texts(flag).length > 0;
  const changing = [
    ...Object.keys(planFlags),
    'seed',
    'name',
    'eval-every',
    'eval-documents',
    'checkpoint-every',
    'keep',
  ];
  const stray = changing.find((flag) => !allowed.includes(flag) && isGiven(flag));
  if (stray === undefined) return;
  throw usageFault(name, `${folder} is a run, whose plan is made: --${stray} has no use`);
}

function requestOf(flags: Flags, { device, numNodes, numDevices }: Place): BundlePlanRequest {
  const { budget, ...request } = planRequest(name, flags);
  const hasBudget = ['flops', 'tokens', 'steps', 'budget'].some((flag) => flags.text(flag) !== undefined);
  if (!hasBudget && request.size === undefined) {
    throw usageFault(name, 'found neither --tokens, --steps, --flops nor --size, expected at least one of them');
  }
  const numModelDevices = flags.wholeNumber('model', 1);
  const precision = flags.oneOf('precision', precisions) ?? (device === undefined ? undefined : 'bfloat16');
  return {
    ...request,
    ...(hasBudget && budget !== undefined && { budget }),
    ...(precision !== undefined && { precision }),
    device,
    numDevices: numNodes * numDevices,
    ...(flags.isSet('fsdp') && { fsdp: true }),
    ...(numModelDevices !== undefined && { numModelDevices }),
    // Samples are no business of the runner: it knows no text.
    sampleEverySteps: 0,
  };
}

function nameOf(flags: Flags): string | undefined {
  const given = flags.text('name');
  const fault = given === undefined ? undefined : faultOfRunName(given);
  if (fault === undefined) return given;
  throw usageFault(name, `--name ${JSON.stringify(given)} ${fault}, expected letters, digits and dashes`);
}

function environment(): RunManifest['environment'] {
  return {
    node: process.version,
    platform: `${process.platform}-${process.arch}`,
    cpu: cpus()[0]?.model.trim() || process.arch,
    groundwork: groundworkVersion(),
  };
}

function planText({ plan }: BundlePlan, terminal: Terminal): string {
  const paint = paintFor(terminal.hasLiveColor === true);
  return [
    labelledList('plan:     ', plan.reasons, terminal),
    ...plan.warnings.map((sentence) => paint('warning', labelled('note:     ', sentence, terminal))),
  ].join('\n');
}

/** What was written, how large it is, and what comes next. */
function tell({ folder, manifest, parts, sizeBytes }: WrittenBundle, terminal: Terminal, isJson: boolean): void {
  const runFolder = `${folder}/${manifest.run.folder}`;
  const read = readForecast(nodeFileSystem, runFolder, openRun(nodeFileSystem, runFolder).manifest);
  const forecast = read !== undefined && 'value' in read ? read.value : undefined;
  if (isJson) {
    const { name, numSteps, batch, mesh, devices, run } = manifest;
    terminal.out(
      printableJson({
        folder,
        name,
        numSteps,
        step: run.step,
        batch,
        mesh,
        devices,
        sizeBytes,
        parts,
        forecast: forecast ?? null,
      }),
    );
    return;
  }
  const paint = paintFor(terminal.hasColor === true);
  const outside = manifest.datasets.filter((one) => one.folder.startsWith('/'));
  terminal.out(
    [
      ...(forecast === undefined ? [] : [forecastText(forecast, terminal, paint), '']),
      `bundle:     ${folder}, ${formatBytes(sizeBytes)}: ${parts.map((part) => `${part.what} ${formatBytes(part.sizeBytes)}`).join(', ')}`,
      ...outside.map((one) => `data:       ${one.name} is not in it: the nodes find it at ${one.folder}`),
      `goes on:    from step ${manifest.run.step} of ${manifest.numSteps}`,
      '',
      `Copy it:        rsync -a ${folder} YOUR_CLUSTER:`,
      `There, one of:  sbatch run.sbatch | kubectl apply -f jobset.yaml | sky jobs launch skypilot.yaml | python runner.py`,
      `Take it back:   groundwork pull ${folder}`,
    ].join('\n'),
  );
}
