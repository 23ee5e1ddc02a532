import { type FileSystem, sha256Hex } from '../core/index.ts';
import {
  describeRecipe,
  differencesOf,
  type Recipe,
  type RecipeContent,
  type RecipeDescription,
} from '../recipe/index.ts';
import { hashProgram, type Program } from '../tensor/index.ts';
import { parseTokenizer } from '../tokenizer/index.ts';
import type { Plan } from './plan.ts';
import { type RunManifest, recipeContentFile, runTokenizerFile } from './run/run-manifest.ts';
import type { Override, RunDataset, RunRecipe } from './run-options.ts';
import type { RunExtent, RunParts } from './run-session.ts';
import { tokenizerDifference } from './tokenizer-difference.ts';

/** Something in which a run that would go on differs from the one that began. */
export interface RunChange {
  readonly item: Override;
  /** Such as `merges differ at 317`. */
  readonly message: string;
}

export interface ResumedParts {
  readonly recipe: RunRecipe;
  readonly datasets: readonly RunDataset[];
  readonly plan: Plan;
  readonly parts: RunParts;
  readonly seed: number;
}

/** Everything that would train differently from how the run began, named. Nothing else may keep a run from going on. */
export function runChanges(fs: FileSystem, folder: string, manifest: RunManifest, resumed: ResumedParts): RunChange[] {
  const { datasets, parts, seed } = resumed;
  const changes: RunChange[] = [];
  const add = (item: Override, message: string) => changes.push({ item, message });
  for (const message of recipeChanges(fs, folder, manifest, resumed)) add('recipe', message);
  const isOtherTokenizer = parts.tokenizer.fingerprint !== manifest.tokenizerFingerprint;
  if (isOtherTokenizer) add('tokenizer', tokenizerChange(fs, folder, parts));
  if (datasets.length !== manifest.datasets.length) {
    add('mixture', `found ${datasets.length} datasets, expected ${manifest.datasets.length}`);
  }
  manifest.datasets.forEach((expected, i) => {
    const found = datasets[i];
    if (found === undefined) return;
    const { fingerprint, name } = found.dataset.manifest;
    if (fingerprint !== expected.fingerprint && !isOtherTokenizer) {
      add(
        'dataset',
        `${name} (${found.dataset.folder}) has fingerprint ${fingerprint.slice(0, 12)}, expected ` +
          `${expected.fingerprint.slice(0, 12)}: its text, its cleaning or its split differs`,
      );
    }
    if (found.weight !== expected.weight) {
      add('mixture', `the weight of ${name} is ${found.weight}, expected ${expected.weight}`);
    }
  });
  if (seed !== manifest.seed) add('seed', `found ${seed}, expected ${manifest.seed}`);
  if (changes.length === 0 && parts.batches.fingerprint !== manifest.batchesFingerprint) {
    add(
      'mixture',
      `the batches are ${parts.batches.fingerprint.slice(0, 12)}, expected ${manifest.batchesFingerprint.slice(0, 12)}`,
    );
  }
  return changes;
}

/**
 * The datasets with the weights that the run began with, where these are the same shares: 1 to 1 is 2 to 2. Its batches are told
 * apart by the numbers themselves.
 */
export function withWeightsOf(manifest: RunManifest, datasets: readonly RunDataset[]): readonly RunDataset[] {
  const before = sharesOf(manifest.datasets);
  const shares = sharesOf(datasets);
  // A share is a quotient of sums, so the last digits may differ.
  const areSame =
    shares.length === before.length && shares.every((share, i) => Math.abs(share - (before[i] ?? 0)) < 1e-12);
  if (!areSame) return datasets;
  return datasets.map((one, i) => ({ ...one, weight: manifest.datasets[i]?.weight ?? one.weight }));
}

function sharesOf(weighted: readonly { readonly weight: number }[]): number[] {
  const total = weighted.reduce((sum, { weight }) => sum + weight, 0);
  return weighted.map(({ weight }) => weight / total);
}

/** What a recipe is at the extent of a run. */
export function describeRunRecipe(recipe: Recipe, { size, batch, numSteps }: RunExtent): RecipeDescription {
  return describeRecipe(recipe, { size, batchTokens: batch.batchSize * size.contextLength, numSteps });
}

function recipeChanges(
  fs: FileSystem,
  folder: string,
  manifest: RunManifest,
  { recipe: { recipe }, plan, parts }: ResumedParts,
): string[] {
  if (recipe.name !== manifest.recipe.name) return [`found ${recipe.name}, expected ${manifest.recipe.name}`];
  const { sha256, content } = describeRunRecipe(recipe, plan);
  if (sha256 !== manifest.recipe.sha256) {
    const expected = recordedContent(fs, folder, manifest);
    return expected === undefined ? ['it differs from what it was'] : differencesOf(content, expected);
  }
  const { program } = parts.prepared;
  const programHash = hashProgram(program);
  if ([programHash, hashProgram(withOneUpdateScope(program))].includes(manifest.programHash)) return [];
  return [
    `its training step is ${programHash.slice(0, 12)}, expected ${manifest.programHash.slice(0, 12)}: ` +
      'this version of Groundwork computes it in another way',
  ];
}

/** A training step as runs before layers were named in the update recorded it: the same nodes, those of the update all in one scope. */
export function withOneUpdateScope(program: Program): Program {
  const nodes = program.nodes.map((node) => (node.phase === 'update' ? { ...node, scope: 'optimizer' } : node));
  return { ...program, nodes };
}

/** What the recipe was when the run began; undefined where the file is gone or was changed. */
export function recordedContent(fs: FileSystem, folder: string, manifest: RunManifest): RecipeContent | undefined {
  const path = `${folder}/${recipeContentFile}`;
  if (!fs.exists(path)) return undefined;
  const text = new TextDecoder().decode(fs.readFile(path)).trimEnd();
  // Text with this hash is what `describeRecipe` wrote.
  return sha256Hex(text) === manifest.recipe.sha256 ? (JSON.parse(text) as RecipeContent) : undefined;
}

function tokenizerChange(fs: FileSystem, folder: string, { tokenizer }: RunParts): string {
  const path = `${folder}/${runTokenizerFile}`;
  if (!fs.exists(path)) return 'it is another than that with which the run began';
  const expected = parseTokenizer(new TextDecoder().decode(fs.readFile(path)));
  return tokenizerDifference(tokenizer, expected) ?? 'it is another than that with which the run began';
}
