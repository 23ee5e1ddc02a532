import { formatBytes, formatCount, type Markup, paragraph, table } from '../../page/index.ts';
import type { RunEvent } from '../run/events.ts';

/** What is told of a run beside its curves: when it went on, was changed, skipped a step, was warned or ended. */
interface Happening {
  readonly step: number;
  readonly what: string;
  readonly detail: string;
}

/** So many happenings of one kind are listed one by one. */
const maxListed = 50;

export function happeningsOf(events: readonly RunEvent[]): readonly Happening[] {
  const found: Happening[] = [];
  let step = 0;
  for (const event of events) {
    if ('step' in event) step = event.step;
    const happening = describe(event);
    if (happening !== undefined) found.push({ step, ...happening });
  }
  return found;
}

function describe(event: RunEvent): Omit<Happening, 'step'> | undefined {
  switch (event.type) {
    case 'step':
      if (event.isApplied) return undefined;
      return {
        what: 'skipped',
        detail: `loss ${event.loss}, gradient norm ${event.gradientNorm}: nothing was learned`,
      };
    case 'started':
      return { what: 'started', detail: '' };
    case 'resumed':
      return { what: 'resumed', detail: `went on after the checkpoint of step ${formatCount(event.step)}` };
    case 'rescheduled':
      return { what: 'rescheduled', detail: `to ${formatCount(event.numSteps)} steps: ${event.reason}` };
    case 'warning':
      return { what: 'note', detail: event.message };
    case 'stopped':
      return { what: 'stopped', detail: `by ${event.signal}` };
    case 'failed':
      return { what: 'failed', detail: `${event.code}: ${event.message}` };
    case 'finished':
      return { what: 'finished', detail: '' };
    case 'evaluation':
    case 'sample':
    case 'checkpoint':
      return undefined;
  }
}

/** The course of a run as a table, its checkpoints in a sentence. */
export function happeningsSection(events: readonly RunEvent[]): Markup[] {
  const happenings = happeningsOf(events);
  const skipped = happenings.filter(({ what }) => what === 'skipped');
  const listed = happenings.filter(({ what }, index) => what !== 'skipped' || index < maxListed);
  const checkpoints = events.filter((event) => event.type === 'checkpoint');
  const last = checkpoints.at(-1);
  const sentences = [
    last === undefined
      ? 'No checkpoint was saved.'
      : `${checkpoints.length === 1 ? 'One checkpoint was' : `${formatCount(checkpoints.length)} checkpoints were`} saved, the last ` +
        `at step ${formatCount(last.step)} (${formatBytes(last.sizeBytes)}).`,
    skipped.length === 0
      ? 'Every step was applied.'
      : `${formatCount(skipped.length)} ${skipped.length === 1 ? 'step was' : 'steps were'} skipped, since loss or gradient was not finite.`,
  ];
  return [
    paragraph(sentences.join(' ')),
    ...(listed.length === 0
      ? []
      : [
          table({
            caption: 'The course of the run',
            columns: [
              { heading: 'After step', kind: 'number' },
              { heading: 'What' },
              { heading: 'Details', kind: 'wide' },
            ],
            rows: listed.map(({ step, what, detail }) => [formatCount(step), what, detail]),
          }),
        ]),
  ];
}
