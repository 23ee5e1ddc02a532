import { GroundworkError } from '../../core/index.ts';
import type { Demo } from './demo.ts';
import { dictionary } from './dictionary.ts';
import { names } from './names.ts';
import { novels } from './novels.ts';
import { presidents } from './presidents.ts';
import { typescript } from './typescript.ts';

/** The corpora that install by themselves, by name. */
export const demos: ReadonlyMap<string, Demo> = new Map(
  [presidents, dictionary, novels, names, typescript].map((demo) => [demo.name, demo]),
);

/**
 * The demo of a name.
 *
 * @throws `usage`, with the names that there are
 */
export function demoNamed(name: string): Demo {
  const demo = demos.get(name);
  if (demo !== undefined) return demo;
  throw new GroundworkError('usage', `there is no demo ${JSON.stringify(name)}`, {
    hint: `Choose one of: ${[...demos.keys()].join(', ')}.`,
  });
}
