import { GroundworkError, present } from '../../core/index.ts';
import { bigramBaseline, type Dataset } from '../../data/index.ts';
import { type LadderPoint, type LadderRecord, ladderRecordSchema } from '../../theory/index.ts';
import type { LadderState } from './ladder-file.ts';

/** Digits that are kept of a measured number: seeds differ in the fourth. */
const round = (value: number, digits: number): number => Number(value.toPrecision(digits));

/**
 * The record of a ladder: its points and what they were measured under, small enough to keep with the code. Failed points are not in it.
 *
 * @throws `usage` where there is no point yet
 */
export function ladderRecord(state: LadderState, dataset: Dataset): LadderRecord {
  const [first] = state.points;
  if (first === undefined) {
    throw new GroundworkError('usage', `the ladder ${state.name} has no trained point, expected at least one`, {
      hint:
        state.failures.length === 0
          ? 'Let it train first: groundwork ladder'
          : `None of its trainings came to its end, the first since ${state.failures[0]?.reason}. Begin another: --out FOLDER.`,
    });
  }
  const { manifest, validation, train } = dataset;
  return ladderRecordSchema.parse({
    format: 'groundwork-ladder',
    version: 1,
    name: state.name,
    createdAt: state.createdAt,
    corpus: {
      name: manifest.name,
      fingerprint: manifest.fingerprint,
      vocabularySize: manifest.vocabularySize,
      uniqueTokens: train.numTokens,
      validationBytes: validation.numBytes,
      // A model predicts every token but the one that begins a document.
      validationTokens: validation.numTokens - validation.numDocuments,
      numValidationDocuments: validation.numDocuments,
      bigramBitsPerByte: round(present(bigramBaseline(dataset), 'the score of a bigram model'), 6),
    },
    recipe: { name: state.recipe.name, sha256: state.recipe.sha256 },
    environment: state.environment,
    points: [...state.points].map(recordedPoint).sort(byRung),
  });
}

function recordedPoint({ durationMs: _, ...point }: LadderState['points'][number]): LadderPoint {
  return {
    ...point,
    bitsPerByte: round(point.bitsPerByte, 8),
    loss: round(point.loss, 8),
    curve: point.curve.map(([step, sum, value]) => [step, round(sum, 6), round(value, 6)]),
  };
}

const byRung = (a: LadderPoint, b: LadderPoint): number =>
  a.parameters.total - b.parameters.total ||
  a.numTokens - b.numTokens ||
  a.batchTokens - b.batchTokens ||
  a.seed - b.seed;

/** The record as text: one line for each point, so that a change of one shows as such. */
export function ladderRecordText(record: LadderRecord): string {
  const { points, ...rest } = record;
  const head = JSON.stringify(rest, null, 2).replace(/\n\}$/, '');
  return `${head},\n  "points": [\n${points.map((point) => `    ${JSON.stringify(point)}`).join(',\n')}\n  ]\n}\n`;
}

/**
 * Reads the record of a ladder.
 *
 * @param source where the text is from, for messages
 * @throws `invalid-run` for a text that is none
 */
export function parseLadderRecord(text: string, source: string): LadderRecord {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (fault) {
    throw notARecord(source, (fault as Error).message);
  }
  const parsed = ladderRecordSchema.safeParse(value);
  if (parsed.success) return parsed.data;
  const [issue] = parsed.error.issues;
  throw notARecord(source, `${issue?.path.join('.') || 'the whole'}: ${issue?.message}`);
}

const notARecord = (source: string, what: string): GroundworkError =>
  new GroundworkError('invalid-run', `${source} is not the record of a ladder: ${what}`, {
    hint: 'Write it anew: groundwork ladder --record FILE.',
  });
