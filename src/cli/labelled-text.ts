import { wrapText } from '../data/index.ts';
import type { Terminal } from './command-line.ts';

/** A sentence behind its label, broken where the window ends. */
export function labelled(label: string, sentence: string, terminal: Pick<Terminal, 'columns'>): string {
  const width = Math.min(120, (terminal.columns?.() ?? 80) - 1);
  return wrapText(sentence, width, label.length)
    .map((line, index) => (index === 0 ? label + line.trimStart() : line))
    .join('\n');
}

/** Sentences behind one label, each on lines of its own. */
export function labelledList(label: string, sentences: readonly string[], terminal: Pick<Terminal, 'columns'>): string {
  return sentences
    .map((sentence, index) => labelled(index === 0 ? label : ' '.repeat(label.length), sentence, terminal))
    .join('\n');
}
