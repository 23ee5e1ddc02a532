import { z } from 'zod';
import { GroundworkError, type JsonValue } from '../../core/index.ts';

const text = z.string();
const answers = z.array(z.string().min(1)).min(2);
const gold = z.int().min(0);

/** Extra fields, such as an id or a category, are allowed and passed over. */
const multipleChoiceSchema = z
  .object({ query: text.optional(), context: text.optional(), choices: answers, gold })
  .refine(({ query, context }) => (query === undefined) !== (context === undefined), {
    message: 'expected either query or context',
    path: ['query'],
  })
  .refine(({ choices, gold }) => gold < choices.length, {
    message: 'expected the place of a choice, from 0',
    path: ['gold'],
  })
  .transform(({ query, context, choices, gold }) => ({
    style: 'multiple_choice' as const,
    query: query ?? context ?? '',
    choices,
    gold,
  }));

const schemaSchema = z
  .object({ context_options: answers, continuation: z.string().min(1), gold })
  .refine(({ context_options, gold }) => gold < context_options.length, {
    message: 'expected the place of a context, from 0',
    path: ['gold'],
  })
  .transform(({ context_options, continuation, gold }) => ({
    style: 'schema' as const,
    contexts: context_options,
    continuation,
    gold,
  }));

const languageModelingSchema = z
  .object({ context: text, continuation: z.string().min(1) })
  .transform(({ context, continuation }) => ({ style: 'language_modeling' as const, context, continuation }));

/**
 * One question, in a style of CORE (Li et al. 2024, "DataComp-LM"): `multiple_choice` asks which of several endings goes with a text,
 * `schema` which of several beginnings goes with an ending, `language_modeling` whether the model says exactly this ending.
 */
export type ChoiceItem =
  | z.infer<typeof multipleChoiceSchema>
  | z.infer<typeof schemaSchema>
  | z.infer<typeof languageModelingSchema>;

export type ChoiceStyle = ChoiceItem['style'];

/**
 * Reads tasks: a JSON object on each line, all of one style. `{query, choices, gold}` (or `context` for `query`) is multiple choice,
 * `{context_options, continuation, gold}` a schema, `{context, continuation}` language modeling; `gold` counts from 0. Blank lines are
 * passed over.
 *
 * @param bytes the file
 * @param file its name, for messages
 * @throws GroundworkError `invalid-tasks` with file and line
 */
export function readChoiceItems(bytes: Uint8Array, file: string): ChoiceItem[] {
  const items: ChoiceItem[] = [];
  linesOf(bytes, file).forEach((line, i) => {
    if (line.trim() === '') return;
    const item = readItem(line, `${file}, line ${i + 1}`);
    const style = items[0]?.style ?? item.style;
    if (item.style !== style) {
      throw invalid(`${file}, line ${i + 1}: found ${item.style}, expected ${style} as on the lines before`);
    }
    items.push(item);
  });
  if (items.length === 0) throw invalid(`${file}: found no task, expected one on each line`);
  return items;
}

function linesOf(bytes: Uint8Array, file: string): string[] {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(bytes).split('\n');
  } catch (cause) {
    if (!(cause instanceof TypeError)) throw cause;
    let line = 1;
    const lenient = new TextDecoder();
    // The line is looked for only now: a fatal decoder does not say where it stopped.
    for (const rest of lenient.decode(bytes).split('\n')) {
      if (rest.includes('\uFFFD')) break;
      line += 1;
    }
    throw invalid(`${file}, line ${line}: found bytes that are not UTF-8`);
  }
}

function readItem(line: string, place: string): ChoiceItem {
  let value: JsonValue;
  try {
    value = JSON.parse(line) as JsonValue;
  } catch (fault) {
    throw invalid(`${place}: found no JSON (${(fault as Error).message})`);
  }
  if (typeof value !== 'object' || value === null || Array.isArray(value)) {
    throw invalid(`${place}: found ${Array.isArray(value) ? 'a list' : JSON.stringify(value)}, expected a JSON object`);
  }
  const schema = schemaFor(Object.keys(value));
  if (schema === undefined) {
    throw invalid(
      `${place}: found the fields ${Object.keys(value).join(', ') || '(none)'}, expected query, choices and gold; ` +
        'context_options, continuation and gold; or context and continuation',
    );
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw invalid(`${place}: field ${issue?.path.join('.') || '(all)'}: ${issue?.message}`);
}

function schemaFor(fields: readonly string[]) {
  if (fields.includes('choices')) return multipleChoiceSchema;
  if (fields.includes('context_options')) return schemaSchema;
  if (fields.includes('continuation')) return languageModelingSchema;
  return undefined;
}

function invalid(message: string): GroundworkError {
  return new GroundworkError('invalid-tasks', message, {
    hint: 'Mend the file; docs/evaluation.md shows a line of each style.',
  });
}
