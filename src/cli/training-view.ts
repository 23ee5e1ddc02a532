import { formatCompact } from '../page/index.ts';
import { brailleChart } from './braille-chart.ts';
import { duration } from './progress-display.ts';
import { fitStyled, type Paint, paintFor, styledWidth } from './styled-text.ts';

/** What is known of a run while it trains. */
export interface TrainingState {
  readonly step: number;
  readonly numSteps: number;
  readonly tokens: number;
  /** Smoothed, in nats per token; undefined before the first step. */
  readonly loss: number | undefined;
  /** Of the last evaluation on held-out text. */
  readonly bitsPerByte: number | undefined;
  /** How many documents it was measured on; undefined for the whole, at the end. */
  readonly numDocuments: number | undefined;
  readonly tokensPerSecond: number | undefined;
  readonly secondsLeft: number | undefined;
  /** `[step, loss]`, thinned out where there are many. */
  readonly losses: readonly (readonly [number, number])[];
  /** What happens now, if it is not training: `evaluating`. */
  readonly activity: string | undefined;
}

export interface ViewSize {
  readonly columns: number;
  readonly rows: number;
  readonly hasColor: boolean;
}

/** The lines of a run that a terminal shows in place: its numbers, its progress, the curve of its loss. */
export function trainingView(state: TrainingState, { columns, rows, hasColor }: ViewSize): string {
  const paint = paintFor(hasColor);
  const width = Math.max(10, columns - 1);
  const chartHeight = rows < 12 || columns < 40 ? 0 : rows < 40 ? 4 : 6;
  return [
    numbersLine(state, width, paint),
    progressLine(state, width, paint),
    ...chartLines(state, { width, height: chartHeight }, paint),
  ]
    .map((line) => fitStyled(line, width))
    .join('\n');
}

/** The same in one line, for a log. */
export function trainingLine(state: TrainingState): string {
  const percent = Math.floor((100 * state.step) / Math.max(1, state.numSteps));
  const { bitsPerByte, numDocuments } = state;
  const secondsLeft = timeLeft(state);
  const measuredOn = numDocuments === undefined ? '' : ` on ${documentsText(numDocuments)}`;
  return [
    `step ${state.step.toLocaleString('en-US')} of ${state.numSteps.toLocaleString('en-US')} (${percent} %)`,
    ...(state.loss === undefined ? [] : [`loss ${state.loss.toFixed(3)}`]),
    ...(bitsPerByte === undefined ? [] : [`${bitsPerByte.toFixed(3)} bits per byte${measuredOn}`]),
    ...(state.tokensPerSecond === undefined ? [] : [rateText(state.tokensPerSecond)]),
    ...(secondsLeft === undefined ? [] : [`${duration(secondsLeft)} left`]),
  ].join('  ');
}

/** Seconds until the end; none after the last step, when what is left is to measure and to save. */
const timeLeft = ({ step, numSteps, secondsLeft }: TrainingState): number | undefined =>
  step >= numSteps ? undefined : secondsLeft;

/** `8 documents`. */
export const documentsText = (count: number): string =>
  `${count.toLocaleString('en-US')} ${count === 1 ? 'document' : 'documents'}`;

const rateText = (tokensPerSecond: number): string =>
  tokensPerSecond < 99_999.5
    ? `${Math.round(tokensPerSecond).toLocaleString('en-US')} tokens/s`
    : `${formatCompact(tokensPerSecond)} tokens/s`;

/** Values with their names, as many as there is room for, the most telling first. */
function numbersLine(state: TrainingState, width: number, paint: Paint): string {
  const value = (number: number | undefined) => (number === undefined ? '–' : number.toFixed(3));
  const { bitsPerByte, numDocuments } = state;
  const measuredOn =
    bitsPerByte === undefined || numDocuments === undefined ? '' : paint('quiet', ` (${documentsText(numDocuments)})`);
  const parts = [
    `${paint('quiet', 'loss')} ${paint('strong', value(state.loss))}`,
    `${paint('quiet', 'bits per byte')} ${paint('good', value(state.bitsPerByte))}${measuredOn}`,
    ...(state.tokensPerSecond === undefined ? [] : [rateText(state.tokensPerSecond)]),
    `step ${state.step.toLocaleString('en-US')} of ${state.numSteps.toLocaleString('en-US')}`,
    `${formatCompact(state.tokens)} tokens`,
  ];
  let line = '';
  for (const part of parts) {
    const longer = line === '' ? part : `${line}   ${part}`;
    if (styledWidth(longer) > width) break;
    line = longer;
  }
  return line;
}

function progressLine(state: TrainingState, width: number, paint: Paint): string {
  const share = Math.min(1, state.step / Math.max(1, state.numSteps));
  const secondsLeft = timeLeft(state);
  const waiting = share < 1 ? 'warming up' : 'ending';
  const left = state.activity ?? (secondsLeft === undefined ? waiting : `${duration(secondsLeft)} left`);
  const note = `${String(Math.floor(100 * share)).padStart(3)} %   ${left}`;
  // Wide enough for any time left, so that the bar keeps its length.
  const length = Math.max(0, Math.min(120, width - Math.max(note.length, 24) - 2));
  const whole = Math.floor(share * length);
  const bar = paint('curve', '━'.repeat(whole)) + paint('quiet', '─'.repeat(length - whole));
  return length < 4 ? note : `${bar}  ${note}`;
}

function chartLines(
  { losses, numSteps }: TrainingState,
  { width, height }: { readonly width: number; readonly height: number },
  paint: Paint,
): string[] {
  if (height === 0) return [];
  const margin = 7;
  // Empty rows hold the place, so that the area keeps its height.
  if (losses.length < 2) return Array.from({ length: height }, () => '');
  const chart = brailleChart(losses, { width: Math.min(200, width - margin - 2), height, end: numSteps });
  return chart.rows.map((row, index) => {
    const label = index === 0 ? chart.top.toFixed(2) : index === height - 1 ? chart.bottom.toFixed(2) : '';
    return `${paint('quiet', `${label.padStart(margin)} │`)}${paint('curve', row.trimEnd())}`;
  });
}
