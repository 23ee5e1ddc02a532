import { z } from 'zod';
import type { TokenizerFlags } from './flags.ts';
import { RowFailure, type RowProcess } from './row-process.ts';
import type { Places } from './rows.ts';
import type { TaskFiles } from './task-files.ts';

/** What every task of the benchmark is given. */
export interface BenchmarkContext {
  readonly flags: TokenizerFlags;
  readonly places: Places;
  readonly files: TaskFiles;
  readonly log: (line: string) => void;
  readonly print: (text: string) => void;
}

/** The answer to every command: how long it took, and a hash of what came out. */
export const answerSchema = z.object({
  ms: z.number(),
  /** Time of all threads on the processors; of use where others use them too. */
  cpuMs: z.number().optional(),
  digest: z.string().optional(),
  numMerges: z.number().optional(),
  numTokens: z.number().optional(),
});
export type Answer = z.infer<typeof answerSchema>;

/** An answer, or the reason why there is none. */
export async function askOrReason(process: RowProcess, request: object, timeoutMs: number): Promise<Answer | string> {
  try {
    return await process.ask(request, answerSchema, timeoutMs);
  } catch (error) {
    if (error instanceof RowFailure) return error.message;
    throw error;
  }
}

/** A table in Markdown that reads well as plain text too; a row shorter than the titles ends in a remark. */
export function formatTable(titles: readonly string[], rows: readonly (readonly string[])[]): string {
  const whole = rows.filter((cells) => cells.length === titles.length);
  const widths = titles.map((title, i) =>
    Math.max(title.length, ...(i === 0 ? rows : whole).map((cells) => cells[i]?.length ?? 0)),
  );
  const line = (cells: readonly string[]) => {
    const padded = cells.map((cell, i) => {
      const width = cells.length < titles.length && i > 0 ? 0 : (widths[i] ?? 0);
      return i === 0 ? cell.padEnd(width) : cell.padStart(width);
    });
    return `| ${padded.join(' | ')} |`;
  };
  const rule = `|${widths.map((width, i) => (i === 0 ? '-'.repeat(width + 2) : `${'-'.repeat(width + 1)}:`)).join('|')}|`;
  return [line(titles), rule, ...rows.map(line)].join('\n');
}
