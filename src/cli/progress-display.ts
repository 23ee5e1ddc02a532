import { type Clock, systemClock } from '../core/index.ts';
import type { BuildProgress } from '../data/index.ts';
import type { Terminal } from './command-line.ts';

const stageNames: { readonly [stage in BuildProgress['stage']]: string } = {
  clean: 'reading and cleaning',
  duplicates: 'looking for duplicates',
  survey: 'reading the training text',
  tokenizer: 'training the tokenizer',
  tokenize: 'tokenizing',
  publish: 'writing the manifest',
};

/** Time between two states of the live line. */
const refreshMs = 100;

/**
 * Shows how far a build is: where somebody watches, one live line with share, rate and time left; else a line when a stage
 * begins.
 */
export function progressDisplay(terminal: Terminal, clock: Clock = systemClock): (progress: BuildProgress) => void {
  let stage: string | undefined;
  let startMs = 0;
  let shownMs = Number.NEGATIVE_INFINITY;
  return (progress) => {
    const now = clock.monotonicMs();
    if (progress.stage !== stage) {
      stage = progress.stage;
      startMs = now;
      shownMs = Number.NEGATIVE_INFINITY;
      if (!terminal.live) terminal.error(stageNames[progress.stage]);
    }
    if (terminal.live && now - shownMs >= refreshMs) {
      shownMs = now;
      terminal.live(progressLine(progress, (now - startMs) / 1000));
    }
  };
}

/** One line about a stage that has been running for so many seconds. */
export function progressLine({ stage, done, total, unit, resumed }: BuildProgress, seconds: number): string {
  const rate = seconds > 0 ? (done - resumed) / seconds : 0;
  const parts = [stageNames[stage]];
  if (total !== undefined && total > 0) parts.push(`${Math.min(100, Math.floor((100 * done) / total))} %`);
  if (unit === 'bytes') {
    parts.push(`${(done / 1e6).toFixed(1)} MB`);
    if (rate > 0) parts.push(`${(rate / 1e6).toFixed(1)} MB/s`);
  } else if (total !== undefined) {
    parts.push(`${done} of ${total} ${unit}`);
  }
  if (total !== undefined && rate > 0 && seconds > 1) parts.push(`${duration((total - done) / rate)} left`);
  if (resumed > 0) parts.push('(resumed)');
  return parts.join('  ');
}

/** `12 s`, `3 min 05 s`, `2 h 10 min`. */
export function duration(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds));
  const two = (value: number) => String(value).padStart(2, '0');
  if (whole < 60) return `${whole} s`;
  if (whole < 3600) return `${Math.floor(whole / 60)} min ${two(whole % 60)} s`;
  return `${Math.floor(whole / 3600)} h ${two(Math.floor((whole % 3600) / 60))} min`;
}
