import { GroundworkError } from '../../core/index.ts';

/**
 * Stops at the first of a row's numbers that is not finite or not above zero.
 *
 * @param names which of them to look at
 * @param place where the row stands, such as `point 3 of 20`
 * @throws GroundworkError `usage`
 */
export function checkPositive<Name extends string>(
  row: Readonly<Record<Name, number>>,
  names: readonly Name[],
  place: string,
): void {
  for (const name of names) {
    if (Number.isFinite(row[name]) && row[name] > 0) continue;
    throw new GroundworkError('usage', `${place} has ${name} ${row[name]}, expected a finite number above zero`, {
      hint: 'Leave out runs that did not finish, and check the columns of the table.',
    });
  }
}
