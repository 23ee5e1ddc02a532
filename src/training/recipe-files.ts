import { dirname, relative, resolve, sep } from 'node:path';
import { type FileSystem, GroundworkError } from '../core/index.ts';
import { faultOfPath, writeDurably } from '../core/node.ts';
import { loadRecipe } from '../recipe/node.ts';
import { describeRunRecipe } from './run-differences.ts';
import type { RunRecipe } from './run-options.ts';
import type { RunExtent } from './run-session.ts';

/** The folder of a run that holds its recipe, where that was a file. */
const recipeFolder = 'recipe';

/** A recipe of a person's own, with all that it imports, as it is kept in a run. */
export interface RecipeFiles {
  /** The recipe, as a path inside the run's folder. */
  readonly file: string;
  /** By path inside the run's folder; they lie to each other as they did. */
  readonly contents: ReadonlyMap<string, Uint8Array>;
}

/**
 * Reads the file of a recipe and those that it imports. They are found by loading it, so that none is left out.
 *
 * @returns undefined for a recipe that ships with Groundwork
 * @throws `invalid-recipe` where it is not what the run was planned with; `unsafe-path` for a name that no run can hold
 */
export async function recipeFiles(
  fs: FileSystem,
  { recipe, file }: RunRecipe,
  extent: RunExtent,
): Promise<RecipeFiles | undefined> {
  if (file === null) return undefined;
  const read = new Map<string, Uint8Array>();
  const watched: FileSystem = {
    ...fs,
    readFile: (path) => {
      const bytes = fs.readFile(path);
      read.set(resolve(path), bytes);
      return bytes;
    },
  };
  const loaded = await loadRecipe(file, watched);
  if (describeRunRecipe(loaded, extent).sha256 !== describeRunRecipe(recipe, extent).sha256) {
    throw new GroundworkError('invalid-recipe', `${file} is another recipe than it was a moment ago`, {
      hint: 'Begin again when nothing writes to it, nor to what it imports.',
    });
  }
  const root = sharedFolder([...read.keys()]);
  const placeOf = (path: string): string => {
    const place = [recipeFolder, ...relative(root, path).split(sep)].join('/');
    const fault = faultOfPath(place);
    if (fault === undefined) return place;
    throw new GroundworkError('unsafe-path', `the recipe cannot be kept in the run: ${path} ${fault}`, {
      hint: 'Give the file another name.',
    });
  };
  return { file: placeOf(resolve(file)), contents: new Map([...read].map(([path, bytes]) => [placeOf(path), bytes])) };
}

/** Writes the files of a recipe into a run, those that are not there as they are. */
export function writeRecipeFiles(fs: FileSystem, folder: string, { contents }: RecipeFiles): void {
  for (const [place, bytes] of contents) {
    fs.makeFolder(dirname(`${folder}/${place}`));
    writeDurably(fs, `${folder}/${place}`, [bytes]);
  }
}

/** The lowest folder that holds all of these files. */
function sharedFolder(paths: readonly string[]): string {
  const [first = '', ...others] = paths;
  let shared = dirname(first);
  const holds = (path: string) => path.startsWith(shared.endsWith(sep) ? shared : shared + sep);
  while (!others.every(holds)) shared = dirname(shared);
  return shared;
}
