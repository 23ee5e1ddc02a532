import type { RunEvent } from './run/events.ts';

/** The time that a run has spent in training steps, over all resumes: what the speed of its training is told from. */
export function trainingTimeMs(events: readonly RunEvent[]): number {
  return events.reduce((sum, event) => (event.type === 'step' ? sum + event.durationMs : sum), 0);
}
