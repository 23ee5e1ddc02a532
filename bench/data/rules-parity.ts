import { spawnSync } from 'node:child_process';
import { existsSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { type CleaningResult, createCleaningPipeline } from '../../src/data/cleaning/pipeline.ts';
import { type ParityDocument, parityDocuments } from './parity-documents.ts';
import { ruleOfReason } from './rule-names.ts';

/**
 * Holds the rules of cleaning against datatrove's over the same documents: `tsx bench/data/rules-parity.ts [--list N]`.
 * Both are given the text as our normalisation leaves it. Prints, for each filter and for the whole chain, in how many
 * documents the decision and the reason agree, and the documents in which they do not.
 */
const peer = 'bench/peers/datatrove';
const filters = ['gopher-repetition', 'gopher-quality', 'c4', 'fineweb'] as const;

const ruleOf = (filter: string, reason: string | null): string =>
  reason === null ? 'kept' : ruleOfReason(`${filter}/${reason}`);

function runPeer(documents: readonly ParityDocument[]): Record<string, unknown>[] {
  const folder = mkdtempSync(join(tmpdir(), 'rules-parity-'));
  const [source, target] = [join(folder, 'in.jsonl'), join(folder, 'out.jsonl')];
  writeFileSync(source, documents.map(({ id, text }) => `${JSON.stringify({ id, text })}\n`).join(''));
  const command = spawnSync(join(peer, '.venv/bin/python'), [join(peer, 'filters.py'), 'each', source, target], {
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  if (command.status !== 0) throw new Error(`datatrove ended with ${command.status}`);
  const lines = readFileSync(target, 'utf8').trim().split('\n');
  rmSync(folder, { recursive: true });
  return lines.map((line) => JSON.parse(line) as Record<string, unknown>);
}

const verdictOf = (result: CleaningResult): string => (result.kept ? 'kept' : result.rule);

/** Counts agreement of one filter, or of the chain, and prints what differs. */
class Comparison {
  #decisions = 0;
  #reasons = 0;
  #texts = 0;
  #count = 0;
  #kept = 0;
  readonly #byRule = new Map<string, [agree: number, total: number]>();
  readonly #differences: string[] = [];

  add(document: ParityDocument, theirs: string, theirText: string, ours: CleaningResult): void {
    const verdict = verdictOf(ours);
    this.#count++;
    if (theirs === 'kept') this.#kept++;
    const isSameDecision = (theirs === 'kept') === ours.kept;
    const isSameText = !ours.kept || theirs !== 'kept' || ours.text === theirText;
    if (isSameDecision) this.#decisions++;
    if (theirs === verdict) this.#reasons++;
    if (isSameText) this.#texts++;
    const rule = this.#byRule.get(theirs) ?? [0, 0];
    this.#byRule.set(theirs, [rule[0] + (theirs === verdict ? 1 : 0), rule[1] + 1]);
    if (theirs === verdict && isSameText) return;
    const detail = ours.kept ? (isSameText ? '' : 'other text') : ours.detail;
    this.#differences.push(`  ${document.id} ${document.kind}: datatrove ${theirs}, here ${verdict} ${detail}`);
  }

  print(name: string, most: number): void {
    const share = (count: number): string => `${((100 * count) / this.#count).toFixed(2)} %`;
    console.log(`${name}: ${this.#count} documents, kept by datatrove ${this.#kept}`);
    console.log(
      `  same decision ${share(this.#decisions)}, same reason ${share(this.#reasons)}, same text ${share(this.#texts)}`,
    );
    for (const [rule, [agree, total]] of [...this.#byRule].sort()) console.log(`    ${agree}/${total} ${rule}`);
    for (const difference of this.#differences.slice(0, most)) console.log(difference);
  }
}

const { argv } = process;
const most = argv.includes('--list') ? Number(argv[argv.indexOf('--list') + 1]) : 20;
if (!existsSync(join(peer, '.venv'))) throw new Error(`Run sh ${peer}/setup.sh first.`);
const normalise = await createCleaningPipeline({ preset: 'none', rules: ['normalisation.enabled=true'] });
const documents = parityDocuments().flatMap((document) => {
  const result = normalise.clean(document.text);
  return result.kept ? [{ ...document, text: result.text }] : [];
});

const each = runPeer(documents);
for (const filter of filters) {
  const pipeline = await createCleaningPipeline({ preset: 'none', rules: [`${filter}.enabled=true`] });
  const comparison = new Comparison();
  for (const [index, document] of documents.entries()) {
    const theirs = each[index]?.[filter] as { reason: string | null; text?: string };
    comparison.add(
      document,
      ruleOf(filter, theirs.reason),
      theirs.text ?? document.text,
      pipeline.clean(document.text),
    );
  }
  comparison.print(filter, most);
}
const web = await createCleaningPipeline({ preset: 'web' });
const comparison = new Comparison();
for (const [index, document] of documents.entries()) {
  const theirs = each[index]?.chain as { filter: string; reason: string | null; text?: string };
  comparison.add(document, ruleOf(theirs.filter, theirs.reason), theirs.text ?? '', web.clean(document.text));
}
comparison.print('web', most);
