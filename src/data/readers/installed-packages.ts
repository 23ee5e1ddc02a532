import { readdirSync, readFileSync, realpathSync, statSync } from 'node:fs';
import { join, relative, sep } from 'node:path';
import { z } from 'zod';
import type { SkippedSource } from '../document.ts';
import { isInside } from './corpus-files.ts';
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
 * @returns packages sorted by label, then by folder, and the links that were not followed
 */
export function findPackages(root: string): {
  readonly packages: readonly InstalledPackage[];
  readonly skipped: readonly SkippedSource[];
} {
  const skipped: SkippedSource[] = [];
  const realRoot = realpathSync(root);
  const visited = new Set<string>();

  const outside: Owner = { label: '', folder: root, licence: undefined, files: [] };
  const owners: Owner[] = [outside];
  const tasks: { folder: string; owner: Owner }[] = [{ folder: root, owner: outside }];
  for (let task = tasks.pop(); task !== undefined; task = tasks.pop()) {
    const { folder } = task;
    const real = realpathSync(folder);
    if (visited.has(real)) continue;
    visited.add(real);
    let { owner } = task;
    const manifest = packageManifest(folder);
    // A package.json without a name, as in `dist/esm/`, makes no package.
    if (manifest) {
      owner = { ...manifest, folder, files: [] };
      owners.push(owner);
    }
    for (const entry of readdirSync(folder, { withFileTypes: true })) {
      const { name } = entry;
      if (name.startsWith('.')) continue;
      const path = join(folder, name);
      const inside = relative(owner.folder, path).split(sep).join('/');
      if (entry.isSymbolicLink() && !leadsToFolderIn(realRoot, path)) {
        skipped.push({ source: sourceOf(owner.label, inside), reason: 'link-leaves-folder' });
      } else if (entry.isSymbolicLink() || entry.isDirectory()) {
        // What lies in node_modules belongs to no package until its package.json says so.
        tasks.push({ folder: path, owner: name === 'node_modules' ? outside : owner });
      } else if (entry.isFile()) owner.files.push(inside);
    }
  }
  const packages = owners.filter(({ files }) => files.length > 0);
  for (const { files } of packages) files.sort();
  packages.sort((a, b) => compare(a.label, b.label) || compare(a.folder, b.folder));
  return { packages, skipped };
}

/** What a file of a package is called: `effect@4.1.0/src/Array.ts`. */
export function sourceOf(label: string, path: string): string {
  return label === '' ? path : `${label}/${path}`;
}

function leadsToFolderIn(realRoot: string, link: string): boolean {
  try {
    return statSync(link).isDirectory() && isInside(realRoot, realpathSync(link));
  } catch {
    // A link to nothing leads nowhere in the folder.
    return false;
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
