import { existsSync, mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { buildSync } from 'esbuild';
import { z } from 'zod';
import { GroundworkError } from '../../src/core/index.ts';
import { createCleaningPipeline } from '../../src/data/index.ts';
import { serializeTokenizer, trainTokenizer } from '../../src/tokenizer/index.ts';
import { describeMachine } from '../step/machine.ts';
import { type Agreement, agreementOf } from './agreement.ts';
import { dataUsage, parseDataFlags } from './flags.ts';
import { requireBuild } from './large-benchmark.ts';
import { type MeasuredProcess, measureProcess } from './measured-process.ts';
import { agreementText, stageTable } from './report.ts';
import { ruleOfReason } from './rule-names.ts';
import { cleaningStages, type SideResult, type StageName } from './stages.ts';
import { type CorpusDocument, webLikeCorpus } from './web-like-corpus.ts';

const checkout = fileURLToPath(new URL('../..', import.meta.url));
const peer = join(checkout, 'bench', 'peers', 'datatrove');
const children = join(checkout, '.bench', 'data');

/** One core for each side; the second is for our build on two workers. */
const [oneCore, twoCores] = ['0', '0,1'];
const vocabularySize = 8192;

/** `bench data`: prints a table of stages, the documents on which the sides differ, and last one line of JSON. */
export async function runDataBenchmark(args: readonly string[]): Promise<void> {
  const { sizeBytes, rounds, jsonPath, help } = parseDataFlags(args);
  if (help) {
    print(dataUsage);
    return;
  }
  const groundwork = requireBuild();
  const folder = mkdtempSync(join(tmpdir(), 'groundwork-data-'));
  try {
    log('making the corpus and a tokenizer');
    const documents = await normalised(webLikeCorpus(sizeBytes));
    const corpus = join(folder, 'corpus');
    mkdirSync(corpus);
    const source = join(corpus, 'corpus.jsonl');
    writeFileSync(source, documents.map((document) => `${JSON.stringify(document)}\n`).join(''));
    const tokenizer = join(folder, 'tokenizer.json');
    writeFileSync(tokenizer, trainedTokenizer(documents));

    log('the stages of Groundwork');
    bundleChild();
    const resultOf = async (result: string, run: Promise<MeasuredProcess>): Promise<SideResult> => {
      await run;
      return JSON.parse(readFileSync(result, 'utf8')) as SideResult;
    };
    const stageArgs = [join(children, 'ours.js'), source, tokenizer, join(folder, 'stages'), join(folder, 'ours.json')];
    const ours = await resultOf(join(folder, 'ours.json'), soundly(process.execPath, stageArgs, { cores: oneCore }));

    const build = (numWorkers: number, cores: string) => {
      const target = join(folder, `dataset-${numWorkers}`);
      rmSync(target, { recursive: true, force: true });
      const flags = ['--clean', 'web', '--tokenizer', tokenizer, '--workers', String(numWorkers), '--out', target];
      return soundly(process.execPath, [groundwork, 'data', 'build', source, ...flags, '--json'], { cores });
    };
    log('the build of Groundwork');
    const one = await fastest(rounds, () => build(1, oneCore));
    const two = await fastest(rounds, () => build(2, twoCores));

    const python = join(peer, '.venv', 'bin', 'python');
    let theirs: SideResult | undefined;
    let theirRun: MeasuredProcess | undefined;
    if (existsSync(python)) {
      log('datatrove');
      theirRun = await fastest(rounds, () => {
        const work = join(folder, 'datatrove');
        rmSync(work, { recursive: true, force: true });
        const pipeline = [join(peer, 'pipeline.py'), corpus, tokenizer, work, join(folder, 'theirs.json')];
        // Libraries that count cores themselves are told of one.
        const names = ['RAYON_NUM_THREADS', 'OMP_NUM_THREADS', 'OPENBLAS_NUM_THREADS'];
        const environment = {
          ...Object.fromEntries(names.map((name) => [name, '1'])),
          TOKENIZERS_PARALLELISM: 'false',
        };
        return soundly(python, pipeline, { cores: oneCore, environment });
      });
      theirs = inOurWords(JSON.parse(readFileSync(join(folder, 'theirs.json'), 'utf8')) as SideResult);
    }

    const counts = buildCounts(one, two);
    const machine = describeMachine();
    const bytes = bytesEntering(documents, ours);
    const table = { bytes, ours, theirs, one, two, theirRun };
    print(stageTable(table));
    print(`the build keeps ${counts.kept} documents and ${counts.leaks} that are like one of validation`);
    const agreement = theirs && agreementOf(documents, ours, theirs);
    if (agreement) print(`\n${agreementText(agreement)}`);
    const measured = (run: MeasuredProcess | undefined) =>
      run && { ...run, stdout: undefined, stderr: undefined, peakBytesByStage: undefined };
    const sides = {
      ours: {
        seconds: ours.seconds,
        numTokens: ours.numTokens,
        counts,
        oneWorker: measured(one),
        twoWorkers: measured(two),
      },
      datatrove: theirs && { seconds: theirs.seconds, numTokens: theirs.numTokens, run: measured(theirRun) },
    };
    const record = { benchmark: 'data', machine, bytes, ...sides, agreement };
    if (jsonPath !== undefined) writeFileSync(jsonPath, `${JSON.stringify(record, undefined, 2)}\n`);
    print(JSON.stringify({ ...record, agreement: agreement && withoutLists(agreement) }));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** The documents as our normalisation leaves them, so that both sides judge the same text; datatrove has no such step. */
async function normalised(documents: AsyncIterable<CorpusDocument>): Promise<CorpusDocument[]> {
  const pipeline = await createCleaningPipeline({ preset: 'none', rules: ['normalisation.enabled=true'] });
  const found: CorpusDocument[] = [];
  for await (const { id, text } of documents) {
    const result = pipeline.clean(text);
    if (result.kept) found.push({ id, text: result.text });
  }
  return found;
}

function trainedTokenizer(documents: readonly CorpusDocument[]): string {
  const encoder = new TextEncoder();
  const sample = documents.slice(0, 4000).map(({ text }) => encoder.encode(text));
  return serializeTokenizer(trainTokenizer(sample, { vocabularySize, specialTokens: ['<|bos|>'] }));
}

/** Compiles our child to plain JavaScript, so that it runs as the installed program does. */
function bundleChild(): void {
  buildSync({
    entryPoints: [fileURLToPath(new URL('./children/ours.ts', import.meta.url))],
    outdir: children,
    bundle: true,
    packages: 'external',
    platform: 'node',
    format: 'esm',
    target: 'node20',
    logLevel: 'error',
  });
}

async function soundly(...[command, args, options]: Parameters<typeof measureProcess>): Promise<MeasuredProcess> {
  const run = await measureProcess(command, args, options);
  if (run.exitCode === 0) return run;
  const last = run.stderr.trimEnd().split('\n').slice(-5).join('\n');
  throw new GroundworkError('engine-failure', `${command} ${args[0]} ended with ${run.exitCode}: ${last}`, {
    hint: 'Without it there is nothing to compare.',
  });
}

/** The run that took the processor least. */
async function fastest(rounds: number, run: () => Promise<MeasuredProcess>): Promise<MeasuredProcess> {
  let best = await run();
  for (let round = 1; round < rounds; round++) {
    const next = await run();
    if (next.processorSeconds < best.processorSeconds) best = next;
  }
  return best;
}

const account = z.object({
  fingerprint: z.string(),
  report: z.object({
    kept: z.object({ numDocuments: z.number() }),
    removed: z.array(z.object({ rule: z.string(), numDocuments: z.number() })),
  }),
});

/** What our builds kept, which for any number of workers is the same to the byte. */
function buildCounts(one: MeasuredProcess, two: MeasuredProcess): { readonly kept: number; readonly leaks: number } {
  const [{ report, fingerprint }, other] = [one, two].map(({ stdout }) => account.parse(JSON.parse(stdout))) as [
    z.infer<typeof account>,
    z.infer<typeof account>,
  ];
  if (fingerprint !== other.fingerprint) {
    throw new GroundworkError('engine-failure', 'one worker and two made different datasets', {
      hint: 'A fault of ours: builds are to be the same for any number of workers.',
    });
  }
  const leaks = report.removed.find(({ rule }) => rule === 'split/leak')?.numDocuments ?? 0;
  return { kept: report.kept.numDocuments, leaks };
}

const inOurWords = (result: SideResult): SideResult => ({
  ...result,
  removed: Object.fromEntries(Object.entries(result.removed).map(([id, reason]) => [id, ruleOfReason(reason)])),
});

/** Bytes of text that enter each stage, by what was removed here: the two sides differ by a thousandth. */
function bytesEntering(documents: readonly CorpusDocument[], { removed, groups }: SideResult) {
  const bytes: { [stage in StageName | 'all']?: number } = {};
  const add = (stage: StageName | 'all', size: number) => {
    bytes[stage] = (bytes[stage] ?? 0) + size;
  };
  for (const { id, text } of documents) {
    const size = Buffer.byteLength(text);
    for (const stage of ['all', 'read', 'normalisation'] as const) add(stage, size);
    const step = removed[id]?.split('/')[0];
    if (step === 'normalisation') continue;
    for (const stage of cleaningStages) {
      add(stage, size);
      if (stage === step) break;
    }
    if (step !== undefined) continue;
    for (const stage of ['write documents', 'MinHash signatures', 'MinHash grouping'] as const) add(stage, size);
    if (groups[id]?.kept !== false) add('tokenize and write', size);
  }
  return bytes;
}

function withoutLists({ cleaningDifferences: _, duplicateDifferences: __, ...counts }: Agreement) {
  return counts;
}

const log = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (text: string): void => void process.stdout.write(`${text}\n`);
