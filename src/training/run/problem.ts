import { GroundworkError } from '../../core/index.ts';
import { resolveInside } from '../../core/node.ts';

/** What is wrong with one file of a run. */
export interface RunProblem {
  /** Path inside the run's folder, such as `checkpoints/step-00000100/model.safetensors`. */
  readonly file: string;
  readonly expected: string;
  readonly found: string;
}

/** A problem as a clause: `run.json: found X, expected Y`. */
export function problemText({ file, expected, found }: RunProblem): string {
  return `${file}: found ${found}, expected ${expected}`;
}

/** What is wrong with where a file of a run lies: nothing outside of the folder is read. */
export function linkProblem(folder: string, file: string): RunProblem | undefined {
  try {
    resolveInside(folder, file);
    return undefined;
  } catch (error) {
    if (!(error instanceof GroundworkError)) throw error;
    return { file, expected: 'a file inside the run', found: error.message };
  }
}

/**
 * Refuses to write where a link leads out of the run.
 *
 * @throws `unsafe-path`
 */
export function refuseLink(folder: string, file: string): void {
  const problem = linkProblem(folder, file);
  if (problem === undefined) return;
  throw new GroundworkError('unsafe-path', `${folder}/${file} is not inside the run: ${problem.found}`, {
    hint: 'Nothing was read or written there. A run lies in one folder: link or move the whole of it to another disk, not a part.',
  });
}

/** What `read` finds wrong with a file; that it cannot be read at all is also a problem of the file. */
export function problemsOfReading(file: string, read: () => readonly RunProblem[]): readonly RunProblem[] {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof GroundworkError)) throw error;
    return [{ file, expected: 'a file that can be read', found: error.message }];
  }
}

/** A value as it is quoted in a message. */
export function shown(value: unknown): string {
  const text = value === undefined ? 'nothing' : JSON.stringify(value);
  return text.length > 80 ? `${text.slice(0, 80)}…` : text;
}
