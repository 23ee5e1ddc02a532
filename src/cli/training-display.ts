import { type Clock, systemClock } from '../core/index.ts';
import { cellWidth, wrapText } from '../data/index.ts';
import { formatCount } from '../page/index.ts';
import { visibleText } from '../tokenizer/index.ts';
import type { RunEvent, RunProgress } from '../training/index.ts';
import type { Terminal } from './command-line.ts';
import { duration } from './progress-display.ts';
import { paintFor } from './styled-text.ts';
import { documentsText, type TrainingState, trainingLine, trainingView } from './training-view.ts';

/** Time between two drawings of the live area. */
const refreshMs = 100;
/** Time between two lines where nobody watches. */
const lineMs = 10_000;
/** Points that are kept for the curve; when there are more, every second one goes. */
const maxPoints = 2048;
/** Lines of a sample that are shown on the way. */
const maxSampleLines = 4;

/** Shows a run while it trains. Where somebody watches, as a live area; else as a line now and then. */
export interface TrainingDisplay {
  onEvent(event: RunEvent): void;
  onProgress(progress: RunProgress): void;
  /** Takes the live area away. */
  close(): void;
}

const activities: { readonly [activity in RunProgress['activity']]: string | undefined } = {
  loading: 'loading',
  training: undefined,
  evaluating: 'evaluating',
  sampling: 'writing a sample',
  saving: 'saving',
};

/**
 * Makes the display of a run.
 *
 * @param numSteps of the whole run, as planned
 * @param warnings that the person has seen already
 */
export function trainingDisplay(
  terminal: Terminal,
  { numSteps, warnings = [] }: { readonly numSteps: number; readonly warnings?: readonly string[] },
  clock: Clock = systemClock,
): TrainingDisplay {
  const known = new Set(warnings);
  const hasColor = terminal.hasLiveColor === true;
  const columns = () => terminal.columns?.() ?? 80;
  const paint = paintFor(hasColor && terminal.live !== undefined);
  const curve = new LossCurve();
  const rate = new RecentRate();
  let shownMs = Number.NEGATIVE_INFINITY;
  let state: TrainingState = {
    step: 0,
    numSteps,
    tokens: 0,
    loss: undefined,
    bitsPerByte: undefined,
    numDocuments: undefined,
    tokensPerSecond: undefined,
    secondsLeft: undefined,
    losses: [],
    activity: 'loading',
  };

  const show = (isDue: boolean) => {
    const now = clock.monotonicMs();
    if (!isDue && now - shownMs < (terminal.live ? refreshMs : lineMs)) return;
    if (terminal.live) {
      const size = { columns: columns(), rows: terminal.rows?.() ?? 24, hasColor };
      terminal.live(trainingView({ ...state, losses: curve.points }, size));
    } else {
      if (state.step === 0) return;
      terminal.error(trainingLine(state));
    }
    shownMs = now;
  };

  const note = (text: string) => terminal.error(text);
  /** A sentence, broken where the window ends. */
  const tell = (sentence: string) => note(wrapText(sentence, Math.min(columns() - 1, 120)).join('\n'));

  return {
    onProgress({ activity, step, numSteps: total, remainingMs }) {
      const before = state.activity;
      state = {
        ...state,
        step,
        numSteps: total,
        secondsLeft: remainingMs === undefined ? undefined : remainingMs / 1000,
        activity: activities[activity],
      };
      show(terminal.live !== undefined && state.activity !== before);
    },
    onEvent(event) {
      switch (event.type) {
        case 'step': {
          const { step, loss, tokens, durationMs } = event;
          rate.add(tokens, durationMs);
          if (Number.isFinite(loss)) curve.add(step, loss);
          state = { ...state, step, tokens, loss: curve.recent, tokensPerSecond: rate.perSecond };
          // A first line soon, so that one can see that it works.
          show(!terminal.live && shownMs === Number.NEGATIVE_INFINITY);
          break;
        }
        case 'evaluation': {
          state = {
            ...state,
            bitsPerByte: event.bitsPerByte,
            numDocuments: event.isFinal ? undefined : event.numDocuments,
          };
          const at = paint('quiet', `step ${formatCount(event.step)}:`);
          const where = event.isFinal ? 'held-out text' : `${documentsText(event.numDocuments)} of held-out text`;
          note(`${at} ${paint('good', event.bitsPerByte.toFixed(4))} bits per byte on ${where}`);
          break;
        }
        case 'sample':
          // The last ones are told by the command.
          if (event.step < state.numSteps)
            note(sampleLines(event, Math.min(columns() - 1, 120), terminal.live !== undefined).join('\n'));
          break;
        case 'resumed':
          note(`goes on from step ${formatCount(event.step)}`);
          break;
        case 'rescheduled':
          state = { ...state, numSteps: event.numSteps };
          tell(`now ${formatCount(event.numSteps)} steps: ${event.reason}`);
          break;
        case 'warning':
          if (!known.has(event.message)) tell(`note: ${event.message}`);
          break;
        default:
          // What began, was saved or ended is told by the command.
          break;
      }
    },
    close: () => terminal.live?.(''),
  };
}

/** A sample as it may be shown: its beginning, no wider than the terminal, with nothing that would move its cursor. */
export function sampleLines(
  { prompt, text }: { readonly prompt: string; readonly text: string },
  width: number,
  isShort: boolean,
): string[] {
  const whole = visibleText(prompt + text, { marks: false });
  const lines = whole.split('\n').flatMap((line) => (line.trim() === '' ? [] : wrapText(line, width, 2)));
  if (!isShort || lines.length <= maxSampleLines) return lines;
  const last = lines[maxSampleLines - 1] ?? '';
  const cut = cellWidth(last) < width ? `${last}…` : `${last.slice(0, -1)}…`;
  return [...lines.slice(0, maxSampleLines - 1), cut];
}

export interface RunPace {
  readonly numTokens: number;
  /** Time in steps: what tokens a second are told by, here as while the run trained. */
  readonly trainingMs: number;
  /** With loading, evaluations, samples and checkpoints. */
  readonly totalMs: number;
}

/** The time a run took, and its tokens a second, for the line at the end: `50 s of training (34,000 tokens/s), 60 s in all`. */
export function paceText({ numTokens, trainingMs, totalMs }: RunPace): string {
  const seconds = trainingMs / 1000;
  const perSecond = seconds > 0 ? ` (${Math.round(numTokens / seconds).toLocaleString('en-US')} tokens/s)` : '';
  return `${duration(seconds)} of training${perSecond}, ${duration(totalMs / 1000)} in all`;
}

/** Losses of the steps, thinned out evenly, and their mean over the last ones. */
class LossCurve {
  readonly #points: (readonly [number, number])[] = [];
  #stride = 1;
  /** Σ 0.9ⁱ · loss and Σ 0.9ⁱ over the steps, i back from the last: their ratio is a mean of about the last ten. */
  #sum = 0;
  #weight = 0;

  add(step: number, loss: number): void {
    this.#sum = 0.9 * this.#sum + loss;
    this.#weight = 0.9 * this.#weight + 1;
    if (step % this.#stride !== 0) return;
    this.#points.push([step, loss]);
    if (this.#points.length <= maxPoints) return;
    this.#stride *= 2;
    const kept = this.#points.filter(([at]) => at % this.#stride === 0);
    this.#points.splice(0, this.#points.length, ...kept);
  }

  get points(): readonly (readonly [number, number])[] {
    return this.#points;
  }

  get recent(): number | undefined {
    return this.#weight === 0 ? undefined : this.#sum / this.#weight;
  }
}

/** Tokens a second over the last steps. */
class RecentRate {
  #tokensBefore: number | undefined;
  #tokens = 0;
  #durationMs = 0;

  /** @param tokens of the run so far */
  add(tokens: number, durationMs: number): void {
    // Old steps fade: each counts for 5 % less than the one after it.
    if (this.#tokensBefore !== undefined) {
      this.#tokens = this.#tokens * 0.95 + (tokens - this.#tokensBefore);
      this.#durationMs = this.#durationMs * 0.95 + durationMs;
    }
    this.#tokensBefore = tokens;
  }

  get perSecond(): number | undefined {
    return this.#durationMs > 0 ? (1000 * this.#tokens) / this.#durationMs : undefined;
  }
}
