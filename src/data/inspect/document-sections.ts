import {
  barChart,
  code,
  details,
  figure,
  formatBytes,
  formatCount,
  formatShare,
  keyFigures,
  type Markup,
  paragraph,
  type Section,
  sample,
  subheading,
  table,
} from '../../page/index.ts';
import type { BuildReport } from '../build-report.ts';
import type { DatasetInspection } from './inspection.ts';
import { languageName, languagesOf, placeName, plural, removedBy, shareOf, totalRemoved } from './wording.ts';

type Amount = { readonly numDocuments: number; readonly numBytes: number };
type Sample = BuildReport['removed'][number]['samples'][number];

/** How many bars a chart shows; the table below it holds all. */
const maxBars = 20;

/** Documents, share and bytes of several things, as bars and as a table. */
function amounts(
  options: {
    readonly title: string;
    readonly noun: string;
    readonly kind: 'text' | 'code';
    readonly whole: number;
    readonly wholeName: string;
  },
  rows: readonly (Amount & { readonly name: string; readonly label?: string })[],
): Markup[] {
  const { title, noun, kind, whole, wholeName } = options;
  const share = (amount: Amount) => formatShare(shareOf(amount.numDocuments, whole));
  const foremost = [...rows].sort((a, b) => b.numDocuments - a.numDocuments);
  const [first] = foremost;
  const chart = barChart({
    title,
    description:
      first === undefined ? 'Nothing.' : `${first.name} has the most: ${plural(first.numDocuments, 'document')}.`,
    direction: 'horizontal',
    value: { label: 'documents' },
    bars: foremost
      .slice(0, maxBars)
      .map((one) => ({ label: one.label ?? one.name, value: one.numDocuments, note: share(one) })),
  });
  const all = table({
    caption: `${title}, with shares of the ${wholeName}`,
    columns: [
      { heading: noun, kind },
      { heading: 'Documents', kind: 'number' },
      { heading: 'Share', kind: 'number' },
      { heading: 'Bytes', kind: 'number' },
    ],
    rows: rows.map((one) => [
      one.label ?? one.name,
      formatCount(one.numDocuments),
      share(one),
      formatBytes(one.numBytes),
    ]),
  });
  return [
    figure(chart, rows.length > maxBars ? `The first ${maxBars} of ${rows.length}.` : undefined),
    details('The numbers', all),
  ];
}

function excerpts(samples: readonly Sample[]): Markup[] {
  return samples.map((one) => sample({ about: code(placeName(one)), text: one.excerpt }));
}

/** What was removed, by which rule, with examples. */
export function removalsSection(inspection: DatasetInspection): Section {
  const { read, kept, removed } = inspection.report;
  const all = totalRemoved(inspection);
  const heading = 'Removed';
  if (removed.length === 0) {
    return { heading, contents: [paragraph(`All ${plural(read.numDocuments, 'document')} that were read were kept.`)] };
  }
  const percent = formatShare(shareOf(all.numDocuments, read.numDocuments));
  return {
    heading,
    contents: [
      paragraph(
        `Of ${plural(read.numDocuments, 'document')} that were read (${formatBytes(read.numBytes)}), ` +
          `${formatCount(all.numDocuments)} were removed (${percent}, ${formatBytes(all.numBytes)}) ` +
          `and ${formatCount(kept.numDocuments)} kept. A document is counted for the first rule that it breaks.`,
      ),
      ...amounts(
        {
          title: 'Documents removed by each rule',
          noun: 'Rule',
          kind: 'code',
          whole: read.numDocuments,
          wholeName: 'documents read',
        },
        removed.map(({ rule, ...amount }) => ({ name: rule, ...amount })),
      ),
      subheading('Examples'),
      ...removed
        .filter(({ samples }) => samples.length > 0)
        .map(({ rule, numDocuments, samples }) =>
          details(`${rule} · ${plural(numDocuments, 'document')}`, ...excerpts(samples)),
        ),
    ],
  };
}

/** Files of the corpus that gave no documents. */
export function skippedFilesSection({ skippedFiles }: BuildReport): Section | undefined {
  if (skippedFiles.length === 0) return undefined;
  return {
    heading: 'Skipped files',
    contents: [
      table({
        caption: 'Files of the corpus that were not read',
        columns: [{ heading: 'Reason' }, { heading: 'Files', kind: 'number' }, { heading: 'Such as', kind: 'wide' }],
        rows: skippedFiles.map(({ reason, numFiles, samples }) => [
          reason,
          formatCount(numFiles),
          samples.map((path, index) => [index === 0 ? '' : ', ', code(path)]),
        ]),
      }),
    ],
  };
}

/** What was changed and kept. */
export function editsSection({ edited, read }: BuildReport): Section | undefined {
  if (edited.length === 0) return undefined;
  return {
    heading: 'Changed',
    contents: [
      paragraph('Steps that changed documents and kept them.'),
      table({
        caption: 'Changes by rule, with shares of the documents read',
        columns: [
          { heading: 'Rule', kind: 'code' },
          { heading: 'Documents', kind: 'number' },
          { heading: 'Share', kind: 'number' },
          { heading: 'Changes', kind: 'number' },
        ],
        rows: edited.map(({ rule, numDocuments, numEdits }) => [
          rule,
          formatCount(numDocuments),
          formatShare(shareOf(numDocuments, read.numDocuments)),
          formatCount(numEdits),
        ]),
      }),
      ...edited
        .filter(({ samples }) => samples.length > 0)
        .map(({ rule, numEdits, samples }) => details(`${rule} · ${plural(numEdits, 'change')}`, ...excerpts(samples))),
    ],
  };
}

const numGroupsUnfolded = 3;

/** How much of it was there twice, and the largest groups of it. */
export function duplicatesSection(inspection: DatasetInspection): Section {
  const { duplicateGroups } = inspection.report;
  const exact = removedBy(inspection, 'duplicate/exact');
  const near = removedBy(inspection, 'duplicate/near');
  const figures = [
    { label: 'exact duplicates removed', value: formatCount(exact.numDocuments), note: formatBytes(exact.numBytes) },
    { label: 'near-duplicates removed', value: formatCount(near.numDocuments), note: formatBytes(near.numBytes) },
  ];
  const groups = duplicateGroups.map(({ numDocuments, kept, removed }) => [
    sample({ about: [`${plural(numDocuments, 'document')}, kept: `, code(placeName(kept))], text: kept.excerpt }),
    details(`Removed for it (${removed.length} of ${formatCount(numDocuments - 1)})`, ...excerpts(removed)),
  ]);
  const rest = groups.slice(numGroupsUnfolded);
  return {
    heading: 'Duplicates',
    contents: [
      keyFigures(figures),
      ...(groups.length === 0 ? [] : [subheading('The largest groups')]),
      ...groups.slice(0, numGroupsUnfolded),
      ...(rest.length === 0 ? [] : [details(`${plural(rest.length, 'more group')}`, ...rest)]),
    ],
  };
}

/** In which languages it is. */
export function languagesSection(inspection: DatasetInspection): Section | undefined {
  const found = languagesOf(inspection);
  if (found.length === 0) return undefined;
  const whole = found.reduce((sum, { numDocuments }) => sum + numDocuments, 0);
  return {
    heading: 'Languages',
    contents: amounts(
      {
        title: 'Documents by language, before the language rule',
        noun: 'Language',
        kind: 'text',
        whole,
        wholeName: 'documents identified',
      },
      found.map(({ code: name, ...amount }) => ({ name, label: languageName(name), ...amount })),
    ),
  };
}

/** Where it comes from. */
export function sourcesSection({ sources: found, kept }: BuildReport): Section | undefined {
  if (found.length === 0) return undefined;
  return {
    heading: 'Sources',
    contents: amounts(
      {
        title: 'Documents kept, by source',
        noun: 'Source',
        kind: 'code',
        whole: kept.numDocuments,
        wholeName: 'documents kept',
      },
      found.map(({ source, ...amount }) => ({ name: source, ...amount })),
    ),
  };
}
