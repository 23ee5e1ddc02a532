import {
  type Forecast,
  forecastBasisSentence,
  forecastSentence,
  judgementSentence,
  type Verdict,
} from '../theory/index.ts';
import type { Terminal } from './command-line.ts';
import { labelled, labelledList } from './labelled-text.ts';
import type { Paint } from './styled-text.ts';

/** A forecast before a run: what is expected, by which law, and in what the run differs from what that was measured under. */
export function forecastText(forecast: Forecast, terminal: Pick<Terminal, 'columns'>, paint: Paint): string {
  const { basis, assumptions, bitsPerByte } = forecast;
  const sentence = forecastSentence(forecast);
  return [
    paint('strong', labelled('forecast: ', sentence, terminal)),
    ...(basis === null
      ? // Why there is no law comes first among what was taken for granted.
        assumptions.slice(0, bitsPerByte === null ? 1 : 0).map((text) => labelled('          ', text, terminal))
      : [
          labelledList(
            '          ',
            [forecastBasisSentence(basis), ...basis.differences.map(({ text }) => text)],
            terminal,
          ),
        ]),
  ].join('\n');
}

/**
 * A verdict after a run, and why a forecast failed.
 *
 * @param label with the room behind it, such as `verdict:    `
 */
export function verdictText(
  { judgements, diagnosis }: Verdict,
  label: string,
  terminal: Pick<Terminal, 'columns'>,
  paint: Paint,
): string {
  const rest = ' '.repeat(label.length);
  if (judgements.length === 0)
    return labelled(label, 'nothing was foretold that could be held against the run', terminal);
  return judgements
    .flatMap((judgement, index) => {
      const style = judgement.outcome === 'failed' ? 'warning' : 'good';
      const reasons = diagnosis.filter(({ quantity }) => quantity === judgement.quantity).map(({ text }) => text);
      return [
        paint(style, labelled(index === 0 ? label : rest, judgementSentence(judgement), terminal)),
        ...(reasons.length === 0 ? [] : [labelledList(`${rest}  `, reasons, terminal)]),
      ];
    })
    .join('\n');
}
