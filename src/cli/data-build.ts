import { availableParallelism } from 'node:os';
import {
  type BuildSettings,
  type BuiltDataset,
  buildDataset,
  buildSettingsSchema,
  type CleaningOptions,
  type CleaningPreset,
  cleaningPresets,
  corpusSizeBytes,
  headerFields,
  joinedRecords,
  nameAfter,
  type RecordStream,
  readCorpus,
  readEvaluationTexts,
  readSourceCode,
  redactionKinds,
} from '../data/index.ts';
import { readTokenizer } from '../tokenizer/node.ts';
import type { Command, Terminal } from './command-line.ts';
import { type FlagKinds, type Flags, mostWorkers, parseFlags, usageFault } from './flags.ts';
import { progressDisplay } from './progress-display.ts';
import { byteText, table } from './text-table.ts';
import { groundworkVersion } from './version.ts';

/** Flags that say what a build does with its corpus; `data demo` has them too, with other defaults. */
export const buildFlags = {
  out: { type: 'string' },
  replace: { type: 'boolean' },
  restart: { type: 'boolean' },
  clean: { type: 'string' },
  language: { type: 'string', multiple: true },
  rule: { type: 'string', multiple: true },
  redact: { type: 'string', multiple: true },
  'keep-exact-duplicates': { type: 'boolean' },
  'keep-near-duplicates': { type: 'boolean' },
  evaluation: { type: 'string', multiple: true },
  validation: { type: 'string' },
  'max-validation': { type: 'string' },
  'leak-similarity': { type: 'string' },
  vocabulary: { type: 'string' },
  tokenizer: { type: 'string' },
  workers: { type: 'string' },
  json: { type: 'boolean' },
} satisfies FlagKinds;

const readingFlags = {
  code: { type: 'string', multiple: true },
  format: { type: 'string' },
  'text-field': { type: 'string' },
  header: { type: 'string' },
  'group-field': { type: 'string' },
  documents: { type: 'string' },
  'max-document': { type: 'string' },
  'on-fault': { type: 'string' },
} satisfies FlagKinds;

export const buildFlagHelp = `Cleaning and duplicates
  --clean PRESET         ${cleaningPresets.join(', ')}: how strictly documents are judged (default: none,
                         which leaves every text as it is)
  --language CODE        keep documents in this language only, such as en; may be repeated
  --rule STEP.NAME=VALUE another threshold, such as gopher-quality.minWords=30; may be repeated
  --redact KIND          replace email, ip, phone or secret; may be repeated
  --keep-exact-duplicates, --keep-near-duplicates
  --evaluation NAME=FILE remove documents that share 13 words in a row with these texts (JSONL or plain lines); may
                         be repeated

Split and tokenizer
  --validation SHARE     share of the documents (or groups) that is held out (default: 0.02)
  --max-validation SIZE  the most text that is held out (default: 16M)
  --leak-similarity X    Jaccard index from which a training document is too much like one held out (default: 0.7)
  --vocabulary N         size of the vocabulary that is trained (default: 8192)
  --tokenizer FILE       a tokenizer.json or .tiktoken file to use instead

Running
  --workers N            threads (default: one per core); the result is the same for any number
  --replace              put the new dataset in the place of one that exists
  --restart              throw away what a build that was stopped had done
  --json                 print the account as JSON`;

/** `groundwork data build`: a corpus becomes a dataset. */
export const dataBuildCommand: Command = {
  help: `usage: groundwork data build INPUT... [--code FOLDER]... [--out FOLDER] [OPTIONS]

Makes a dataset of text: reads, cleans, removes duplicates, splits without leakage, tokenizes. INPUT is a file, a folder, a
glob, or - for standard input; formats are told by name and content: text, Markdown, HTML, JSON lines, Parquet, also
compressed by gzip or zstd. A build that is stopped, however hard, goes on from there when the same command is given again.

Reading
  --out FOLDER           where the dataset goes (default: datasets/NAME after the first input)
  --code FOLDER          source code of the packages installed there, such as node_modules; may be repeated
  --format FORMAT        text, markdown, html, jsonl or parquet, whatever the files are called
  --text-field NAME      the field of a record that holds its text (default: text)
  --header TEMPLATE      put before each document, such as "{year} {name}: " from fields of its record
  --group-field NAME     documents that agree in this field are held out together
  --documents UNIT       one document per file, paragraph or line of a text file (default: file)
  --max-document SIZE    longest document, such as 8M
  --on-fault POLICY      skip (and count) what cannot be read, or stop (default: skip)

${buildFlagHelp}

Exit codes: 0 built, 2 wrong usage, 5 disk full, a path that is missing or may not be used, another build at work, 6 text
that cannot be used (nothing left, a broken record under --on-fault stop), 7 stopped by a signal.`,
  run: async (args, terminal) => {
    const flags = parseFlags(
      'data build',
      args,
      { ...buildFlags, ...readingFlags },
      { least: 0, most: Number.POSITIVE_INFINITY },
    );
    const code = flags.texts('code');
    if (flags.words.length === 0 && code.length === 0) throw usageFault('data build', 'nothing to read was named');
    const settings = settingsFrom('data build', flags, {
      textField: flags.text('text-field'),
      header: flags.text('header'),
      groupField: flags.text('group-field'),
      documents: flags.oneOf('documents', ['file', 'paragraph', 'line']),
      maximumDocumentBytes: flags.size('max-document'),
      onFault: flags.oneOf('on-fault', ['skip', 'stop']),
    });
    const format = flags.oneOf('format', ['text', 'markdown', 'html', 'jsonl', 'parquet']);
    const metadataFields = [...headerFields(settings.header), ...(settings.groupField ? [settings.groupField] : [])];
    const records = joinedRecords([
      ...(flags.words.length === 0
        ? []
        : [
            readCorpus(flags.words, {
              ...(format && { format }),
              documents: settings.documents,
              maximumDocumentBytes: settings.maximumDocumentBytes,
              textField: settings.textField,
              metadataFields,
              ...(terminal.input && { standardInput: terminal.input }),
            }),
          ]),
      ...code.map((folder) => readSourceCode(folder, { maximumDocumentBytes: settings.maximumDocumentBytes })),
    ]);
    const first = flags.words[0] ?? code[0] ?? '';
    await runBuild('data build', flags, terminal, {
      name: nameAfter(first),
      records,
      totalBytes: async () => (code.length > 0 ? undefined : corpusSizeBytes(flags.words)),
      settings,
      defaultPreset: 'none',
    });
  },
};

/** The settings of a build from its flags, over the defaults of the command and those of the schema. */
export function settingsFrom(
  command: string,
  flags: Flags,
  defaults: { readonly [name in keyof BuildSettings]?: BuildSettings[name] | undefined },
): BuildSettings {
  const given = {
    ...defaults,
    ...(flags.isSet('keep-exact-duplicates') && { removeExactDuplicates: false }),
    ...(flags.isSet('keep-near-duplicates') && { removeNearDuplicates: false }),
    validationFraction: flags.number('validation', 1e-6, 0.999999) ?? defaults.validationFraction,
    maximumValidationBytes: flags.size('max-validation') ?? defaults.maximumValidationBytes,
    leakSimilarity: flags.number('leak-similarity', 0.1, 1) ?? defaults.leakSimilarity,
    vocabularySize: flags.wholeNumber('vocabulary', 257) ?? defaults.vocabularySize,
  };
  const settings = buildSettingsSchema.safeParse(
    Object.fromEntries(Object.entries(given).filter(([, value]) => value !== undefined)),
  );
  if (settings.success) return settings.data;
  const [issue] = settings.error.issues;
  throw usageFault(command, `${issue?.path.join('.')}: ${issue?.message}`);
}

/** What is built, apart from what the flags say. */
export interface BuildTask {
  readonly name: string;
  readonly records: RecordStream;
  /** Asked for once the flags are understood. */
  readonly totalBytes: () => Promise<number | undefined>;
  readonly settings: BuildSettings;
  readonly defaultPreset: CleaningPreset;
}

/** Builds with the flags that `data build` and `data demo` share, and prints the account. */
export async function runBuild(command: string, flags: Flags, terminal: Terminal, task: BuildTask): Promise<void> {
  const folder = flags.text('out') ?? `datasets/${task.name}`;
  if (folder.trim() === '') throw usageFault(command, '--out is empty, expected a folder');
  const tokenizerPath = flags.text('tokenizer');
  const cleaning: CleaningOptions = {
    preset: flags.oneOf('clean', cleaningPresets) ?? task.defaultPreset,
    languages: flags.texts('language'),
    redact: flags.allOf('redact', redactionKinds),
    rules: flags.texts('rule'),
  };
  const evaluations = await Promise.all(
    flags.texts('evaluation').map((given) => {
      const [, name, path] = /^([^=]+)=(.+)$/.exec(given) ?? [];
      if (name === undefined || path === undefined) {
        throw usageFault(command, `--evaluation is "${given}", expected NAME=FILE`);
      }
      return readEvaluationTexts(name, path);
    }),
  );
  const numWorkers = flags.wholeNumber('workers', 1, mostWorkers) ?? availableParallelism();
  const tokenizer = tokenizerPath === undefined ? undefined : readTokenizer(tokenizerPath);
  const totalBytes = await task.totalBytes();
  const built = await buildDataset({
    folder,
    records: task.records,
    totalBytes,
    settings: task.settings,
    cleaning,
    evaluations,
    tokenizer,
    replace: flags.isSet('replace'),
    restart: flags.isSet('restart'),
    numWorkers,
    groundworkVersion: groundworkVersion(),
    signal: terminal.signal,
    onProgress: progressDisplay(terminal),
  });
  terminal.live?.('');
  terminal.out(flags.isSet('json') ? JSON.stringify(summaryOf(built)) : accountOf(built, folder));
}

function summaryOf({ folder, manifest, report }: BuiltDataset) {
  const { fingerprint, vocabularySize, train, validation } = manifest;
  const counts = ({ numTokens, numDocuments, numBytes }: typeof train) => ({ numTokens, numDocuments, numBytes });
  return { folder, fingerprint, vocabularySize, train: counts(train), validation: counts(validation), report };
}

/** What a build did, for people. */
function accountOf({ manifest, report }: BuiltDataset, folder: string): string {
  const { train, validation, vocabularySize } = manifest;
  const share = (part: number, whole: number) => `${((100 * part) / Math.max(1, whole)).toFixed(1)} %`;
  const rows: string[][] = [
    ['read', count(report.read.numDocuments), byteText(report.read.numBytes), ''],
    ...report.removed.map(({ rule, numDocuments, numBytes }) => [
      `- ${rule}`,
      count(numDocuments),
      byteText(numBytes),
      share(numDocuments, report.read.numDocuments),
    ]),
    ['kept', count(report.kept.numDocuments), byteText(report.kept.numBytes), ''],
  ];
  const skipped = report.skippedFiles.map(({ reason, numFiles }) => `${count(numFiles)} ${reason}`).join(', ');
  const bytesPerToken = train.numBytes / Math.max(1, train.numTokens - train.numDocuments);
  return [
    table(['', 'documents', 'text', 'of documents'], rows),
    '',
    ...(skipped === '' ? [] : [`files passed over: ${skipped}`]),
    `training:   ${count(train.numTokens)} tokens in ${documents(train.numDocuments)}`,
    `validation: ${count(validation.numTokens)} tokens in ${documents(validation.numDocuments)}, ${byteText(validation.numBytes)}`,
    `vocabulary: ${count(vocabularySize)} tokens, ${bytesPerToken.toFixed(2)} bytes a token`,
    `dataset:    ${folder} (${manifest.fingerprint.slice(0, 12)})`,
    '',
    `Look at it: groundwork data inspect ${folder}`,
  ].join('\n');
}

const count = (value: number): string => value.toLocaleString('en-US');
const documents = (value: number): string => (value === 1 ? 'one document' : `${count(value)} documents`);
