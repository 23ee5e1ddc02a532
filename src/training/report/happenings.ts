import { formatBytes, formatCount, type Markup, paragraph, table } from '../../page/index.ts';
import type { RunEvent } from '../run/events.ts';

/** What is told of a run beside its curves: when it went on, was changed, skipped a step, was warned or ended. */
interface Happening {
  readonly step: number;
  readonly what: string;
  readonly detail: string;
}

/** So many happenings of one kind are listed one by one. */
const maxListed = 20;

/** Steps in a row that were skipped are one happening. */
export function happeningsOf(events: readonly RunEvent[]): readonly Happening[] {
  const found: Happening[] = [];
  let step = 0;
  let skipped: Skips | undefined;
  const closeSkips = () => {
    if (skipped !== undefined) found.push(happeningOf(skipped));
    skipped = undefined;
  };
  for (const event of events) {
    if ('step' in event) step = event.step;
    if (event.type === 'step' && !event.isApplied) {
      if (skipped !== undefined && skipped.last + 1 === step) skipped = { ...skipped, last: step };
      else {
        closeSkips();
        skipped = { first: step, last: step, event };
      }
      continue;
    }
    // What the log warns of each skipped step is in the happening of the skips.
    if (event.type === 'warning' && skipped?.last === step && event.message.startsWith(`step ${step} was skipped`))
      continue;
    if (event.type === 'step') closeSkips();
    const happening = describe(event);
    if (happening === undefined) continue;
    closeSkips();
    found.push({ step, ...happening });
  }
  closeSkips();
  return found;
}

interface Skips {
  readonly first: number;
  readonly last: number;
  /** Of the first of them. */
  readonly event: Extract<RunEvent, { type: 'step' }>;
}

function happeningOf({ first, last, event }: Skips): Happening {
  const numbers = `loss ${event.loss}, gradient norm ${event.gradientNorm}`;
  const detail =
    first === last
      ? `${numbers}: nothing was learned`
      : `steps ${formatCount(first)} to ${formatCount(last)}, the first with ${numbers}: nothing was learned`;
  return { step: last, what: 'skipped', detail };
}

/** The first of each kind; in place of the others of that kind, how many there are. */
function listedOf(happenings: readonly Happening[]): readonly Happening[] {
  const numOfKind = new Map<string, number>();
  for (const { what } of happenings) numOfKind.set(what, (numOfKind.get(what) ?? 0) + 1);
  const numListed = new Map<string, number>();
  return happenings.flatMap((happening) => {
    const { what } = happening;
    const number = (numListed.get(what) ?? 0) + 1;
    numListed.set(what, number);
    if (number <= maxListed) return [happening];
    const left = (numOfKind.get(what) ?? 0) - maxListed;
    return number > maxListed + 1
      ? []
      : [{ ...happening, detail: `${formatCount(left)} more of this kind from here on` }];
  });
}

function describe(event: RunEvent): Omit<Happening, 'step'> | undefined {
  switch (event.type) {
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
    case 'step':
    case 'evaluation':
    case 'sample':
    case 'checkpoint':
      return undefined;
  }
}

/** The course of a run as a table, its checkpoints in a sentence. */
export function happeningsSection(events: readonly RunEvent[]): Markup[] {
  const happenings = happeningsOf(events);
  const skipped = events.filter((event) => event.type === 'step' && !event.isApplied);
  const listed = listedOf(happenings);
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
