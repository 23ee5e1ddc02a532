import {
  details,
  figure,
  formatCompact,
  formatCount,
  type KeyFigure,
  keyFigures,
  type Markup,
  type Plot,
  page,
  paragraph,
  scatter,
  table,
} from '../../page/index.ts';
import {
  type CarriedLaw,
  conventionTexts,
  durationText,
  type Estimate,
  type Forecast,
  type ForecastQuantity,
  forecastBasisSentence,
  forecastNotes,
  type Prospect,
  type Prospects,
  percentText,
  quantityText,
  rangeText,
} from '../../theory/index.ts';
import type { Plan } from '../plan.ts';
import { type CountedSize, nearestSize } from './nearest-size.ts';

/** What a page about a forecast shows. */
export interface ForecastPageSource {
  readonly plan: Plan;
  readonly forecast: Forecast;
  readonly corpus: string;
  readonly recipe: string;
  /** Null where no law can say what the run reaches. */
  readonly law: { readonly carried: CarriedLaw; readonly prospects: Prospects } | null;
  /** To name sizes by their layers and width. */
  readonly sizes: readonly CountedSize[];
  /** The version of Groundwork. */
  readonly version: string;
}

/** The rows of the table of what compute buys: what it is, and the choice. */
export function prospectRows({
  chosen,
  optimum,
  more,
}: Prospects): readonly (readonly [name: string, prospect: Prospect])[] {
  return [
    ['this run', chosen],
    ['best at this compute', optimum],
    ...more.map((one) => [`${formatCount(one.factor)} times the compute`, one] as const),
  ];
}

/** A size by its layers and width, such as `4x96`; `about 4x96` where it is the nearest of those that a plan chooses from. */
export function sizeName(prospect: Prospect, { size }: Plan, sizes: readonly CountedSize[], isChosen: boolean): string {
  if (isChosen) return `${size.numLayers}x${size.width}`;
  const nearest = nearestSize(sizes, prospect.numParameters);
  return nearest === undefined ? '–' : `about ${nearest.numLayers}x${nearest.width}`;
}

/** What the choice of size and tokens costs against the best, in a sentence. */
export function deadweightSentence({ deadweight, chosen, optimum }: Prospects): string {
  if (deadweight < 0.01) return 'By the law no other size would be worth more than a hundredth of the compute.';
  const which =
    chosen.numParameters < optimum.numParameters ? 'a larger model on fewer tokens' : 'a smaller model on more tokens';
  return `By the law ${which} would reach the same with ${percentText(deadweight)} less compute.`;
}

/** Bits per byte over compute: what was measured, the law with its band, and the run. */
export function forecastPlot({ carried, prospects }: NonNullable<ForecastPageSource['law']>): Plot {
  const { record } = carried.ladder;
  const { scale } = carried.choice;
  const { frontier, chosen } = prospects;
  const band = (of: (estimate: Estimate) => readonly [number, number]) =>
    frontier.map(({ flops, bitsPerByte }) => [flops, ...of(bitsPerByte)] as const);
  const points = frontier.map(({ flops, bitsPerByte }) => [flops, bitsPerByte.value] as const);
  const [low, high] = chosen.bitsPerByte.interval80;
  return scatter({
    title: 'Bits per byte over compute',
    description:
      `The law goes from ${frontier[0]?.bitsPerByte.value.toFixed(3)} to ${frontier.at(-1)?.bitsPerByte.value.toFixed(3)} bits per byte; this run is ` +
      `expected at ${chosen.bitsPerByte.value.toFixed(3)}, four times in five between ${low.toFixed(3)} and ${high.toFixed(3)}.`,
    x: { label: 'FLOPs of the training', scale: 'log', format: 'compact' },
    y: { label: 'bits per byte, held-out text', scale: 'log' },
    groups: [
      {
        name: scale === 1 ? `trainings of ${record.name}` : `trainings of ${record.name}, scaled to this text`,
        points: record.points.map(({ flops, bitsPerByte, numLayers, width, numSteps, seed }) => ({
          x: flops,
          y: scale * bitsPerByte,
          label: `${numLayers}x${width}, ${formatCount(numSteps)} steps, seed ${seed}`,
        })),
        tone: 0,
      },
      { name: 'this run', points: [{ x: chosen.flops, y: chosen.bitsPerByte.value }], tone: 1 },
    ],
    lines: [
      { name: 'best by the law, four times in five', points, band: band(({ interval80 }) => interval80), tone: 2 },
    ],
    marks: [{ at: chosen.flops, label: 'this run' }],
  });
}

/** A forecast as one page of HTML that stands alone. */
export function forecastPage(source: ForecastPageSource): string {
  const { plan, forecast, corpus, recipe, law, version } = source;
  const { basis } = forecast;
  const shape = `${formatCompact(plan.numParameters)} parameters (${plan.size.numLayers} layers of width ${plan.size.width})`;
  return page({
    title: `Forecast: ${recipe} on ${corpus}`,
    lead: `What a training of ${shape} on ${formatCompact(plan.numTokens)} tokens will reach and cost, before it runs.`,
    sections: [
      {
        heading: 'Forecast',
        contents: [
          keyFigures(figuresOf(forecast)),
          ...(law === null
            ? [paragraph(forecast.assumptions[0] ?? '')]
            : [
                figure(
                  forecastPlot(law),
                  'Each training at the compute that it took. The band holds the truth four times in five.',
                ),
              ]),
        ],
      },
      ...(law === null
        ? []
        : [
            {
              heading: 'What compute buys',
              contents: [prospectTable(source, law.prospects), paragraph(deadweightSentence(law.prospects))],
            },
          ]),
      {
        heading: 'What it rests on',
        contents: [
          ...(basis === null ? [] : [paragraph(forecastBasisSentence(basis)), lawTable(basis)]),
          ...forecastNotes(forecast)
            // The first stands above already: the law, or why there is none.
            .slice(1)
            .map((text) => paragraph(text)),
          details('The plan', ...[...plan.reasons, ...plan.warnings].map((text) => paragraph(text))),
        ],
      },
    ],
    footer: `Made by Groundwork ${version}.`,
  });
}

function figuresOf(forecast: Forecast): readonly KeyFigure[] {
  const keyFigure = (label: string, quantity: ForecastQuantity, estimate: Estimate, value: string): KeyFigure => ({
    label,
    value,
    note: `four times in five ${rangeText(quantity, estimate.interval80, 3)}`,
  });
  const { bitsPerByte, durationMs, peakMemoryBytes } = forecast;
  return [
    ...(bitsPerByte === null
      ? []
      : [keyFigure('bits per byte', 'bitsPerByte', bitsPerByte, bitsPerByte.value.toFixed(3))]),
    keyFigure('time', 'durationMs', durationMs, durationText(durationMs.value)),
    keyFigure('memory', 'peakMemoryBytes', peakMemoryBytes, quantityText('peakMemoryBytes', peakMemoryBytes.value)),
  ];
}

function prospectTable({ plan, sizes }: ForecastPageSource, prospects: Prospects): Markup {
  return table({
    caption: 'The chosen run beside the best that the same compute buys, and more of it',
    columns: [
      { heading: 'What' },
      { heading: 'Layers x width' },
      { heading: 'Parameters', kind: 'number' },
      { heading: 'Tokens', kind: 'number' },
      { heading: 'A parameter', kind: 'number' },
      { heading: 'Text read', kind: 'number' },
      { heading: 'Bits per byte', kind: 'number' },
      { heading: 'Four times in five', kind: 'number' },
    ],
    rows: prospectRows(prospects).map(([name, prospect], index) => [
      name,
      sizeName(prospect, plan, sizes, index === 0),
      ...prospectCells(prospect),
    ]),
  });
}

/** Parameters, tokens, tokens a parameter, readings of the text, bits per byte and their interval of 80 %, as text. */
export function prospectCells(prospect: Prospect): string[] {
  const { numParameters, numTokens, tokensPerParameter, epochs, bitsPerByte } = prospect;
  const [low, high] = bitsPerByte.interval80;
  return [
    formatCompact(numParameters),
    formatCompact(numTokens),
    tokensPerParameter.toFixed(tokensPerParameter < 9.95 ? 1 : 0),
    `${epochs.toFixed(epochs < 9.95 ? 1 : 0)} x`,
    bitsPerByte.value.toFixed(3),
    `${low.toFixed(3)} to ${high.toFixed(3)}`,
  ];
}

function lawTable({ law, conventions, scale }: NonNullable<Forecast['basis']>): Markup {
  const number = (value: number) => value.toPrecision(4);
  return table({
    caption:
      'The law, L(N, D) = E + A·N^(−α) + B·D^(−β), in bits per byte, and what it gives under each count of parameters',
    columns: [{ heading: 'What' }, { heading: 'Value', kind: 'number' }],
    rows: [
      ['E', number(law.E)],
      ['A', number(law.A)],
      ['α', number(law.alpha)],
      ['B', number(law.B)],
      ['β', number(law.beta)],
      ...(scale === 1 ? [] : [['scale, for another text', number(scale)]]),
      ...conventions.map(({ convention, bitsPerByte }) => [
        `bits per byte of this run, counting ${conventionTexts[convention]}`,
        bitsPerByte.toFixed(4),
      ]),
    ],
  });
}
