import { dirname } from 'node:path';
import type { Model } from '../../model/index.ts';
import {
  code,
  details,
  formatCompact,
  formatCount,
  formatNumber,
  formatShare,
  type Markup,
  paragraph,
  sample,
  subheading,
  table,
} from '../../page/index.ts';
import type { Plan } from '../plan.ts';
import type { RunEvent } from '../run/events.ts';
import type { RunManifest } from '../run/run-manifest.ts';

/** How the clock fixed the end of a run, where it did. */
export type Rescheduled = Extract<RunEvent, { type: 'rescheduled' }>;

/** What was trained: sizes, parameters by scope, optimizer, schedule, and the reasons of the plan. */
export function recipeSection(
  manifest: RunManifest,
  plan: Plan | undefined,
  model: Model | undefined,
  rescheduled: Rescheduled | undefined,
): Markup[] {
  const { size, batch, schedule, recipe } = manifest;
  const rows: Markup[][] = [
    ['recipe', recipe.file === null ? recipe.name : `${recipe.name} (${recipe.file})`],
    ['layers', formatCount(size.numLayers)],
    ['width', formatCount(size.width)],
    ['context', `${formatCount(size.contextLength)} tokens`],
    ['vocabulary', `${formatCount(size.vocabularySize)} tokens`],
    ['step', `${formatCount(batch.batchSize)} × ${formatCount(batch.contextLength)} tokens${accumulation(batch)}`],
    ['packing', `${batch.packing}${batch.documentMask ? ', attention within documents' : ''}`],
    ['precision', batch.precision ?? 'float32'],
    ['schedule', scheduleText(manifest, rescheduled)],
    ['clipping', manifest.optimizer.clipNorm === null ? 'none' : `norm ${manifest.optimizer.clipNorm}`],
    ...(plan === undefined
      ? []
      : [
          ['FLOPs of a step', formatCompact(plan.expected.flopsPerStep)],
          [
            'FLOPs of the run',
            formatCompact(plan.expected.flopsPerStep * (rescheduled?.numSteps ?? manifest.numSteps)),
          ],
        ]),
  ];
  return [
    table({ caption: 'The recipe at this size', columns: [{ heading: 'Setting' }, { heading: 'Value' }], rows }),
    ...(plan === undefined || plan.reasons.length === 0
      ? []
      : [subheading('Why this size'), ...plan.reasons.map((reason) => paragraph(reason))]),
    ...(model === undefined ? [] : [parameterTable(model)]),
    table({
      caption: `Optimizer: every learning rate is multiplied by the schedule (${schedule.kind})`,
      columns: [
        { heading: 'Parameters' },
        { heading: 'Algorithm' },
        { heading: 'Peak learning rate', kind: 'number' },
        { heading: 'Weight decay', kind: 'number' },
        { heading: 'Settings' },
      ],
      rows: manifest.optimizer.groups.map((group) => [
        group.roles.join(', '),
        group.algorithm === 'adamw' ? 'AdamW' : 'Muon',
        formatNumber(group.learningRate),
        formatNumber(group.weightDecay),
        group.algorithm === 'adamw'
          ? `β ${group.beta1} and ${group.beta2}, ε ${group.epsilon}`
          : `momentum ${group.momentum}, ${group.numIterations} iterations`,
      ]),
    }),
  ];
}

function accumulation({ batchSize, microBatchSize }: RunManifest['batch']): string {
  const parts = batchSize / microBatchSize;
  return parts > 1 ? `, in ${formatCount(parts)} parts of ${formatCount(microBatchSize)} rows` : '';
}

function scheduleText({ schedule, numSteps }: RunManifest, rescheduled: Rescheduled | undefined): string {
  const { kind, warmupSteps, decayShare, finalFactor } = schedule;
  const decay =
    rescheduled === undefined
      ? formatShare(decayShare)
      : `${formatCount(rescheduled.numSteps - rescheduled.step)} steps, which the clock decided`;
  const warmup =
    warmupSteps > 0 ? `${formatCount(Math.min(warmupSteps, Math.floor(numSteps / 5)))} steps of warm-up, then ` : '';
  const end = kind === 'constant' ? '' : ` to ${formatShare(finalFactor)} of the peak`;
  const shape = {
    constant: 'constant',
    cosine: 'half a cosine',
    linear: 'a line',
    warmupStableSquareRoot: `flat, then down with the square root over the last ${decay}`,
    warmupStableDecay: `flat, then a line over the last ${decay}`,
  }[kind];
  return `${warmup}${shape}${end}`;
}

interface ParameterGroup {
  readonly name: string;
  readonly shape: string;
  count: number;
  numParameters: number;
}

/** Parameters of the model; those that differ only in the number of their layer stand in one line. */
export function parameterGroups(parameters: Model['parameters']): readonly Readonly<ParameterGroup>[] {
  const groups = new Map<string, ParameterGroup>();
  for (const [name, { shape }] of Object.entries(parameters)) {
    const general = name.replace(/(^|\.)\d+(?=\.)/g, '$1*');
    const shapeText = shape.length === 0 ? 'scalar' : shape.map(String).join(' × ');
    const key = `${general} ${shapeText}`;
    const group = groups.get(key) ?? { name: general, shape: shapeText, count: 0, numParameters: 0 };
    group.count += 1;
    group.numParameters += shape.reduce((product, extent) => product * extent, 1);
    groups.set(key, group);
  }
  return [...groups.values()];
}

function parameterTable(model: Model): Markup {
  const groups = parameterGroups(model.parameters);
  const total = groups.reduce((sum, { numParameters }) => sum + numParameters, 0);
  return details(
    `The parameters: ${formatCount(total)} in ${formatCount(Object.keys(model.parameters).length)} tensors`,
    table({
      caption: 'Parameters by scope; * stands for the number of a layer',
      columns: [
        { heading: 'Name', kind: 'code' },
        { heading: 'Shape', kind: 'number' },
        { heading: 'Times', kind: 'number' },
        { heading: 'Parameters', kind: 'number' },
        { heading: 'Share', kind: 'number' },
      ],
      rows: groups.map(({ name, shape, count, numParameters }) => [
        name,
        shape,
        formatCount(count),
        formatCount(numParameters),
        formatShare(numParameters / Math.max(1, total)),
      ]),
    }),
  );
}

/** Data, machine, and what to type to do the run again. */
export function originSections(
  manifest: RunManifest,
  plan: Plan | undefined,
  folder: string,
  rescheduled: Rescheduled | undefined,
) {
  const { datasets, environment, engine } = manifest;
  const totalWeight = datasets.reduce((sum, { weight }) => sum + weight, 0);
  const versions = Object.entries(isRecord(engine.versions) ? engine.versions : {});
  return [
    {
      heading: 'Data',
      contents: [
        table({
          caption: 'Datasets',
          columns: [
            { heading: 'Name' },
            { heading: 'Folder', kind: 'code' },
            { heading: 'Share', kind: 'number' },
            { heading: 'Fingerprint', kind: 'code' },
          ],
          rows: datasets.map(({ name, folder, weight, fingerprint }) => [
            name,
            folder,
            formatShare(weight / totalWeight),
            fingerprint.slice(0, 12),
          ]),
        }),
      ],
    },
    {
      heading: 'Do it again',
      contents: [
        sample({ about: 'The run was begun by this command:', text: commandText(manifest) }),
        sample({
          about: `This one trains the same model on the same data for as many steps, whatever the clock says${decayText(manifest, rescheduled)}:`,
          text: repetitionText(manifest, plan, folder),
        }),
        table({
          caption: 'Where it ran, and what from',
          columns: [{ heading: 'What' }, { heading: 'Value', kind: 'wide' }],
          rows: [
            ['created', manifest.createdAt],
            ['Groundwork', environment.groundwork],
            ['Node', environment.node],
            ['platform', environment.platform],
            ['processor', environment.cpu],
            ['engine', `${engine.name}${engine.numThreads === null ? '' : `, ${engine.numThreads} threads`}`],
            ...versions.map(([name, version]) => [name, String(version)]),
            ['seed', String(manifest.seed)],
            ['training step (Program)', code(manifest.programHash)],
            ['model', code(manifest.modelHash)],
            ['recipe', code(manifest.recipe.sha256)],
            ['batches', code(manifest.batchesFingerprint)],
            ['tokenizer', code(manifest.tokenizerFingerprint)],
          ],
        }),
      ],
    },
  ];
}

/** The command of a run as a shell takes it. */
export function commandText({ command }: Pick<RunManifest, 'command'>): string {
  return shellText(['groundwork', ...command]);
}

/** What no command can repeat: that a clock decided when the learning rate falls. */
function decayText({ schedule }: RunManifest, rescheduled: Rescheduled | undefined): string {
  if (rescheduled === undefined) return '';
  const { numSteps, step } = rescheduled;
  const planned = numSteps - Math.round(numSteps * (1 - schedule.decayShare));
  if (planned === numSteps - step) return '';
  return `. Its learning rate falls over the last ${formatCount(planned)} steps; here it was the last ${formatCount(numSteps - step)}`;
}

/**
 * A command that trains the same model on the same data for as many steps, whatever the clock says.
 *
 * @param folder of the run: a recipe of a person's own lies in it, and the new run goes beside it
 */
export function repetitionText(manifest: RunManifest, plan: Plan | undefined, folder: string): string {
  const { datasets, size, batch, recipe, numSteps, seed, engine } = manifest;
  const [first] = datasets;
  const data =
    datasets.length === 1 && first
      ? [first.folder]
      : datasets.flatMap(({ folder, weight }) => ['--data', `${folder}:${weight}`]);
  const runsFolder = dirname(folder);
  return shellText([
    ...['groundwork', 'pretrain', ...data],
    ...['--recipe', recipe.file === null ? recipe.name : `${folder}/${recipe.file}`],
    ...['--size', `${size.numLayers}x${size.width}`, '--context', String(size.contextLength)],
    ...['--batch', String(batch.batchSize), '--micro-batch', String(batch.microBatchSize)],
    ...(batch.packing === 'stream' ? [] : ['--packing', batch.packing]),
    ...(plan?.batch.recompute === true ? ['--recompute'] : []),
    ...['--steps', String(numSteps), '--seed', String(seed), '--engine', engine.provider],
    ...(engine.numThreads === null ? [] : ['--threads', String(engine.numThreads)]),
    ...(runsFolder === 'runs' ? [] : ['--out', runsFolder]),
  ]);
}

function shellText(words: readonly string[]): string {
  return words.map((word) => (/^[\w@%+=:,./-]+$/.test(word) ? word : `'${word.replaceAll("'", "'\\''")}'`)).join(' ');
}

function isRecord(value: unknown): value is { readonly [key: string]: unknown } {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}
