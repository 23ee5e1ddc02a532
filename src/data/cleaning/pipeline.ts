import { z } from 'zod';
import { GroundworkError, type JsonValue } from '../../core/index.ts';
import { c4Quality } from './c4-quality.ts';
import { codeQuality } from './code-quality.ts';
import { finewebQuality } from './fineweb-quality.ts';
import { gopherQuality } from './gopher-quality.ts';
import { gopherRepetition } from './gopher-repetition.ts';
import { language } from './language.ts';
import { normalisation } from './normalisation.ts';
import { type RedactionKind, redaction } from './redaction.ts';
import type { Clean, Step, StepTools } from './step.ts';
import { type Edit, WorkingText } from './working-text.ts';

/** Every step, in the order in which a document goes through those of its pipeline: that of FineWeb. */
export const cleaningSteps: readonly Step[] = [
  normalisation,
  language,
  gopherRepetition,
  gopherQuality,
  c4Quality,
  finewebQuality,
  codeQuality,
  redaction,
];

type StepOptions = { readonly [option: string]: unknown };
type Preset = { readonly [step: string]: StepOptions };

/**
 * Which steps a kind of text goes through, and where they depart from the published thresholds.
 *
 * - `web`: pages, as FineWeb cleans them.
 * - `prose`: books, letters, speeches and notes: what repeats itself goes, and what is hardly words. The loosened
 *   thresholds are ours.
 * - `code`: source code. Its characters stay as they are, since a composed character may change a string literal.
 * - `none`: everything stays as it is.
 */
const presets = {
  web: { normalisation: {}, 'gopher-repetition': {}, 'gopher-quality': {}, c4: {}, fineweb: {} },
  prose: {
    normalisation: {},
    'gopher-repetition': {},
    'gopher-quality': {
      minWords: 10,
      maxWords: null,
      minStopWords: null,
      maxBulletLines: null,
      minAlphabeticWords: 0.6,
    },
  },
  code: { normalisation: { form: 'none' }, code: {} },
  none: {},
} satisfies Record<string, Preset>;

export type CleaningPreset = keyof typeof presets;
export const cleaningPresets = Object.keys(presets) as readonly CleaningPreset[];

/** What a person asks of cleaning: plain data, so that it can be sent to a worker. */
export interface CleaningOptions {
  readonly preset: CleaningPreset;
  /** Languages to keep, by ISO 639-1; none are told apart where this is absent or empty. */
  readonly languages?: readonly string[];
  /** Overrides such as `gopher-quality.minWords=30`, `c4.requireTerminalPunctuation=true`, `fineweb.maxShortLines=off`
   * and `fineweb.enabled=false`. */
  readonly rules?: readonly string[];
  readonly redact?: readonly RedactionKind[];
}

/** What became of a document. */
export type CleaningResult =
  | { readonly kept: true; readonly text: string; readonly language?: string; readonly edits: readonly Edit[] }
  | { readonly kept: false; readonly rule: string; readonly detail: string; readonly language?: string };

/** Cleans one document after another. What it remembers between them changes no result. */
export interface CleaningPipeline {
  readonly clean: (text: string) => CleaningResult;
  /** The preset and every step with every option: canonical JSON of it is what a dataset's fingerprint holds. */
  readonly description: JsonValue;
}

/** A step of a pipeline with all its options. */
interface ResolvedStep {
  readonly step: Step;
  readonly options: { readonly [option: string]: JsonValue };
}

/**
 * Makes a pipeline.
 *
 * @throws GroundworkError `usage` where a rule, an option or a value is none; the message names those that exist.
 */
export async function createCleaningPipeline(options: CleaningOptions): Promise<CleaningPipeline> {
  const steps = resolveSteps(options);
  const isLanguageNeeded = steps.some(({ step }) => step === language);
  const identifyLanguage = isLanguageNeeded ? (await import('./language-identifier.ts')).identifyLanguage : undefined;
  const tools: StepTools = { identifyLanguage };
  const chain = steps.map(({ step, options }) => ({ name: step.name, clean: step.create(options, tools) }));
  const document = new WorkingText();
  return { clean: (text) => cleanDocument(document, chain, text), description: describe(options.preset, steps) };
}

/** What `createCleaningPipeline` would give as the description, without loading what the steps need. */
export const describeCleaning = (options: CleaningOptions): JsonValue =>
  describe(options.preset, resolveSteps(options));

function cleanDocument(
  document: WorkingText,
  chain: readonly { readonly name: string; readonly clean: Clean }[],
  text: string,
): CleaningResult {
  document.begin(text);
  for (const { name, clean } of chain) {
    const removal = clean(document);
    if (!removal) continue;
    const rule = `${name}/${removal.rule}`;
    return { kept: false, rule, detail: removal.detail, ...languageOf(document) };
  }
  return { kept: true, text: document.text, edits: document.edits, ...languageOf(document) };
}

const languageOf = ({ language }: WorkingText) => (language === undefined ? {} : { language });

const describe = (preset: CleaningPreset, steps: readonly ResolvedStep[]): JsonValue => ({
  preset,
  steps: steps.map(({ step, options }) => ({ name: step.name, version: step.version, options })),
});

function resolveSteps(options: CleaningOptions): ResolvedStep[] {
  const preset: Preset | undefined = Object.hasOwn(presets, options.preset) ? presets[options.preset] : undefined;
  if (!preset) throw unknown('cleaning preset', options.preset, cleaningPresets);
  const chosen = new Map(Object.entries(preset));
  const languages = options.languages ?? [];
  if (languages.length > 0) chosen.set('language', { languages });
  if (options.redact && options.redact.length > 0) chosen.set('redact', { kinds: options.redact });
  for (const rule of options.rules ?? []) applyOverride(chosen, options.preset, parseOverride(rule));
  return cleaningSteps.flatMap((step) => {
    const given = chosen.get(step.name);
    return given === undefined ? [] : [{ step, options: parseOptions(step, given) }];
  });
}

/** `STEP.OPTION=VALUE`, in parts. */
interface Override {
  readonly step: Step;
  readonly option: string;
  readonly value: string;
}

function parseOverride(text: string): Override {
  const match = /^([^.=]+)\.([^.=]+)=(.*)$/s.exec(text);
  if (!match) {
    throw new GroundworkError('usage', `A rule is written STEP.OPTION=VALUE; found “${text}”.`, {
      hint: 'Write for example gopher-quality.minWords=30.',
    });
  }
  const [name, option, value] = match.slice(1) as [string, string, string];
  const step = cleaningSteps.find((candidate) => candidate.name === name);
  if (!step) {
    throw unknown(
      'cleaning step',
      name,
      cleaningSteps.map((candidate) => candidate.name),
    );
  }
  const known = ['enabled', ...Object.keys(step.options.shape)];
  if (!known.includes(option)) throw unknown(`option of ${name}`, option, known);
  return { step, option, value };
}

function applyOverride(chosen: Map<string, StepOptions>, preset: string, { step, option, value }: Override): void {
  if (option === 'enabled') {
    if (value === 'true') chosen.set(step.name, chosen.get(step.name) ?? {});
    else if (value === 'false') chosen.delete(step.name);
    else throw wrongValue(step, option, value, 'true or false');
    return;
  }
  const given = chosen.get(step.name);
  if (!given) {
    throw new GroundworkError('usage', `${step.name} is not among the steps here (preset ${preset}).`, {
      hint: `Add ${step.name}.enabled=true before it, or take another preset: ${cleaningPresets.join(', ')}.`,
    });
  }
  chosen.set(step.name, { ...given, [option]: parseValue(step, option, value) });
}

/** `off` is null; a list is divided at commas; numbers and truth values are themselves; all else is text. */
function parseValue(step: Step, option: string, value: string): unknown {
  if (value === 'off') return null;
  const defaults: StepOptions = step.options.parse({});
  if (Array.isArray(defaults[option])) return value === '' ? [] : value.split(',');
  if (value === 'true' || value === 'false') return value === 'true';
  return value.trim() !== '' && Number.isFinite(Number(value)) ? Number(value) : value;
}

/** Every option is plain data: it is described, and sent to workers. */
const jsonOptions = z.record(z.string(), z.json());

function parseOptions(step: Step, given: StepOptions): { [option: string]: JsonValue } {
  const parsed = step.options.safeParse(given);
  if (parsed.success) return jsonOptions.parse(parsed.data);
  const issue = parsed.error.issues[0];
  const option = String(issue?.path[0] ?? '');
  throw wrongValue(step, option, JSON.stringify(given[option]), issue?.message ?? 'it is not understood');
}

const wrongValue = (step: Step, option: string, value: string, expected: string): GroundworkError =>
  new GroundworkError('usage', `${step.name}.${option} cannot be ${value}: ${expected}.`, {
    hint: `Its rules come from ${step.source}.`,
  });

const unknown = (what: string, found: string, known: readonly string[]): GroundworkError =>
  new GroundworkError('usage', `There is no ${what} “${found}”.`, { hint: `There are ${known.join(', ')}.` });
