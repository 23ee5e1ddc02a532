import { type CleaningResult, createCleaningPipeline } from '../../../src/data/cleaning/pipeline.ts';

/** Cleans by one step alone, with overrides of its options such as `minWords=30`. */
export async function cleanBy(step: string, ...overrides: string[]): Promise<(text: string) => CleaningResult> {
  const rules = [`${step}.enabled=true`, ...overrides.map((override) => `${step}.${override}`)];
  const { clean } = await createCleaningPipeline({ preset: 'none', rules });
  return clean;
}

/** The rule that removed a document, without its step, or `kept`. */
export const ruleOf = (result: CleaningResult): string =>
  result.kept ? 'kept' : result.rule.slice(result.rule.indexOf('/') + 1);

/** Different words of `length` letters. */
export function differentWords(count: number, length = 5): string[] {
  return Array.from({ length: count }, (_, index) =>
    index
      .toString(26)
      .replace(/./g, (digit) => String.fromCharCode(97 + Number.parseInt(digit, 26)))
      .padStart(length, 'q'),
  );
}
