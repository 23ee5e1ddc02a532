import type { BuildReport } from '../build-report.ts';
import { type Duplicates, fate } from '../deduplication/duplicates.ts';
import { type AccountsData, entryOf, numSamples } from './accounts.ts';
import type { BlockSet } from './block-set.ts';
import type { CleanedCorpus } from './clean-stage.ts';
import { aboutBlock } from './cleaned-block.ts';

export interface ReportInput {
  readonly corpus: BlockSet;
  readonly duplicates: Duplicates;
  /** Documents that were too much like a validation document. */
  readonly leaks: readonly number[];
  /** With the books of reading and cleaning, to which those of deduplication and split are added. */
  readonly cleaned: CleanedCorpus;
  /** The cleaning steps, in the order in which they were applied. */
  readonly cleaningSteps: readonly string[];
}

const numSources = 50;
/** Longest step of the histogram of lengths: 2^k bytes. */
const numLengths = 32;

/** Closes the books of a build. */
export function reportOf({ corpus, duplicates, leaks, cleaned, cleaningSteps }: ReportInput): BuildReport {
  const { accounts, skippedFiles } = cleaned;
  const sizes = corpus.sizes();
  const isLeak = new Set(leaks);
  const lengths: number[] = [];
  const kept = { numDocuments: 0, numBytes: 0 };
  const sources = new Map<string, { numDocuments: number; numBytes: number }>();
  const removals = new Map<string, { numDocuments: number; numBytes: number; first: number[] }>();
  for (const [number, block] of corpus.blocks.entries()) {
    const { from, to } = corpus.range(number);
    const sourceOf = block.sections.uint32('sourceOf');
    const { sources: names } = aboutBlock(block);
    for (let document = from; document < to; document++) {
      const size = sizes[document] ?? 0;
      const rule = ruleOf(duplicates.fates[document], isLeak.has(document));
      if (rule !== undefined) {
        const removal = entryOf(removals, rule, () => ({ numDocuments: 0, numBytes: 0, first: [] as number[] }));
        removal.numDocuments++;
        removal.numBytes += size;
        if (removal.first.length < numSamples) removal.first.push(document);
        continue;
      }
      kept.numDocuments++;
      kept.numBytes += size;
      const step = Math.min(numLengths - 1, 31 - Math.clz32(Math.max(1, size)));
      while (lengths.length <= step) lengths.push(0);
      lengths[step] = (lengths[step] ?? 0) + 1;
      const source = firstPart(names[sourceOf[document - from] ?? 0] ?? '');
      const amount = entryOf(sources, source, () => ({ numDocuments: 0, numBytes: 0 }));
      amount.numDocuments++;
      amount.numBytes += size;
    }
  }
  const later: AccountsData = {
    read: { numDocuments: 0, numBytes: 0 },
    edited: [],
    languages: {},
    removed: [...removals].map(([rule, { first, ...amount }]) => ({
      rule,
      ...amount,
      samples: first.map((document) => corpus.sample(document)),
    })),
  };
  accounts.add(later);
  const { read, removed, edited, languages } = accounts.data([
    'unreadable',
    ...cleaningSteps,
    'contaminated',
    'duplicate',
  ]);
  return {
    read,
    kept,
    removed,
    edited,
    languages,
    duplicateGroups: duplicates.groups.map(({ numDocuments, kept: first, removed: others }) => ({
      numDocuments,
      kept: corpus.sample(first),
      removed: others.map((document) => corpus.sample(document)),
    })),
    lengths,
    skippedFiles: skippedFiles.map((files) => ({ ...files, samples: [...files.samples] })),
    sources: largest(sources),
  };
}

function ruleOf(documentFate: number | undefined, leaks: boolean): string | undefined {
  if (documentFate === fate.exactDuplicate) return 'duplicate/exact';
  if (documentFate === fate.nearDuplicate) return 'duplicate/near';
  return leaks ? 'split/leak' : undefined;
}

function firstPart(source: string): string {
  const slash = source.indexOf('/', source.startsWith('@') ? source.indexOf('/') + 1 : 0);
  return slash < 0 ? source : source.slice(0, slash);
}

function largest(sources: ReadonlyMap<string, { numDocuments: number; numBytes: number }>): BuildReport['sources'] {
  const sorted = [...sources]
    .map(([source, amount]) => ({ source, ...amount }))
    .sort((a, b) => b.numBytes - a.numBytes || (a.source < b.source ? -1 : 1));
  const rest = sorted.splice(numSources);
  if (rest.length > 0) {
    const numDocuments = rest.reduce((sum, one) => sum + one.numDocuments, 0);
    sorted.push({ source: '(other)', numDocuments, numBytes: rest.reduce((sum, one) => sum + one.numBytes, 0) });
  }
  return sorted;
}
