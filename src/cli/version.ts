import { readFileSync } from 'node:fs';
import { assert } from '../core/index.ts';

/** The version of Groundwork. */
export function groundworkVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  assert(typeof version === 'string', 'package.json has no version');
  return version;
}
