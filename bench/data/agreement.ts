import type { SideResult } from './stages.ts';
import type { CorpusDocument } from './web-like-corpus.ts';

/** A document on which the two sides differ. */
export interface Difference {
  readonly id: string;
  readonly ours: string;
  readonly theirs: string;
}

export interface Agreement {
  readonly numDocuments: number;
  /** Documents that the rules of cleaning leave, and that are left behind deduplication. */
  readonly ours: { readonly cleaned: number; readonly kept: number };
  readonly theirs: { readonly cleaned: number; readonly kept: number };
  /** Documents that both keep or both remove by cleaning; and of which both name the same rule. */
  readonly sameDecision: number;
  readonly sameRule: number;
  readonly byRule: readonly {
    readonly rule: string;
    readonly ours: number;
    readonly theirs: number;
    readonly both: number;
  }[];
  readonly cleaningDifferences: readonly Difference[];
  /** Of the documents that both left to deduplication: those that stand in a group on one side only. */
  readonly duplicates: {
    readonly compared: number;
    readonly bothRemoved: number;
    readonly onlyOurs: number;
    readonly onlyTheirs: number;
    /** Documents of groups that both found and of which they keep different ones. */
    readonly otherRepresentative: number;
  };
  readonly duplicateDifferences: readonly Difference[];
}

const kept = 'kept';

/** Holds what the two sides did with each document against each other. */
export function agreementOf(documents: readonly CorpusDocument[], ours: SideResult, theirs: SideResult): Agreement {
  const byRule = new Map<string, { ours: number; theirs: number; both: number }>();
  const entry = (rule: string) => {
    const found = byRule.get(rule) ?? { ours: 0, theirs: 0, both: 0 };
    byRule.set(rule, found);
    return found;
  };
  const cleaningDifferences: Difference[] = [];
  const duplicateDifferences: Difference[] = [];
  const duplicates = { compared: 0, bothRemoved: 0, onlyOurs: 0, onlyTheirs: 0, otherRepresentative: 0 };
  let [sameDecision, sameRule] = [0, 0];
  for (const { id } of documents) {
    const [one, other] = [ours.removed[id] ?? kept, theirs.removed[id] ?? kept];
    entry(one).ours++;
    entry(other).theirs++;
    if ((one === kept) === (other === kept)) sameDecision++;
    if (one === other) {
      sameRule++;
      entry(one).both++;
    } else cleaningDifferences.push({ id, ours: one, theirs: other });
    if (one !== kept || other !== kept) continue;
    duplicates.compared++;
    const [mine, its] = [ours.groups[id], theirs.groups[id]];
    const [isMine, isIts] = [mine?.kept === false, its?.kept === false];
    if (isMine && isIts) duplicates.bothRemoved++;
    if (isMine === isIts) continue;
    const isGroupedByBoth = mine !== undefined && its !== undefined;
    if (isGroupedByBoth) duplicates.otherRepresentative++;
    else if (isMine) duplicates.onlyOurs++;
    else duplicates.onlyTheirs++;
    const name = (side: SideResult['groups'][string] | undefined): string =>
      side === undefined ? kept : `${side.kept ? 'kept for its group' : 'duplicate'} ${side.group}`;
    duplicateDifferences.push({ id, ours: name(mine), theirs: name(its) });
  }
  const countsOf = (side: SideResult) => {
    const cleaned = documents.length - Object.keys(side.removed).length;
    return { cleaned, kept: cleaned - Object.values(side.groups).filter((member) => !member.kept).length };
  };
  return {
    numDocuments: documents.length,
    ours: countsOf(ours),
    theirs: countsOf(theirs),
    sameDecision,
    sameRule,
    byRule: [...byRule].map(([rule, counts]) => ({ rule, ...counts })).sort((a, b) => (a.rule < b.rule ? -1 : 1)),
    cleaningDifferences,
    duplicates,
    duplicateDifferences,
  };
}
