import { lstatSync, readlinkSync, realpathSync } from 'node:fs';
import { basename, dirname, isAbsolute, join, relative, resolve, sep } from 'node:path';
import { GroundworkError } from './errors.ts';

/** The longest name of a file or folder that the usual file systems take, in bytes of UTF-8. */
const maxNameBytes = 255;
/** The longest relative path that is taken, in UTF-16 code units. */
const maxPathLength = 1024;

/** Names that Windows gives to devices, whatever their ending: opening one there opens no file. */
const deviceName = /^(con|prn|aux|nul|com[0-9¹²³]|lpt[0-9¹²³]|conin\$|conout\$)(\.|$)/i;

/**
 * The path of a file inside a folder, for paths that come from a file, a flag or the network. The result lies inside the
 * folder on every system and after all symbolic links are followed; and two accepted paths that look the same are the same.
 *
 * @param root the folder
 * @param path with `/` between names, such as `train/00000.tokens`
 * @throws `unsafe-path` for a path that is absolute, has a drive letter, a backslash, `.`, `..` or an empty name, a character
 *   that a system forbids (control characters and `<>:"|?*`), a device name of Windows, a name that ends in a dot or a
 *   space or is longer than 255 bytes, that is not in Unicode normal form C, or that a link leads out of the folder
 */
export function resolveInside(root: string, path: string): string {
  const fault = faultOfPath(path);
  if (fault !== undefined) refuse(path, fault);
  const target = join(root, ...path.split('/'));
  const realRoot = realPath(root);
  let realTarget: string;
  try {
    realTarget = realPath(target);
  } catch (error) {
    refuse(path, `cannot be followed (${(error as NodeJS.ErrnoException).code})`);
  }
  const way = relative(realRoot, realTarget);
  if (way === '..' || way.startsWith(`..${sep}`) || isAbsolute(way)) {
    refuse(path, `is a link to ${realTarget}, outside of ${realRoot}`);
  }
  return target;
}

/** Why a relative path is not safe on every system, by its text alone; `undefined` where it is. */
export function faultOfPath(path: string): string | undefined {
  if (path === '') return 'is empty';
  if (path.length > maxPathLength) return `has ${path.length} characters, more than ${maxPathLength}`;
  if (path.includes('\0')) return 'holds a NUL character';
  if (path.startsWith('/')) return 'is absolute, expected a path inside the folder';
  if (/^[a-z]:/i.test(path)) return 'begins with a drive letter';
  if (path.includes('\\')) return 'holds a backslash, expected / between names';
  if (/\p{Surrogate}/u.test(path)) return 'holds half of a surrogate pair';
  if (path.normalize('NFC') !== path) return 'is not in Unicode normal form C';
  for (const name of path.split('/')) {
    if (name === '') return 'holds an empty name';
    if (name === '.' || name === '..') return `holds the name ${name}`;
    if (deviceName.test(name)) return `holds ${name}, which Windows keeps for a device`;
    // biome-ignore lint/suspicious/noControlCharactersInRegex: control characters are what is looked for
    if (/[\u0000-\u001f\u007f<>:"|?*]/.test(name)) return 'holds a character that file systems forbid';
    if (/[. ]$/.test(name)) return 'holds a name that ends in a dot or a space';
    if (Buffer.byteLength(name) > maxNameBytes) return `holds a name longer than ${maxNameBytes} bytes`;
  }
  return undefined;
}

function refuse(path: string, fault: string): never {
  const shown = JSON.stringify(path.length > 100 ? `${path.slice(0, 100)}…` : path);
  throw new GroundworkError('unsafe-path', `the path ${shown} ${fault}`, {
    hint: 'Nothing was read or written. Do not trust the file that names this path; take it again from its source.',
  });
}

/** The path with its links followed as far as it exists, also those that lead to nothing; the rest of it is appended. */
function realPath(path: string): string {
  const absolute = resolve(path);
  try {
    return realpathSync(absolute);
  } catch (error) {
    const { code } = error as NodeJS.ErrnoException;
    const above = dirname(absolute);
    if ((code !== 'ENOENT' && code !== 'ENOTDIR') || above === absolute) throw error;
    const place = join(realPath(above), basename(absolute));
    const link = code === 'ENOENT' ? lstatSync(place, { throwIfNoEntry: false }) : undefined;
    return link?.isSymbolicLink() ? realPath(resolve(dirname(place), readlinkSync(place))) : place;
  }
}
