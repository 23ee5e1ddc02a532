import { GroundworkError } from '../core/index.ts';
import { failRecipe } from './model-check.ts';

/** Runs code of a recipe. What it throws is the recipe's fault, and a GroundworkError says so already. */
export function blaming<T>(failure: string, body: () => T): T {
  try {
    return body();
  } catch (cause) {
    if (isFaultOfRecipe(cause)) throw cause;
    const place = placeOf(cause);
    return failRecipe(`${failure}${place ? ` (${place})` : ''}: ${causeText(cause)}`, 'Mend the recipe there.', cause);
  }
}

/** Whether what was thrown is told in words already. */
export function isFaultOfRecipe(cause: unknown): boolean {
  return attempt(() => cause instanceof GroundworkError) ?? false;
}

/** What was thrown, in words, whatever it is: JavaScript throws symbols, objects without a text and objects that throw when read. */
export function causeText(cause: unknown): string {
  return attempt(() => String(cause)) ?? 'it threw something that has no text';
}

/** File and line of the recipe's own code in a stack, where the file is one that `loadRecipe` has read. */
export function placeOf(cause: unknown): string | undefined {
  return attempt(() => {
    const stack = cause instanceof Error ? cause.stack : undefined;
    const frame = /recipe:([^\n]+?):(\d+)(?::\d+)?\)?(?:\n|$)/.exec(stack ?? '');
    return frame ? `${decodeURI(frame[1] ?? '')}, line ${frame[2]}` : undefined;
  });
}

/** What `body` returns, or undefined if it throws: only to look at things that strangers have made. */
function attempt<T>(body: () => T): T | undefined {
  try {
    return body();
  } catch {
    return undefined;
  }
}
