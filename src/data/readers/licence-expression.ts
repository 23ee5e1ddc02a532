/**
 * Licences that let anyone use and pass on the code, with a notice at most (SPDX identifiers). The default of
 * `readSourceCode`.
 */
export const permissiveLicences: readonly string[] = [
  '0BSD',
  'Apache-2.0',
  'Artistic-2.0',
  'BlueOak-1.0.0',
  'BSD-1-Clause',
  'BSD-2-Clause',
  'BSD-2-Clause-Patent',
  'BSD-3-Clause',
  'BSD-3-Clause-Clear',
  'BSL-1.0',
  'CC0-1.0',
  'ISC',
  'MIT',
  'MIT-0',
  'NCSA',
  'PostgreSQL',
  'PSF-2.0',
  'Python-2.0',
  'Unicode-3.0',
  'Unicode-DFS-2016',
  'Unlicense',
  'UPL-1.0',
  'W3C',
  'WTFPL',
  'X11',
  'Zlib',
];

/**
 * Whether an SPDX licence expression (SPDX 2.3, annex D) is met by licences of a list: of `A OR B` one is enough, of
 * `A AND B` both are needed, an exception after `WITH` only permits more. Anything that is no such expression, such as
 * `SEE LICENSE IN file` or `UNLICENSED`, is not allowed.
 *
 * @param allowed SPDX identifiers; case does not matter
 */
export function isLicenceAllowed(expression: string, allowed: readonly string[]): boolean {
  const tokens = expression.match(/[()]|[^\s()]+/g) ?? [];
  const names = new Set(allowed.map((name) => name.toLowerCase()));
  let at = 0;
  let isGood = true;
  // Nesting costs stack; no licence needs as much as this.
  if (tokens.length > 200) return false;

  const either = (): boolean => {
    let met = both();
    while (isWord('or')) {
      at++;
      met = both() || met;
    }
    return met;
  };
  const both = (): boolean => {
    let met = single();
    while (isWord('and')) {
      at++;
      met = single() && met;
    }
    return met;
  };
  const single = (): boolean => {
    const token = tokens[at++];
    if (token === '(') {
      const met = either();
      isGood &&= tokens[at++] === ')';
      return met;
    }
    if (token === undefined || !/^[\w.+-]+$/.test(token) || /^(and|or|with)$/i.test(token)) {
      isGood = false;
      return false;
    }
    if (isWord('with')) {
      at++;
      isGood &&= /^[\w.-]+$/.test(tokens[at++] ?? '');
    }
    // `+` allows later versions as well.
    return names.has(token.toLowerCase().replace(/\+$/, ''));
  };
  const isWord = (word: string): boolean => tokens[at]?.toLowerCase() === word;

  const met = either();
  return met && isGood && at === tokens.length;
}

/** The fields of a `package.json` that name a licence, in the forms that were in use over the years. */
interface LicenceFields {
  readonly license?: unknown;
  readonly licence?: unknown;
  readonly licenses?: unknown;
}

/**
 * The licence that a `package.json` names: `license` as a text or as `{ "type": … }`, or the old list `licenses`, of which
 * one is enough. Nothing where none is named.
 */
export function licenceOf(manifest: LicenceFields): string | undefined {
  const single = licenceName(manifest.license ?? manifest.licence);
  if (single !== undefined) return single;
  const list = manifest.licenses;
  if (!Array.isArray(list)) return licenceName(list);
  const names = list.map(licenceName).filter((name) => name !== undefined);
  return names.length === 0 ? undefined : names.map((name) => `(${name})`).join(' OR ');
}

function licenceName(value: unknown): string | undefined {
  if (typeof value === 'string') return value.trim() === '' ? undefined : value.trim();
  if (typeof value !== 'object' || value === null || !('type' in value)) return undefined;
  return licenceName(value.type);
}
