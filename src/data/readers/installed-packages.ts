import { type Dirent, readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import type { RecordFault, SkippedSource } from '../document.ts';
import { systemCode } from './byte-stream.ts';
import { isInside, refusedFolder, unreadableFolderFault } from './corpus-files.ts';
import { licenceOf } from './licence-expression.ts';

/** A package as it lies on the disk, or the files of a folder that belong to no package. */
export interface InstalledPackage {
  /** `effect@4.1.0`; empty for files outside of packages. */
  readonly label: string;
  /** The absolute path of its folder. */
  readonly folder: string;
  /** As its `package.json` names it; nothing where it names none. */
  readonly licence: string | undefined;
  /** Paths of its files with `/`, sorted; packages inside it (`node_modules`) are packages of their own. */
  readonly files: readonly string[];
}

interface Owner extends InstalledPackage {
  readonly files: string[];
}

const manifestSchema = z.record(z.string(), z.unknown());
const identitySchema = z.object({ name: z.string().min(1), version: z.string().min(1).default('0.0.0') });

/**
 * Finds the packages below a folder: a `node_modules` folder, a package with those it carries, or any folder. Hidden names
 * are left out; a symbolic link is followed where it leads to a package below the same folder (as workspaces and pnpm make
 * them), and each real folder is visited once.
 *
 * @returns packages sorted by label, then by folder, the links that were not followed, and the folders that cannot be listed
 * @throws GroundworkError `file-access` where the root cannot be listed
 */
export function findPackages(root: string): {
  readonly packages: readonly InstalledPackage[];
  readonly skipped: readonly SkippedSource[];
  readonly faults: readonly RecordFault[];
} {
  const skipped: SkippedSource[] = [];
  const faults: RecordFault[] = [];
  const realRoot = realpathSync(root);
  const visited = new Set<string>();

  const outside: Owner = { label: '', folder: root, licence: undefined, files: [] };
  const owners: Owner[] = [outside];
  const tasks: { folder: string; owner: Owner }[] = [{ folder: root, owner: outside }];
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    const { folder } = task;
    let { owner } = task;
    let real: string;
    let entries: Dirent[];
    try {
      real = realpathSync(folder);
      entries = readdirSync(folder, { withFileTypes: true });
    } catch (cause) {
      if (folder === root) throw refusedFolder(root, cause);
      faults.push(unreadableFolderFault(sourceOf(owner.label, pathIn(owner, folder)), systemCode(cause)));
      continue;
    }
    if (visited.has(real)) continue;
    visited.add(real);
    const manifest = packageManifest(folder);
    // A package.json without a name, as in `dist/esm/`, makes no package.
    if (manifest) {
      owner = { ...manifest, folder, files: [] };
      owners.push(owner);
    }
    for (const entry of entries) {
      const { name } = entry;
      if (name.startsWith('.')) continue;
      const path = join(folder, name);
      const inside = pathIn(owner, path);
      const target = entry.isSymbolicLink() ? linkTarget(realRoot, path) : undefined;
      if (target === 'outside') {
        skipped.push({ source: sourceOf(owner.label, inside), reason: 'link-leaves-folder' });
      } else if (target === 'file') {
        skipped.push({ source: sourceOf(owner.label, inside), reason: 'link-read-elsewhere' });
      } else if (target === 'folder' || entry.isDirectory()) {
        // What lies in node_modules belongs to no package until its package.json says so.
        tasks.push({ folder: path, owner: name === 'node_modules' ? outside : owner });
      } else if (entry.isFile()) owner.files.push(inside);
    }
  }
  const packages = owners.filter(({ files }) => files.length > 0);
  for (const { files } of packages) files.sort();
  packages.sort((a, b) => compare(a.label, b.label) || compare(a.folder, b.folder));
  return { packages, skipped, faults };
}

/** What a file of a package is called: `effect@4.1.0/src/Array.ts`. */
export function sourceOf(label: string, path: string): string {
  return label === '' ? path : `${label}/${path}`;
}

/** A path in the folder of a package, with `/`. */
function pathIn({ folder }: Owner, path: string): string {
  return relative(folder, path).split(sep).join('/');
}

/** What a link leads to below the folder `realRoot`; a link to nothing leads outside. */
function linkTarget(realRoot: string, link: string): 'folder' | 'file' | 'outside' {
  try {
    if (!isInside(realRoot, realpathSync(link))) return 'outside';
    return statSync(link).isDirectory() ? 'folder' : 'file';
  } catch {
    // A link to nothing leads nowhere in the folder.
    return 'outside';
  }
}

function packageManifest(folder: string): { label: string; licence: string | undefined } | undefined {
  let manifest: Record<string, unknown>;
  try {
    manifest = manifestSchema.parse(JSON.parse(readFileSync(join(folder, 'package.json'), 'utf8')));
  } catch {
    // No package.json, or one that npm could not read either: the folder is no package.
    return undefined;
  }
  const identity = identitySchema.safeParse(manifest);
  if (!identity.success) return undefined;
  return { label: `${identity.data.name}@${identity.data.version}`, licence: licenceOf(manifest) };
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}
