import type { FileSystem, JsonValue } from '../../core/index.ts';
import { differencesOf } from '../../recipe/index.ts';
import { compareRuns, type RunDifference } from '../run/run-comparison.ts';
import { recordedContent } from '../run-differences.ts';
import type { Arm } from './arms.ts';

/** In what an arm differs from the one that it is held against. */
export interface ArmDifferences {
  /** What was changed on purpose, a phrase each, such as `optimizer.groups.0.learningRate: 0.02 → 0.005`. */
  readonly treatment: readonly string[];
  /** What else was not the same: machine, engine, version. It makes times incomparable, and losses differ in their last digits. */
  readonly conditions: readonly string[];
}

/** Fields that say only that something differs, which other fields say better. */
const hashes = new Set(['modelHash', 'recipe.sha256', 'programHash', 'batchesFingerprint', 'recipe.file']);

/** How many phrases about parameters are shown: a change of the model is in every block. */
const maxParameterPhrases = 6;

/** In what `arm` differs from `base`, from the records of one run of each. */
export function armDifferences(fs: FileSystem, base: Arm, arm: Arm): ArmDifferences {
  const { differences } = compareRuns([base.manifest, arm.manifest]);
  const of = (...areas: readonly RunDifference['area'][]) =>
    differences.filter(({ area, field }) => areas.includes(area) && !hashes.has(field)).map(phrase);
  const stated = of('recipe', 'size', 'data', 'batch', 'length', 'optimizer');
  const isOtherModel = base.manifest.modelHash !== arm.manifest.modelHash;
  const parameters = parameterPhrases(fs, base, arm);
  const treatment = [...stated, ...parameters];
  if (isOtherModel && parameters.length === 0 && of('size').length === 0) {
    treatment.push('the model computes something else from the same parameters');
  }
  return { treatment, conditions: of('engine', 'environment') };
}

/** What recorded recipes say of parameters: which are new, which are gone, which start otherwise. */
function parameterPhrases(fs: FileSystem, base: Arm, arm: Arm): string[] {
  const [before, after] = [base, arm].map(({ runs: [run], manifest }) =>
    run === undefined ? undefined : recordedContent(fs, run.folder, manifest),
  );
  if (before === undefined || after === undefined) return [];
  const isOtherSize = JSON.stringify(before.size) !== JSON.stringify(after.size);
  // With another size every shape is another one, which the size says.
  if (isOtherSize) return [];
  const { parameters: _, modelHash: __, ...rest } = before;
  // Everything but the parameters as in the one: what else differs is told from `run.json`.
  const only = { ...rest, parameters: after.parameters, modelHash: after.modelHash };
  const counts = new Map<string, number>();
  for (const sentence of differencesOf(only, before)) {
    if (!sentence.includes('the parameter')) continue;
    const general = sentence
      .replace(/\.\d+\./g, '.*.')
      .replace(/^the parameter (\S+): (.*) is (.*), expected (.*)$/, '$1, $2: $4 → $3');
    counts.set(general, (counts.get(general) ?? 0) + 1);
  }
  const phrases = [...counts].map(([text, count]) => (count === 1 ? text : `${text} (${count} times)`));
  const numMore = phrases.length - maxParameterPhrases;
  return numMore > 0 ? [...phrases.slice(0, maxParameterPhrases), `${numMore} more of parameters`] : phrases;
}

function phrase({ field, values: [before, after] }: RunDifference): string {
  return `${field}: ${shown(before)} → ${shown(after)}`;
}

function shown(value: JsonValue | undefined): string {
  return value === undefined ? 'none' : typeof value === 'string' ? value : JSON.stringify(value);
}
