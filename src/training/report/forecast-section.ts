import {
  details,
  figure,
  formatCount,
  type Markup,
  paragraph,
  type Section,
  scatter,
  strong,
  table,
} from '../../page/index.ts';
import {
  digitsOf,
  type Estimate,
  type Forecast,
  type ForecastQuantity,
  forecastNotes,
  forecastSentence,
  percentText,
  quantityText,
  type Verdict,
} from '../../theory/index.ts';
import type { EvaluationEvent } from './progress-plots.ts';

/** What was foretold of a run and how it came, as far as there are records of it. */
export interface ForecastRecords {
  readonly forecast?: Forecast | undefined;
  /** Of a finished run. */
  readonly verdict?: Verdict | undefined;
  /** What is wrong with the files, a sentence each. */
  readonly problems: readonly string[];
}

const quantityNames: { readonly [quantity in ForecastQuantity]: string } = {
  bitsPerByte: 'bits per byte',
  durationMs: 'time',
  peakMemoryBytes: 'memory',
};
const outcomeNames = {
  'within-80': 'as foretold',
  'within-95': 'nearly as foretold',
  failed: 'not as foretold',
} as const;

/** The section of a report on the forecast and its verdict; none for a run of before there were forecasts. */
export function forecastSection(
  { forecast, verdict, problems }: ForecastRecords,
  evaluations: readonly EvaluationEvent[],
): readonly Section[] {
  if (forecast === undefined && problems.length === 0) return [];
  return [
    {
      heading: 'Forecast and verdict',
      contents: [
        ...problems.map((problem) =>
          paragraph(strong(verdict === undefined ? 'There is no verdict: ' : 'Not to be relied on: '), problem),
        ),
        ...(forecast === undefined
          ? []
          : [paragraph(`Before the first step: ${forecastSentence(forecast)}.`), judgementTable(forecast, verdict)]),
        ...diagnosisText(verdict),
        ...(forecast === undefined ? [] : curvePlot(forecast, evaluations)),
        ...(forecast === undefined
          ? []
          : [details('What the forecast rests on', ...forecastNotes(forecast).map((text) => paragraph(text)))]),
      ],
    },
  ];
}

function judgementTable({ bitsPerByte, durationMs, peakMemoryBytes }: Forecast, verdict: Verdict | undefined): Markup {
  const rows = (
    [
      ['bitsPerByte', bitsPerByte],
      ['durationMs', durationMs],
      ['peakMemoryBytes', peakMemoryBytes],
    ] as const
  ).flatMap(([quantity, estimate]) => (estimate === null ? [] : [rowOf(quantity, estimate, verdict)]));
  return table({
    caption: verdict === undefined ? 'What was foretold' : 'What was foretold, and what came',
    columns: [
      { heading: 'Quantity' },
      { heading: 'Foretold', kind: 'number' },
      { heading: 'Four times in five', kind: 'number' },
      { heading: 'Nineteen times in twenty', kind: 'number' },
      ...(verdict === undefined
        ? []
        : [
            { heading: 'Came', kind: 'number' as const },
            { heading: 'Off by', kind: 'number' as const },
            { heading: 'Verdict' },
          ]),
    ],
    rows,
  });
}

function rowOf(quantity: ForecastQuantity, estimate: Estimate, verdict: Verdict | undefined): readonly Markup[] {
  const digits = quantity === 'bitsPerByte' ? digitsOf(estimate) + 1 : 0;
  const write = (value: number, places = digits) => quantityText(quantity, value, places).replace(' bits per byte', '');
  const range = ([low, high]: readonly [number, number]) => `${write(low)} to ${write(high)}`;
  const judgement = verdict?.judgements.find((one) => one.quantity === quantity);
  return [
    quantityNames[quantity],
    write(estimate.value),
    range(estimate.interval80),
    range(estimate.interval95),
    ...(verdict === undefined
      ? []
      : judgement === undefined
        ? ['–', '–', 'not judged']
        : [
            write(judgement.actual, 4),
            `${percentText(judgement.relativeError)} ${judgement.relativeError < 0 ? 'below' : 'above'}`,
            outcomeNames[judgement.outcome],
          ]),
  ];
}

function diagnosisText(verdict: Verdict | undefined): Markup[] {
  if (verdict === undefined) return [];
  const failed = verdict.judgements.filter(({ outcome }) => outcome === 'failed');
  return failed.map(({ quantity }) => {
    const reasons = verdict.diagnosis.filter((one) => one.quantity === quantity).map(({ text }) => text);
    return paragraph(
      strong(`Why ${quantityNames[quantity]} came otherwise, most likely cause first: `),
      reasons.join(' '),
    );
  });
}

const documentsText = (count: number): string => `${formatCount(count)} ${count === 1 ? 'document' : 'documents'}`;

/** Evaluations over the band in which they were expected. */
function curvePlot({ curve, subject }: Forecast, evaluations: readonly EvaluationEvent[]): Markup[] {
  if (curve.length < 2) return [];
  const points = curve.map(({ step, bitsPerByte }) => [step * subject.batchTokens, bitsPerByte.value] as const);
  const band = curve.map(({ step, bitsPerByte }) => [step * subject.batchTokens, ...bitsPerByte.interval80] as const);
  const shown = evaluations.filter(({ step, bitsPerByte }) => step > 0 && Number.isFinite(bitsPerByte));
  const of = (isFinal: boolean) => shown.filter((event) => event.isFinal === isFinal);
  const groups = [
    { name: 'on the way', events: of(false), tone: 0 },
    { name: 'at the end', events: of(true), tone: 1 },
  ]
    .filter(({ events }) => events.length > 0)
    .map(({ name, events, tone }) => ({
      name: `${name}, ${documentsText(events[0]?.numDocuments ?? 0)}`,
      points: events.map(({ tokens, bitsPerByte }) => ({ x: tokens, y: bitsPerByte })),
      tone,
    }));
  const [first, last] = [points[0]?.[1] ?? 0, points.at(-1)?.[1] ?? 0];
  return [
    figure(
      scatter({
        title: 'Bits per byte as foretold and as they came',
        description: `The forecast goes from ${first.toFixed(3)} to ${last.toFixed(3)} bits per byte.`,
        x: { label: 'tokens trained on', format: 'compact', atLeast: [0, 0] },
        y: { label: 'bits per byte, held-out text' },
        groups,
        lines: [{ name: 'forecast, four times in five', points, band, tone: 'quiet' }],
      }),
      'The band was written before the first step. Fewer documents than all, as on the way, may lie beside it by chance.',
    ),
  ];
}
