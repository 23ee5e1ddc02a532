import { closeSync, existsSync, mkdtempSync, openSync, rmSync, statSync, writeFileSync, writeSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { GroundworkError } from '../../src/core/index.ts';
import { nodeFileSystem } from '../../src/core/node.ts';
import { type Dataset, openDataset } from '../../src/data/index.ts';
import { parseTokenizer } from '../../src/tokenizer/index.ts';
import { largeUsage, parseLargeFlags } from './flags.ts';
import { type MeasuredProcess, measureProcess } from './measured-process.ts';
import { PlantedCorpus } from './planted-corpus.ts';
import { type PlantedFindings, PlantedLedger, textKey } from './planted-ledger.ts';
import { demoTexts, sentencesOf, speeches } from './real-text.ts';

const groundwork = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

const numWorkers = 2;
const targets = { peakBytes: 1.5e9, recall: 0.95, precision: 0.99 };

/** `bench data-large`: prints what a large build took and found, and last one line of JSON. */
export async function runLargeBenchmark(args: readonly string[]): Promise<void> {
  const { sizeBytes, jsonPath, help } = parseLargeFlags(args);
  if (help) {
    print(largeUsage);
    return;
  }
  requireBuild();
  const folder = mkdtempSync(join(tmpdir(), 'groundwork-data-large-'));
  try {
    const source = join(folder, 'corpus.jsonl');
    log('making the corpus');
    const ledger = await writeCorpus(source, sizeBytes);
    const corpusBytes = statSync(source).size;
    log(`building a dataset of ${count(ledger.numDocuments)} documents, ${(corpusBytes / 1e9).toFixed(3)} GB`);
    const target = join(folder, 'dataset');
    const flags = ['--out', target, '--workers', String(numWorkers), '--vocabulary', '8192', '--json'];
    const build = await measureProcess(process.execPath, [groundwork, 'data', 'build', source, ...flags]);
    if (build.exitCode !== 0) {
      throw new GroundworkError('engine-failure', `the build ended with ${build.exitCode}: ${build.stderr}`, {
        hint: 'Look at what it says; without a build there is nothing to measure.',
      });
    }
    log('reading the dataset');
    const dataset = openDataset(nodeFileSystem, target);
    const { removed } = dataset.report();
    const numLeaks = removed.find(({ rule }) => rule === 'split/leak')?.numDocuments ?? 0;
    const found = ledger.findings(keptAt(dataset, ledger), numLeaks);
    dataset.close();
    print(textOf(corpusBytes, build, found));
    const { stdout: _, stderr: __, ...measured } = build;
    const counts = removed.map(({ rule, numDocuments }) => ({ rule, numDocuments }));
    const record = {
      benchmark: 'data-large',
      corpusBytes,
      numWorkers,
      targets,
      build: measured,
      removed: counts,
      found,
    };
    if (jsonPath !== undefined) writeFileSync(jsonPath, `${JSON.stringify(record, undefined, 2)}\n`);
    print(JSON.stringify(record));
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
}

/** Our own command, as it is installed. @throws `usage` where the checkout was not built */
export function requireBuild(): string {
  if (existsSync(groundwork)) return groundwork;
  throw new GroundworkError('usage', `${groundwork} is missing`, { hint: 'Run npm run build first.' });
}

async function writeCorpus(path: string, sizeBytes: number): Promise<PlantedLedger> {
  const texts = [...speeches(), ...(await demoTexts('dictionary'))];
  const corpus = new PlantedCorpus([...new Set(texts.flatMap(sentencesOf))]);
  const ledger = new PlantedLedger();
  const file = openSync(path, 'w');
  try {
    let written = 0;
    let lines = '';
    while (written + lines.length < sizeBytes) {
      const planted = corpus.at(ledger.numDocuments);
      ledger.add(planted);
      lines += `${JSON.stringify({ text: planted.text })}\n`;
      if (lines.length < 2 ** 22) continue;
      written += writeSync(file, lines);
      lines = '';
    }
    writeSync(file, lines);
  } finally {
    closeSync(file);
  }
  return ledger;
}

/**
 * For each place of a text's first occurrence, how often the dataset holds it. The texts are those that its tokens decode to,
 * so a text that came out otherwise than it went in shows too.
 */
function keptAt(dataset: Dataset, ledger: PlantedLedger): Uint32Array {
  const tokenizer = parseTokenizer(dataset.tokenizer());
  const kept = new Uint32Array(ledger.numDocuments);
  for (const part of [dataset.train, dataset.validation]) {
    for (let document = 0; document < part.numDocuments; document++) {
      const text = tokenizer.decodeBytes(part.documentTokens(document).subarray(1));
      const place = ledger.placeOf(textKey(text));
      if (place === undefined) {
        throw new GroundworkError('engine-failure', `document ${document} of ${part.name} is none of the corpus`, {
          hint: 'The build changed a text that it should have left as it was.',
        });
      }
      kept[place] = (kept[place] ?? 0) + 1;
    }
  }
  return kept;
}

function textOf(corpusBytes: number, build: MeasuredProcess, found: PlantedFindings): string {
  const { wallSeconds, processorSeconds, peakBytes, peakBytesByStage } = build;
  const { exact, near, precision, falselyRemoved } = found;
  const share = (value: number): string => value.toFixed(4);
  const verdict = (isMet: boolean): string => (isMet ? 'met' : 'MISSED');
  return [
    `corpus           ${(corpusBytes / 1e9).toFixed(3)} GB, ${count(found.numDocuments)} documents`,
    `build            ${wallSeconds.toFixed(0)} s, ${(corpusBytes / 1e6 / wallSeconds).toFixed(1)} MB/s on ${numWorkers} workers; ${processorSeconds.toFixed(0)} s of processor time`,
    `memory           ${(peakBytes / 1e6).toFixed(0)} MB at its peak, target < ${targets.peakBytes / 1e6} MB: ${verdict(peakBytes < targets.peakBytes)}`,
    ...Object.entries(peakBytesByStage).map(
      ([stage, bytes]) => `                 ${(bytes / 1e6).toFixed(0)} MB ${stage || 'starting'}`,
    ),
    `exact copies     ${count(exact.planted)} planted, recall ${share(exact.recall)}, target ≥ ${targets.recall}: ${verdict(exact.recall >= targets.recall)}`,
    `near copies      ${count(near.planted)} planted, recall ${share(near.recall)}, target ≥ ${targets.recall}: ${verdict(near.leastRecall >= targets.recall)}`,
    `                 at least ${share(near.leastRecall)} by deduplication alone (${count(found.numLeaks)} leaks into validation were removed after it)`,
    ...found.byJaccard.map(
      ({ jaccard, planted, found: caught }) =>
        `                 ${share(caught / planted)} of ${count(planted)} at Jaccard ${jaccard}`,
    ),
    `precision        ${precision.toFixed(6)} of ${count(found.numRemoved)} removed (${count(falselyRemoved)} wrongly), target ≥ ${targets.precision}: ${verdict(precision >= targets.precision)}`,
  ].join('\n');
}

const count = (value: number): string => value.toLocaleString('en-US');
const log = (line: string): void => void process.stderr.write(`${line}\n`);
const print = (text: string): void => void process.stdout.write(`${text}\n`);
