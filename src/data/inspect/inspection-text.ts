import { formatBytes, formatCompact, formatCount, formatNumber, formatShare } from '../../page/index.ts';
import type { Distribution } from './distribution.ts';
import type { DatasetInspection, JudgedDocument } from './inspection.ts';
import { fitCells, flowText, textBar, textTable, visible, wrapText } from './terminal-text.ts';
import {
  bytesPerToken,
  flatSettings,
  languageName,
  languagesOf,
  percentile,
  placeName,
  removedBy,
  sampleNote,
  shareOf,
  tokenName,
  tokensPerByte,
  totalRemoved,
} from './wording.ts';

const maxWidth = 100;
/** How many rows of a long list are shown; the page and the JSON form hold them all. */
const maxRows = 12;

/** What there is to see in a dataset, for a terminal: lines of at most 100 cells, each ended by a line feed. */
export function inspectionAsText(inspection: DatasetInspection): string {
  const sections: (readonly string[])[] = [
    [fitCells(visible(inspection.name), maxWidth), `fingerprint ${inspection.fingerprint}`],
    sizes(inspection),
    removals(inspection),
    skippedFiles(inspection),
    edits(inspection),
    duplicates(inspection),
    languages(inspection),
    sources(inspection),
    lengths(inspection),
    tokens(inspection),
    likelihood(inspection),
    making(inspection),
  ];
  return `${sections
    .filter((lines) => lines.length > 0)
    .map((lines) => lines.join('\n'))
    .join('\n\n')}\n`;
}

const right = (heading: string) => ({ heading, align: 'right' as const });
const left = (heading: string, shrinksTo = 12) => ({ heading, shrinksTo });

function sizes({ parts, total, diskBytes, vocabularySize, tokenType }: DatasetInspection): string[] {
  const rows = Object.entries({ train: parts.train, validation: parts.validation, total }).map(([name, part]) => [
    name,
    formatCount(part.numDocuments),
    formatBytes(part.numBytes),
    formatShare(shareOf(part.numBytes, total.numBytes)),
    formatCount(part.numTokens),
    formatNumber(bytesPerToken(part)),
    formatNumber(tokensPerByte(part)),
    formatCount(part.numShards),
  ]);
  const columns = ['documents', 'bytes', 'share', 'tokens', 'bytes/token', 'tokens/byte', 'shards'];
  return [
    'SIZES',
    ...textTable([left('part'), ...columns.map(right)], rows, { maxWidth }),
    `${formatBytes(diskBytes)} on disk; a vocabulary of ${formatCount(vocabularySize)}, stored as ${tokenType}`,
  ];
}

function removals(inspection: DatasetInspection): string[] {
  const { read, kept, removed } = inspection.report;
  const all = totalRemoved(inspection);
  const row = (name: string, amount: { numDocuments: number; numBytes: number }) => [
    name,
    formatCount(amount.numDocuments),
    formatShare(shareOf(amount.numDocuments, read.numDocuments)),
    formatBytes(amount.numBytes),
  ];
  const ruleRows = removed.map(({ rule, ...amount }) => row(`  ${rule}`, amount));
  const rows = [row('read', read), row('removed', all), ...ruleRows, row('kept', kept)];
  const examples = removed.flatMap(({ rule, samples }) =>
    samples
      .slice(0, 1)
      .flatMap((sample) => [
        `  ${fitCells(visible(rule), maxWidth - 2)}`,
        ...quoted(placeName(sample), sample.excerpt),
      ]),
  );
  return [
    'DOCUMENTS',
    ...textTable([left(''), right('documents'), right('share'), right('bytes')], rows, { maxWidth }),
    ...(examples.length === 0 ? [] : ['', 'An example of what each rule removed:', ...examples]),
  ];
}

/** An excerpt on one or two lines, under where it is from. */
function quoted(about: string, excerpt: string, indent = 4): string[] {
  const lines = wrapText(excerpt.trim(), maxWidth, indent);
  const shown = lines.slice(0, 2);
  const last = shown.length - 1;
  if (lines.length > 2) shown[last] = `${fitCells(shown[last] ?? '', maxWidth - 1)}…`.replace(/ ?…+$/, '…');
  return [' '.repeat(indent) + fitCells(visible(about), maxWidth - indent), ...shown];
}

function skippedFiles({ report }: DatasetInspection): string[] {
  if (report.skippedFiles.length === 0) return [];
  const rows = report.skippedFiles.map(({ reason, numFiles, samples }) => [
    reason,
    formatCount(numFiles),
    samples.slice(0, 3).join(', '),
  ]);
  const columns = [left('reason', 20), right('files'), left('such as', 20)];
  return ['FILES THAT WERE NOT READ', ...textTable(columns, rows, { maxWidth })];
}

function edits({ report }: DatasetInspection): string[] {
  if (report.edited.length === 0) return [];
  const rows = report.edited.map(({ rule, numDocuments, numEdits }) => [
    rule,
    formatCount(numDocuments),
    formatShare(shareOf(numDocuments, report.read.numDocuments)),
    formatCount(numEdits),
  ]);
  return [
    'CHANGED WITHOUT BEING REMOVED',
    ...textTable([left('rule'), right('documents'), right('share'), right('changes')], rows, { maxWidth }),
  ];
}

function duplicates(inspection: DatasetInspection): string[] {
  const { duplicateGroups, read } = inspection.report;
  const rows = ['exact', 'near'].map((kind) => {
    const { numDocuments, numBytes } = removedBy(inspection, `duplicate/${kind}`);
    return [
      kind,
      formatCount(numDocuments),
      formatShare(shareOf(numDocuments, read.numDocuments)),
      formatBytes(numBytes),
    ];
  });
  const groups = duplicateGroups
    .slice(0, 3)
    .flatMap(({ numDocuments, kept }) =>
      quoted(`${formatCount(numDocuments)} documents like ${placeName(kept)}`, kept.excerpt, 2),
    );
  return [
    'DUPLICATES REMOVED',
    ...textTable([left(''), right('documents'), right('share'), right('bytes')], rows, { maxWidth }),
    ...(groups.length === 0 ? [] : ['', 'The largest groups:', ...groups]),
  ];
}

function languages(inspection: DatasetInspection): string[] {
  const found = languagesOf(inspection);
  if (found.length === 0) return [];
  const total = found.reduce((sum, { numDocuments }) => sum + numDocuments, 0);
  const rows = found
    .slice(0, maxRows)
    .map(({ code, numDocuments, numBytes }) => [
      languageName(code),
      code,
      formatCount(numDocuments),
      formatShare(shareOf(numDocuments, total)),
      formatBytes(numBytes),
    ]);
  const columns = [left('language'), left('code', 4), right('documents'), right('share'), right('bytes')];
  return ['LANGUAGES', ...textTable(columns, rows, { maxWidth }), ...andMore(found.length)];
}

function sources({ report }: DatasetInspection): string[] {
  if (report.sources.length === 0) return [];
  const rows = report.sources
    .slice(0, maxRows)
    .map(({ source, numDocuments, numBytes }) => [
      source,
      formatCount(numDocuments),
      formatShare(shareOf(numDocuments, report.kept.numDocuments)),
      formatBytes(numBytes),
    ]);
  const columns = [left('source'), right('documents'), right('share'), right('bytes')];
  return ['SOURCES OF WHAT WAS KEPT', ...textTable(columns, rows, { maxWidth }), ...andMore(report.sources.length)];
}

const andMore = (count: number): string[] => (count > maxRows ? [`and ${formatCount(count - maxRows)} more`] : []);

function lengths({ lengths: { bytes, tokens: inTokens } }: DatasetInspection): string[] {
  if (bytes.count === 0) return [];
  const rows = bytes.percentiles.map(({ percent, value }) => [
    percent === 0 ? 'shortest' : percent === 50 ? 'median' : percent === 100 ? 'longest' : `${percent} %`,
    formatBytes(value),
    formatCount(percentile(inTokens, percent)),
  ]);
  return [
    'LENGTHS',
    ...textTable([left('documents up to'), right('bytes'), right('tokens')], rows, { maxWidth }),
    '',
    ...bars(bytes, ({ from, to }) => `${formatBytes(from)} to ${formatBytes(to)}`),
  ];
}

function bars({ bins }: Distribution, name: (bin: { from: number; to: number }) => string): string[] {
  const greatest = Math.max(...bins.map(({ count }) => count));
  const rows = bins.map((bin) => [name(bin), formatCount(bin.count), textBar(bin.count, greatest, 48)]);
  return textTable([right(''), right('documents'), { heading: '' }], rows, { maxWidth });
}

function tokens(inspection: DatasetInspection): string[] {
  const { numTokens, mostFrequent, numUnused, numRare, longestUnused, entropy } = inspection.tokens;
  const cells = mostFrequent.map(({ text, count }) => [tokenName(text), formatShare(shareOf(count, numTokens))]);
  const numColumns = 4;
  const rows = Array.from({ length: Math.ceil(Math.min(cells.length, 20) / numColumns) }, (_, row) =>
    cells.slice(row * numColumns, (row + 1) * numColumns).flat(),
  );
  const columns = Array.from({ length: numColumns }, () => [{ ...left('', 14) }, right('')]).flat();
  const unused = longestUnused.map(({ text }) => visible(tokenName(text)));
  return [
    'TOKENS',
    ...wrapText(sampleNote(inspection), maxWidth),
    ...wrapText(
      `${formatCount(numUnused)} of ${formatCount(inspection.vocabularySize)} tokens are not used and ${formatCount(numRare)} ` +
        `less than ten times; the entropy of their frequencies is ${formatNumber(entropy)} bits`,
      maxWidth,
    ),
    ...(rows.length === 0
      ? []
      : ['', 'The most frequent:', ...textTable(columns, rows, { maxWidth, indent: 2 }).slice(1)]),
    ...(unused.length === 0
      ? []
      : ['', 'The longest that are not used:', ...flowText(unused, maxWidth, 2).slice(0, 3)]),
  ];
}

function likelihood({ bigram }: DatasetInspection): string[] {
  const value = (bits: number | null) => (bits === null ? 'none' : `${formatNumber(bits, 4)} bits per byte`);
  const named = (title: string, documents: readonly JudgedDocument[]) =>
    documents.length === 0
      ? []
      : [
          '',
          title,
          ...documents
            .slice(0, 5)
            .flatMap(({ bitsPerByte, numBytes, document, excerpt }) =>
              quoted(
                `${formatNumber(bitsPerByte)} bits per byte, ${formatBytes(numBytes)}, training document ${formatCount(document)}`,
                excerpt,
                2,
              ),
            ),
        ];
  return [
    'A BIGRAM MODEL',
    ...textTable(
      [left(''), { heading: '' }],
      [
        ['made from', `${formatCompact(bigram.numTokens)} training tokens`],
        ['validation', value(bigram.validationBitsPerByte)],
        ['training, each document by the model of all others', value(bigram.trainBitsPerByte)],
      ],
      { maxWidth },
    ).slice(1),
    ...named('Most likely documents:', bigram.mostLikely),
    ...named('Least likely documents:', bigram.leastLikely),
  ];
}

function making({ settings, fingerprints, createdBy }: DatasetInspection): string[] {
  const rows = [
    ...flatSettings(settings),
    ...Object.entries(fingerprints).map(([name, value]) => [`fingerprint of the ${name}`, value] as const),
    ['built by', `groundwork ${createdBy.groundwork}`] as const,
  ];
  return ['HOW IT WAS MADE', ...textTable([left('', 32), left('', 64)], rows, { maxWidth }).slice(1)];
}
