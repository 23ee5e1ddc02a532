import type { Model } from '../../model/index.ts';
import {
  details,
  formatBytes,
  formatCompact,
  formatCount,
  formatNumber,
  formatShare,
  type KeyFigure,
  keyFigures,
  type Markup,
  page,
  paragraph,
  type Section,
  sample,
  strong,
} from '../../page/index.ts';
import { type Plan, planSchema } from '../plan.ts';
import type { RunEvent } from '../run/events.ts';
import type { RunManifest } from '../run/run-manifest.ts';
import { trainingTimeMs } from '../training-time.ts';
import { type ForecastRecords, forecastSection } from './forecast-section.ts';
import { happeningsSection } from './happenings.ts';
import { drivePlots, learningPlots, type PlotSource } from './progress-plots.ts';
import { originSections, recipeSection } from './recipe-section.ts';

/** What a report is made from: the records of a run, and what can be told about it beyond them. */
export interface ReportSource {
  /** Of the run, for commands that name it. */
  readonly folder: string;
  readonly manifest: RunManifest;
  readonly events: readonly RunEvent[];
  /** The model, for its parameters; the report does without where the recipe is out of reach. */
  readonly model?: Model | undefined;
  /** Bits per byte of a bigram model on the same held-out text. */
  readonly baseline?: number | undefined;
  /** What was foretold, and how it came. */
  readonly forecast?: ForecastRecords | undefined;
}

/** A run as one page of HTML that stands alone: what it reached, how it went, and how to do it again. */
export function runReport(source: ReportSource): string {
  const { manifest, events } = source;
  const parsed = planSchema.safeParse(manifest.plan);
  const plan = parsed.success ? parsed.data : undefined;
  const steps = events.filter((event) => event.type === 'step');
  const evaluations = events.filter((event) => event.type === 'evaluation');
  const rescheduled = events.findLast((event) => event.type === 'rescheduled');
  const plots: PlotSource = {
    steps,
    evaluations,
    flopsPerStep: plan?.expected.flopsPerStep ?? 0,
    baseline: source.baseline,
    peak: peakOf(manifest),
  };
  const samples = samplesSection(events);
  const drive = drivePlots(plots);
  const sections: readonly Section[] = [
    {
      heading: 'Result',
      contents: [failureText(manifest), keyFigures(figuresOf(source, plan, plots)), ...learningPlots(plots)],
    },
    ...(source.forecast === undefined ? [] : forecastSection(source.forecast, evaluations)),
    ...(samples.length === 0 ? [] : [{ heading: 'Samples', contents: samples }]),
    ...(drive.length === 0 ? [] : [{ heading: 'Training', contents: drive }]),
    { heading: 'Course', contents: happeningsSection(events) },
    { heading: 'Recipe', contents: recipeSection(manifest, plan, source.model, rescheduled) },
    ...originSections(manifest, plan, source.folder, rescheduled),
  ];
  return page({
    title: manifest.name,
    lead: leadOf({ ...manifest, numSteps: rescheduled?.numSteps ?? manifest.numSteps }, plan, steps.at(-1)),
    sections,
    footer: `Made by Groundwork ${manifest.environment.groundwork} from the records of the run.`,
  });
}

function leadOf(
  { status, recipe, datasets, numSteps }: RunManifest,
  plan: Plan | undefined,
  last: { step: number } | undefined,
): string {
  const what = `A base model of ${plan === undefined ? 'the' : `${formatCompact(plan.numParameters)} parameters, the`} recipe ${recipe.name}`;
  const data = datasets.map(({ name }) => name).join(', ');
  const done = `${formatCount(last?.step ?? 0)} of ${formatCount(numSteps)} steps`;
  const state = {
    finished: 'The run is finished.',
    running: `The run was at work when this was written: ${done}.`,
    stopped: `The run was stopped after ${done}; "groundwork resume" goes on from there.`,
    failed: `The run failed after ${done}.`,
  }[status];
  return `${what}, trained on ${data}. ${state}`;
}

function failureText({ failure }: RunManifest): Markup {
  if (failure === null) return [];
  return paragraph(strong(`It failed at step ${formatCount(failure.step)}: `), `${failure.message}. ${failure.hint}`);
}

function figuresOf(
  { manifest, baseline }: ReportSource,
  plan: Plan | undefined,
  plots: PlotSource,
): readonly KeyFigure[] {
  const { size, batch } = manifest;
  const last = plots.steps.at(-1);
  const step = last?.step ?? 0;
  const tokens = last?.tokens ?? 0;
  const trainingSeconds = trainingTimeMs(plots.steps) / 1000;
  const allSeconds = (manifest.result?.durationMs ?? last?.elapsedMs ?? 0) / 1000;
  const bits = manifest.result?.bitsPerByte ?? plots.evaluations.at(-1)?.bitsPerByte;
  const trainingLoss = recentLoss(plots);
  return [
    ...(bits === undefined
      ? []
      : [
          {
            label: 'bits per byte',
            value: formatNumber(bits, 4),
            note:
              baseline === undefined
                ? 'on held-out text'
                : `on held-out text; a bigram model: ${formatNumber(baseline, 4)}`,
          },
        ]),
    ...(trainingLoss === undefined
      ? []
      : [
          { label: 'training loss', value: formatNumber(trainingLoss, 4), note: 'nats per token, over the last steps' },
        ]),
    ...(plan === undefined
      ? []
      : [
          {
            label: 'parameters',
            value: formatCompact(plan.numParameters),
            note: `${formatCount(size.numLayers)} layers of width ${formatCount(size.width)}`,
          },
        ]),
    {
      label: 'tokens',
      value: formatCompact(tokens),
      note: `${formatCount(step)} steps of ${formatCount(batch.batchSize * batch.contextLength)}${epochText(plan, manifest, step)}`,
    },
    ...(plots.flopsPerStep > 0
      ? [
          {
            label: 'FLOPs',
            value: formatCompact(plots.flopsPerStep * step),
            note: `${formatCompact(plots.flopsPerStep)} a step`,
          },
        ]
      : []),
    {
      label: 'training',
      value: timeText(trainingSeconds),
      note: trainingSeconds > 0 ? `${formatCount(Math.round(tokens / trainingSeconds))} tokens/s` : 'not yet measured',
    },
    {
      label: 'in all',
      value: timeText(allSeconds),
      note: 'with loading, evaluations, samples and checkpoints',
    },
    ...(plan === undefined
      ? []
      : [{ label: 'weights', value: formatBytes(plan.numParameters * 4), note: 'as float32' }]),
  ];
}

function epochText(plan: Plan | undefined, manifest: RunManifest, step: number): string {
  if (plan === undefined) return '';
  const epochs = (plan.epochs * step) / Math.max(1, manifest.numSteps);
  return epochs < 1 ? `, ${formatShare(epochs)} of the text` : `, the text ${formatNumber(epochs)} times`;
}

function recentLoss({ steps }: PlotSource): number | undefined {
  const last = steps.slice(-Math.max(1, Math.min(50, Math.ceil(steps.length / 20)))).map(({ loss }) => loss);
  const finite = last.filter(Number.isFinite);
  return finite.length === 0 ? undefined : finite.reduce((sum, loss) => sum + loss, 0) / finite.length;
}

function peakOf({ optimizer }: RunManifest): PlotSource['peak'] {
  const group = optimizer.groups.find(({ roles }) => roles.includes('matrix')) ?? optimizer.groups[0];
  return { learningRate: group?.learningRate ?? 0, group: group?.roles.join(', ') ?? 'all' };
}

/** Samples that are shown on the way to the last ones. */
const maxEarlier = 6;

/** Samples as they improved: the last ones in full, earlier ones at even distances. */
function samplesSection(events: readonly RunEvent[]): Markup[] {
  const samples = events.filter((event) => event.type === 'sample');
  const lastStep = samples.at(-1)?.step;
  if (lastStep === undefined) return [];
  const final = samples.filter(({ step }) => step === lastStep);
  const earlier = samples.filter(({ step }) => step < lastStep);
  const stride = Math.max(1, earlier.length / maxEarlier);
  const chosen = new Set(
    Array.from({ length: Math.min(maxEarlier, earlier.length) }, (_, index) => Math.floor(index * stride)),
  );
  const shown = (event: { step: number; prompt: string; text: string }) => [
    sample({
      about: [
        strong(`step ${formatCount(event.step)}`),
        event.prompt === '' ? '' : ` · begun with ${JSON.stringify(event.prompt)}`,
      ],
      text: event.prompt + event.text,
    }),
  ];
  return [
    paragraph('What the model writes, from its first words to its last. Nothing was chosen.'),
    ...earlier.filter((_, index) => chosen.has(index)).map(shown),
    ...final.slice(0, 3).map(shown),
    ...(final.length > 3 ? [details(`${formatCount(final.length - 3)} more`, ...final.slice(3).map(shown))] : []),
  ];
}

/** `45 s`, `5.1 min`, `2.2 h`. */
function timeText(seconds: number): string {
  if (seconds < 59.5) return `${Math.round(seconds)} s`;
  return seconds < 3570 ? `${(seconds / 60).toFixed(1)} min` : `${formatNumber(seconds / 3600)} h`;
}
