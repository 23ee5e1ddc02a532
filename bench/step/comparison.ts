import { GroundworkError, present, randomStream } from '../../src/core/index.ts';
import { Contestant } from './contestant.ts';
import { passesGate } from './gate.ts';
import type { Machine } from './machine.ts';
import { gemmShapes, type ModelName, models } from './models.ts';
import type { RowResult } from './outcome.ts';
import { type Places, rowCommand } from './row-command.ts';
import { planRow, type RowSpec, rowSpecs } from './rows.ts';
import { median, shuffled } from './statistics.ts';

export interface ComparisonOptions {
  readonly rows: readonly RowSpec[];
  readonly rounds: number;
  readonly slow: boolean;
  readonly timeoutMs: number;
  readonly machine: Machine;
  readonly places: Places;
  readonly specPath: string;
  /** Told what happens, one line at a time. */
  readonly log: (line: string) => void;
}

/** All rows on one model. */
export interface Comparison {
  readonly model: ModelName;
  /** Losses of ours on the CPU, which every row has to agree with. */
  readonly referenceLosses: readonly (number | null)[];
  readonly rows: readonly RowResult[];
}

/** Starts every row, checks its first losses, and times all of them in interleaved rounds. */
export async function compareOn(model: ModelName, options: ComparisonOptions): Promise<Comparison> {
  const { rows, slow, machine, log } = options;
  const contestants = rows.map((spec) => new Contestant(spec, planRow(spec, model, slow, machine.hasBfloat16)));
  try {
    const referenceLosses = await openReference(contestants, model, options);
    for (const contestant of contestants) await openAndCheck(contestant, referenceLosses, model, options);
    await runRounds(contestants, model, options);
    const results = contestants.map((contestant) => ({
      spec: contestant.spec,
      note: noteOn(contestant.spec, machine),
      outcome: contestant.outcome(gemmShapes(models[model])),
    }));
    return { model, referenceLosses, rows: results };
  } finally {
    log(`${model}: ending the rows`);
    await Promise.all(contestants.map((contestant) => contestant.close()));
  }
}

/** The losses of ours on the CPU; by a process of its own where none of the rows is ours on the CPU. */
async function openReference(
  contestants: readonly Contestant[],
  model: ModelName,
  options: ComparisonOptions,
): Promise<readonly (number | null)[]> {
  const isReference = ({ id }: RowSpec) => id.startsWith('ours-cpu');
  const chosen = contestants.find(({ spec }) => isReference(spec));
  const spec = chosen?.spec ?? present(rowSpecs.find(isReference), 'the row of ours on the CPU');
  const contestant = chosen ?? new Contestant(spec, { kind: 'full' });
  await openRow(contestant, model, options);
  if (!chosen) await contestant.close();
  const { losses } = contestant;
  if (losses?.every((loss) => loss !== null)) return losses;
  const outcome = contestant.outcome([]);
  const reason = outcome.kind === 'none' ? outcome.reason : `its losses are ${losses?.join(', ')}`;
  throw new GroundworkError('engine-failure', `${spec.label}, which every row is checked against, failed: ${reason}`, {
    hint: `Mend that first; npm run bench -- step --models ${model} --rows ${spec.id} runs it alone.`,
  });
}

async function openAndCheck(
  contestant: Contestant,
  reference: readonly (number | null)[],
  model: ModelName,
  options: ComparisonOptions,
): Promise<void> {
  if (!contestant.losses) await openRow(contestant, model, options);
  const { losses, spec } = contestant;
  if (!losses || spec.kind === 'gemm' || passesGate(losses, reference)) return;
  options.log(`${model}: ${spec.id} FAILED the check of losses: ${losses.join(', ')}`);
  await contestant.disqualify();
}

async function openRow(contestant: Contestant, model: ModelName, options: ComparisonOptions): Promise<void> {
  const { spec, plan } = contestant;
  if (plan.kind === 'skip') return;
  options.log(`${model}: starting ${spec.id}`);
  await contestant.open(rowCommand(spec, options.places, options.specPath), options.timeoutMs);
  if (contestant.losses) return;
  const outcome = contestant.outcome([]);
  if (outcome.kind === 'none') options.log(`${model}: ${spec.id} ${outcome.reason}`);
}

async function runRounds(
  contestants: readonly Contestant[],
  model: ModelName,
  { rounds, log }: ComparisonOptions,
): Promise<void> {
  for (let round = 0; round < rounds; round++) {
    const order = shuffled(contestants, randomStream(1, `order.${model}.${round}`));
    for (const contestant of order.filter((candidate) => candidate.takesPart(round))) {
      const burst = await contestant.takeTurn(round);
      const { id } = contestant.spec;
      if (!burst) {
        log(`${model}: round ${round + 1} of ${rounds}: ${id} failed`);
        continue;
      }
      const others = burst.othersCores === undefined ? '' : `, others ${burst.othersCores.toFixed(2)} cores`;
      const disturbed = burst.isDisturbed ? ` DISTURBED after ${burst.attempts} attempts` : '';
      const ms = median(burst.stepMs).toFixed(1);
      log(
        `${model}: round ${round + 1} of ${rounds}: ${id} ${ms} ms, ${burst.stepMs.length} steps${others}${disturbed}`,
      );
    }
  }
}

function noteOn(spec: RowSpec, machine: Machine): string | undefined {
  const isEmulated = spec.precision === 'bfloat16' && !machine.hasBfloat16;
  return isEmulated ? 'emulated: this processor has no bf16' : undefined;
}
