import { GroundworkError } from '../../core/index.ts';
import type { EvaluationTexts } from '../deduplication/contamination-index.ts';
import { readCorpus } from '../readers/corpus-reader.ts';
import { applyFaultPolicy } from '../readers/fault-policy.ts';

/**
 * Reads the texts of an evaluation: every line of a text file, and every text in every record of a JSON file, wherever in the
 * record it stands (question, choices, answer).
 *
 * @param name what the evaluation is called in reports
 * @throws `invalid-document` for a line that cannot be read: an evaluation is not judged by halves
 */
export async function readEvaluationTexts(name: string, path: string): Promise<EvaluationTexts> {
  const texts: string[] = [];
  const decoder = new TextDecoder('utf-8', { fatal: true });
  for await (const { records, faults } of readCorpus([path], { documents: 'line' })) {
    for (const fault of faults) applyFaultPolicy(fault, 'stop');
    for (const { source, line, byteOffset, format, bytes } of records) {
      try {
        const text = decoder.decode(bytes);
        texts.push(...(format === 'json' ? textsIn(JSON.parse(text)) : [text]));
      } catch (cause) {
        const message = `expected UTF-8${format === 'json' ? ' and JSON' : ''}, found ${(cause as Error).message}`;
        const kind = cause instanceof SyntaxError ? 'invalid-json' : 'invalid-utf8';
        applyFaultPolicy({ source, line, byteOffset, kind, message }, 'stop');
      }
    }
  }
  if (texts.length > 0) return { name, texts };
  throw new GroundworkError('empty-corpus', `the evaluation ${name} has no text in ${path}`, {
    hint: 'Check the file.',
  });
}

function textsIn(value: unknown): string[] {
  if (typeof value === 'string') return [value];
  return typeof value === 'object' && value !== null ? Object.values(value).flatMap(textsIn) : [];
}
