import {
  type Axis,
  figure,
  formatCompact,
  formatCount,
  formatNumber,
  linePlot,
  type Markup,
  type Series,
  scatter,
} from '../../page/index.ts';
import type { RunEvent } from '../run/events.ts';
import { type Curve, readableRange, thinned } from './curves.ts';

export type StepEvent = Extract<RunEvent, { type: 'step' }>;
export type EvaluationEvent = Extract<RunEvent, { type: 'evaluation' }>;

/** What the plots are drawn from. */
export interface PlotSource {
  readonly steps: readonly StepEvent[];
  readonly evaluations: readonly EvaluationEvent[];
  /** Of one step. */
  readonly flopsPerStep: number;
  /** Of a bigram model on the same held-out text, where it is known. */
  readonly baseline: number | undefined;
  /** The peak learning rate that the schedule's factor is multiplied by, and of which group of parameters it is. */
  readonly peak: { readonly learningRate: number; readonly group: string };
}

const tokenAxis: Axis = { label: 'tokens trained on', format: 'compact', atLeast: [0, 0] };

/** Loss and bits per byte, over tokens and over compute. */
export function learningPlots(source: PlotSource): Markup[] {
  const { steps, flopsPerStep } = source;
  if (steps.length === 0) return [];
  const losses = thinned(steps.map(({ tokens, loss }) => [tokens, loss]));
  const compute = thinned(
    steps.map(({ step, loss }) => [step * flopsPerStep, loss]),
    'log',
  );
  const lossRange = readableRange(losses);
  // On a logarithm the beginning has room.
  const wholeRange = lossRange && ([lossRange[0], Math.max(lossRange[1], firstOf(losses))] as const);
  const lossAxis: Axis = { label: 'loss, nats per token', ...(lossRange && { atMost: lossRange }) };
  const flopsAxis: Axis = { label: 'FLOPs', scale: 'log', format: 'compact' };
  return [
    figure(
      linePlot({
        title: 'Loss over tokens',
        description: `It goes from ${ends(losses)} nats per token.`,
        x: tokenAxis,
        y: lossAxis,
        series: [{ name: 'training loss', ...losses }],
      }),
      captionOf(losses, 'The mean loss of the tokens of each step, before they are learned from.'),
    ),
    ...evaluationPlot('Bits per byte over tokens', tokenAxis, source, ({ tokens }) => tokens),
    ...(flopsPerStep > 0
      ? [
          figure(
            linePlot({
              title: 'Loss over compute',
              description: `It goes from ${ends(compute)} nats per token.`,
              x: flopsAxis,
              y: { ...lossAxis, scale: 'log', ...(wholeRange && { atMost: wholeRange }) },
              series: [{ name: 'training loss', ...compute }],
            }),
            'Both axes are logarithms: where a law of scaling holds, the curve comes down in a line.',
          ),
          ...evaluationPlot('Bits per byte over compute', flopsAxis, source, ({ step }) => step * flopsPerStep),
        ]
      : []),
  ];
}

/** How the run was driven: learning rate, gradient norm, throughput. */
export function drivePlots({ steps, peak }: PlotSource): Markup[] {
  if (steps.length === 0) return [];
  const rates = thinned(steps.map(({ tokens, scheduleFactor }) => [tokens, scheduleFactor * peak.learningRate]));
  const norms = thinned(steps.map(({ tokens, gradientNorm }) => [tokens, gradientNorm]));
  const throughput = thinned(
    steps.map(({ tokens, durationMs }, index) => {
      const before = steps[index - 1]?.tokens ?? 0;
      return [tokens, durationMs > 0 ? (1000 * (tokens - before)) / durationMs : Number.NaN];
    }),
  );
  const normRange = readableRange(norms);
  const highest = Math.max(...rates.points.map(([, rate]) => rate));
  return [
    figure(
      linePlot({
        title: 'Learning rate',
        description: `Its peak is ${formatNumber(highest)}.`,
        x: tokenAxis,
        y: { label: `learning rate of ${peak.group}`, atLeast: [0, 0] },
        series: [{ name: 'learning rate', points: rates.points }],
      }),
      'The other groups of parameters follow the same curve, each from a peak of its own.',
    ),
    figure(
      linePlot({
        title: 'Gradient norm',
        description: `It goes from ${ends(norms)}.`,
        x: tokenAxis,
        y: { label: 'norm over all parameters', atLeast: [0, 0], ...(normRange && { atMost: [0, normRange[1]] }) },
        series: [{ name: 'gradient norm', ...norms }],
      }),
      captionOf(norms, 'Before clipping.'),
    ),
    figure(
      linePlot({
        title: 'Throughput',
        description: `It goes from ${ends(throughput)} tokens a second.`,
        x: tokenAxis,
        y: { label: 'tokens a second', format: 'compact', atLeast: [0, 0] },
        series: [{ name: 'tokens a second', ...throughput }],
      }),
      captionOf(throughput, 'Training steps only, without evaluations, samples and checkpoints.'),
    ),
  ];
}

/** Evaluations on the way as a line and, where it read more text than they did, the last one as a point. */
function evaluationPlot(
  title: string,
  x: Axis,
  { evaluations, baseline }: PlotSource,
  at: (event: EvaluationEvent) => number,
): Markup[] {
  const shown = evaluations.filter((event) => x.scale !== 'log' || at(event) > 0);
  const numFinal = shown.at(-1)?.numDocuments;
  const isAlike = shown.every(({ numDocuments }) => numDocuments === numFinal);
  const onTheWay = shown.filter(({ isFinal }) => isAlike || !isFinal);
  const final = isAlike ? [] : shown.filter(({ isFinal }) => isFinal);
  if (onTheWay.length < 2) return [];
  const points = (events: readonly EvaluationEvent[]) => events.map((event) => [at(event), event.bitsPerByte] as const);
  const name = isAlike ? 'this model' : `on the way, ${plural(onTheWay[0]?.numDocuments ?? 0)}`;
  const [first, last] = [at(shown[0] as EvaluationEvent), at(shown.at(-1) as EvaluationEvent)];
  const range = readableRange({ points: points(shown) });
  const y: Axis = {
    label: 'bits per byte, held-out text',
    ...(baseline !== undefined && { atLeast: [baseline, baseline] }),
    ...(range && { atMost: [Math.min(range[0], baseline ?? range[0]), Math.max(range[1], baseline ?? range[1])] }),
  };
  const lines: Series[] = [
    { name, points: points(onTheWay), tone: 0 },
    ...(baseline === undefined
      ? []
      : [
          {
            name: 'bigram model',
            points: [[first, baseline] as const, [last, baseline] as const],
            tone: 'quiet' as const,
          },
        ]),
  ];
  const plot = { title, description: `It goes from ${ends({ points: points(shown) })} bits per byte.`, x, y };
  const groups = final.map((event) => ({
    name: `at the end, ${plural(event.numDocuments)}`,
    points: [{ x: at(event), y: event.bitsPerByte }],
    tone: 1,
  }));
  return [
    figure(
      groups.length === 0 ? linePlot({ ...plot, series: lines }) : scatter({ ...plot, groups, lines }),
      'Text that the model was not trained on. Lower is better.',
    ),
  ];
}

const plural = (numDocuments: number): string =>
  numDocuments === 1 ? 'one document' : `${formatCount(numDocuments)} documents`;

function captionOf({ band }: Curve, sentence: string): string {
  return band === undefined
    ? sentence
    : `${sentence} The line is the mean of neighbouring steps, the band their range.`;
}

/** The first value that is a number. */
const firstOf = ({ points }: Curve): number => points.find(([, y]) => Number.isFinite(y))?.[1] ?? 0;

/** `8.32 to 3.41`. */
function ends({ points }: Curve): string {
  const finite = points.map(([, y]) => y).filter(Number.isFinite);
  const write = (value: number | undefined) =>
    value === undefined ? 'nothing' : value >= 1e4 ? formatCompact(value) : formatNumber(value);
  return `${write(finite[0])} to ${write(finite.at(-1))}`;
}
