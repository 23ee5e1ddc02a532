import { z } from 'zod';
import { type BuildReport, buildReportSchema } from '../build-report.ts';
import type { Place } from '../document.ts';

/** How many examples of each rule a report keeps: the first ones of the corpus. */
export const numSamples = 5;
const excerptLength = 300;

const shape = buildReportSchema.shape;
/** What happened to the documents of one block; summed over the blocks it becomes the report. */
export const accountsSchema = z.object({
  read: shape.read,
  removed: shape.removed,
  edited: shape.edited,
  languages: shape.languages,
});
export type AccountsData = z.infer<typeof accountsSchema>;

type Sample = BuildReport['removed'][number]['samples'][number];

/** The beginning of a document and where it was found, as an example for the report. */
export function sampleOf({ source, line, byteOffset }: Place, text: string): Sample {
  const excerpt =
    text.length > excerptLength ? `${text.slice(0, excerptLength).replace(/[\ud800-\udbff]$/u, '')}…` : text;
  return { source, line, byteOffset, excerpt };
}

interface MutableAmount {
  numDocuments: number;
  numBytes: number;
}

/** Books of what was read and what became of it. Sums do not depend on who counted which block, only on their order. */
export class Accounts {
  readonly #read: MutableAmount = { numDocuments: 0, numBytes: 0 };
  readonly #removed = new Map<string, MutableAmount & { samples: Sample[] }>();
  readonly #edited = new Map<string, { numDocuments: number; numEdits: number; samples: Sample[] }>();
  readonly #languages = new Map<string, MutableAmount>();

  /** Counts documents that were found, with the bytes of their text (of their record, where it gives no text). */
  read(numDocuments: number, numBytes: number): void {
    addTo(this.#read, numDocuments, numBytes);
  }

  removed(rule: string, numBytes: number, sample: () => Sample, numDocuments = 1): void {
    const amount = entryOf(this.#removed, rule, () => ({ numDocuments: 0, numBytes: 0, samples: [] as Sample[] }));
    addTo(amount, numDocuments, numBytes);
    if (amount.samples.length < numSamples) amount.samples.push(sample());
  }

  edited(rule: string, numEdits: number, sample: () => Sample): void {
    const edits = entryOf(this.#edited, rule, () => ({ numDocuments: 0, numEdits: 0, samples: [] as Sample[] }));
    edits.numDocuments++;
    edits.numEdits += numEdits;
    if (edits.samples.length < numSamples) edits.samples.push(sample());
  }

  language(code: string, numBytes: number): void {
    addTo(
      entryOf(this.#languages, code, () => ({ numDocuments: 0, numBytes: 0 })),
      1,
      numBytes,
    );
  }

  /** Adds the books of the next block. */
  add(other: AccountsData): void {
    this.read(other.read.numDocuments, other.read.numBytes);
    for (const { rule, numDocuments, numBytes, samples } of other.removed) {
      const amount = entryOf(this.#removed, rule, () => ({ numDocuments: 0, numBytes: 0, samples: [] as Sample[] }));
      addTo(amount, numDocuments, numBytes);
      amount.samples.push(...samples.slice(0, numSamples - amount.samples.length));
    }
    for (const { rule, numDocuments, numEdits, samples } of other.edited) {
      const edits = entryOf(this.#edited, rule, () => ({ numDocuments: 0, numEdits: 0, samples: [] as Sample[] }));
      edits.numDocuments += numDocuments;
      edits.numEdits += numEdits;
      edits.samples.push(...samples.slice(0, numSamples - edits.samples.length));
    }
    for (const [code, { numDocuments, numBytes }] of Object.entries(other.languages)) {
      addTo(
        entryOf(this.#languages, code, () => ({ numDocuments: 0, numBytes: 0 })),
        numDocuments,
        numBytes,
      );
    }
  }

  /** The books as data: rules in the order in which `order` names their steps, then by name. */
  data(order: readonly string[] = []): AccountsData {
    const rank = (rule: string) => {
      const step = order.findIndex((name) => rule === name || rule.startsWith(`${name}/`));
      return step < 0 ? order.length : step;
    };
    const byRule = <T>(map: ReadonlyMap<string, T>) =>
      [...map].sort(([a], [b]) => rank(a) - rank(b) || (a < b ? -1 : 1)).map(([rule, entry]) => ({ rule, ...entry }));
    const languages = [...this.#languages].sort(
      ([a, x], [b, y]) => y.numDocuments - x.numDocuments || (a < b ? -1 : 1),
    );
    return {
      read: { ...this.#read },
      removed: byRule(this.#removed),
      edited: byRule(this.#edited),
      languages: Object.fromEntries(languages),
    };
  }
}

function addTo(amount: MutableAmount, numDocuments: number, numBytes: number): void {
  amount.numDocuments += numDocuments;
  amount.numBytes += numBytes;
}

/** The entry of a key, made where there is none. */
export function entryOf<T>(map: Map<string, T>, key: string, make: () => T): T {
  let entry = map.get(key);
  if (!entry) {
    entry = make();
    map.set(key, entry);
  }
  return entry;
}
