import {
  code,
  details,
  figure,
  formatBytes,
  formatCompact,
  formatCount,
  formatNumber,
  formatShare,
  histogram,
  keyFigures,
  linePlot,
  type Mark,
  type Markup,
  page,
  paragraph,
  type Section,
  sample,
  subheading,
  table,
} from '../../page/index.ts';
import type { Distribution } from './distribution.ts';
import {
  duplicatesSection,
  editsSection,
  languagesSection,
  removalsSection,
  skippedFilesSection,
  sourcesSection,
} from './document-sections.ts';
import type { DatasetInspection, JudgedDocument, Sizes } from './inspection.ts';
import {
  bytesPerToken,
  flatSettings,
  percentile,
  plural,
  removedBy,
  sampleNote,
  shareOf,
  tokenName,
  tokensPerByte,
} from './wording.ts';

/** What there is to see in a dataset, as a page of HTML that stands alone. */
export function inspectionAsPage(inspection: DatasetInspection): string {
  const { name, report, createdBy, fingerprint, parts } = inspection;
  const sections: readonly (Section | undefined)[] = [
    overview(inspection),
    removalsSection(inspection),
    skippedFilesSection(report),
    editsSection(report),
    duplicatesSection(inspection),
    lengths(inspection),
    languagesSection(inspection),
    sourcesSection(report),
    tokens(inspection),
    likelihood(inspection),
    making(inspection),
  ];
  return page({
    title: name,
    lead:
      `A dataset of ${plural(inspection.total.numDocuments, 'document')}: ${formatCompact(parts.train.numTokens)} tokens to train on, ` +
      `${formatBytes(parts.validation.numBytes)} of text to validate with.`,
    sections: sections.filter((section) => section !== undefined),
    footer: `Fingerprint ${fingerprint}, made by Groundwork ${createdBy.groundwork}.`,
  });
}

function overview(inspection: DatasetInspection): Section {
  const { total, parts, report, bigram, diskBytes, vocabularySize, tokenType } = inspection;
  const row = (name: string, part: Sizes): Markup[] => [
    name,
    formatCount(part.numDocuments),
    formatBytes(part.numBytes),
    formatShare(shareOf(part.numBytes, total.numBytes)),
    formatCount(part.numTokens),
    formatNumber(bytesPerToken(part)),
    formatNumber(tokensPerByte(part)),
    formatCount(part.numShards),
  ];
  const leaked = removedBy(inspection, 'split/leak').numDocuments;
  return {
    heading: 'Sizes',
    contents: [
      keyFigures([
        {
          label: 'documents',
          value: formatCount(total.numDocuments),
          note: `${formatShare(shareOf(report.kept.numDocuments, report.read.numDocuments))} of ${formatCount(report.read.numDocuments)} read`,
        },
        { label: 'text', value: formatBytes(total.numBytes), note: `${formatBytes(diskBytes)} on disk` },
        { label: 'tokens', value: formatCompact(total.numTokens), note: `stored as ${tokenType}` },
        {
          label: 'bytes per token',
          value: formatNumber(bytesPerToken(total)),
          note: `a vocabulary of ${formatCount(vocabularySize)}`,
        },
        ...(bigram.validationBitsPerByte === null
          ? []
          : [
              {
                label: 'bits per byte',
                value: formatNumber(bigram.validationBitsPerByte),
                note: 'a bigram model on the validation text',
              },
            ]),
      ]),
      table({
        caption: 'The two parts',
        columns: [
          { heading: 'Part' },
          ...['Documents', 'Bytes', 'Share', 'Tokens', 'Bytes per token', 'Tokens per byte', 'Shards'].map(
            (heading) => ({
              heading,
              kind: 'number' as const,
            }),
          ),
        ],
        rows: [row('train', parts.train), row('validation', parts.validation), row('both', total)],
      }),
      paragraph(
        leaked === 0
          ? 'No training document had to be removed for being too much like a document of the validation part.'
          : `${plural(leaked, 'training document')} ${leaked === 1 ? 'was' : 'were'} removed for being too much like a document of ` +
              'the validation part.',
      ),
    ],
  };
}

function lengths({ lengths: { bytes, tokens: inTokens } }: DatasetInspection): Section | undefined {
  if (bytes.count === 0) return undefined;
  const plot = (title: string, label: string, distribution: Distribution, write: (value: number) => string) =>
    figure(
      histogram({
        title,
        description: `Half of the documents have at most ${write(percentile(distribution, 50))}.`,
        x: { label, scale: 'log', format: label.startsWith('bytes') ? 'bytes' : 'compact' },
        y: { label: 'documents' },
        bins: distribution.bins,
        marks: [mark('median', percentile(distribution, 50), write), mark('95 %', percentile(distribution, 95), write)],
      }),
    );
  const words: { readonly [percent: number]: string } = { 0: 'shortest', 50: 'median', 100: 'longest' };
  const writeTokens = (value: number) => `${formatCompact(value)} tokens`;
  return {
    heading: 'Lengths',
    contents: [
      plot('Documents by length in bytes', 'bytes of a document', bytes, formatBytes),
      plot('Documents by length in tokens', 'tokens of a document', inTokens, writeTokens),
      table({
        caption: 'Percentiles: so many of the documents are no longer',
        columns: [
          { heading: 'Documents' },
          { heading: 'Bytes', kind: 'number' },
          { heading: 'Tokens', kind: 'number' },
        ],
        rows: [
          ...bytes.percentiles.map(({ percent, value }) => [
            words[percent] ?? `${percent} %`,
            formatCount(value),
            formatCount(percentile(inTokens, percent)),
          ]),
          ['mean', formatCount(bytes.mean), formatCount(inTokens.mean)],
        ],
      }),
    ],
  };
}

function mark(name: string, at: number, write: (value: number) => string): Mark {
  return { at, label: `${name}: ${write(at)}` };
}

function tokens(inspection: DatasetInspection): Section {
  const { numTokens, mostFrequent, numUnused, numRare, longestUnused, entropy, ranks } = inspection.tokens;
  const [first] = mostFrequent;
  return {
    heading: 'Tokens',
    contents: [
      paragraph(
        `${sampleNote(inspection)} Blanks are shown as ␣, line feeds as ⏎; begin tokens are left out of the statistics.`,
      ),
      keyFigures([
        {
          label: 'tokens that are not used',
          value: formatCount(numUnused),
          note: `of ${formatCount(inspection.vocabularySize)}`,
        },
        { label: 'used less than ten times', value: formatCount(numRare) },
        { label: 'entropy of the frequencies', value: `${formatNumber(entropy)} bits` },
      ]),
      figure(
        linePlot({
          title: 'Counts of tokens by rank',
          description:
            first === undefined ? 'No tokens.' : `The most frequent token occurs ${formatCount(first.count)} times.`,
          x: { label: 'rank', scale: 'log', format: 'compact' },
          y: { label: 'count', scale: 'log', format: 'compact' },
          series: [{ name: 'tokens', points: ranks.map(({ rank, count }) => [rank, count] as const) }],
        }),
        'On two logarithms a law like Zipf’s is a straight line.',
      ),
      table({
        caption: 'The most frequent tokens',
        columns: [
          { heading: 'Token', kind: 'code' },
          { heading: 'Number', kind: 'number' },
          { heading: 'Count', kind: 'number' },
          { heading: 'Share', kind: 'number' },
        ],
        rows: mostFrequent
          .slice(0, 20)
          .map(({ token, text, count }) => [
            tokenName(text),
            formatCount(token),
            formatCount(count),
            formatShare(shareOf(count, numTokens)),
          ]),
      }),
      ...(longestUnused.length === 0
        ? []
        : [
            details(
              `The longest tokens that are not used (${longestUnused.length} of ${formatCount(numUnused)})`,
              paragraph(longestUnused.map(({ text }) => [code(tokenName(text)), '  '])),
            ),
          ]),
    ],
  };
}

function likelihood({ bigram }: DatasetInspection): Section {
  const { distribution, validationBitsPerByte, trainBitsPerByte, mostLikely, leastLikely, minBytes } = bigram;
  const bits = (value: number | null) => (value === null ? 'none' : formatNumber(value, 4));
  const documents = (title: string, judged: readonly JudgedDocument[]): Markup =>
    judged.length === 0
      ? []
      : [
          subheading(title),
          judged.map(({ bitsPerByte, numBytes, document, excerpt }) =>
            sample({
              about: `${formatNumber(bitsPerByte)} bits per byte · ${formatBytes(numBytes)} · training document ${formatCount(document)}`,
              text: excerpt,
            }),
          ),
        ];
  return {
    heading: 'Likelihood',
    contents: [
      paragraph(
        'A bigram model (Kneser–Ney) foretells each token from the one before it. It was made from ',
        `${formatCompact(bigram.numTokens)} training tokens. A training document is judged by the model of all others, `,
        'so that its own words do not speak for it. Documents that are very likely are often templates and lists; ',
        'those that are very unlikely are often damaged, or in another language.',
      ),
      keyFigures([
        { label: 'bits per byte, validation', value: bits(validationBitsPerByte), note: 'a baseline for any model' },
        { label: 'bits per byte, training', value: bits(trainBitsPerByte), note: 'each by the model of all others' },
      ]),
      ...(distribution.count === 0
        ? []
        : [
            figure(
              histogram({
                title: 'Training documents by their bits per byte',
                description: `The median is ${formatNumber(percentile(distribution, 50))} bits per byte.`,
                x: { label: 'bits per byte' },
                y: { label: 'documents' },
                bins: distribution.bins,
                marks: [mark('median', percentile(distribution, 50), (value) => formatNumber(value))],
              }),
              `${plural(distribution.count, 'document')} of ${formatCount(minBytes)} bytes or more.`,
            ),
          ]),
      documents('Most likely', mostLikely),
      documents('Least likely', leastLikely),
    ],
  };
}

function making({ settings, fingerprints }: DatasetInspection): Section {
  return {
    heading: 'How it was made',
    contents: [
      table({
        caption: 'Settings of the build',
        columns: [
          { heading: 'Setting', kind: 'code' },
          { heading: 'Value', kind: 'wide' },
        ],
        rows: flatSettings(settings),
      }),
      table({
        caption: 'Fingerprints: equal ones mean that equal things were made in the same way',
        columns: [{ heading: 'Of the' }, { heading: 'SHA-256', kind: 'code' }],
        rows: Object.entries(fingerprints),
      }),
    ],
  };
}
