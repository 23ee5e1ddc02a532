import { GroundworkError, present, type RandomStream, randomStream } from '../../core/index.ts';
import type { Engine, NumericData, Session } from '../../engine/index.ts';
import { isFloating, nodeAt, type Program, sizeOf } from '../../tensor/index.ts';
import { type ForwardNames, type ForwardProgram, forwardProgram } from './interpretation.ts';

export interface ProbeOptions extends ForwardNames {
  /** Of weights and tokens. Default 0. */
  readonly seed?: number;
  /** How many times weights and tokens are drawn, each time at another magnitude. Default 3. */
  readonly numDraws?: number;
  /** Token ids are drawn below this. Default: the smallest table that tokens are looked up in, or else the last axis of the logits. */
  readonly vocabularySize?: number;
  /** Further positions at which the future is changed, besides the ends, the middle and the borders of blocks. */
  readonly positions?: readonly number[];
  /**
   * Logits may differ by this share of the largest logit without counting as a leak. Default 0, bit for bit: engines give the same
   * bits for the same numbers, and a matrix product does not look at the neighbours of a row.
   */
  readonly tolerance?: number;
}

/** Logits that changed with a token that they must not depend on. */
export interface ProbedLeak {
  readonly outputPosition: { readonly row: number; readonly time: number };
  /** From this position of this row on, tokens were changed. */
  readonly changed: { readonly row: number; readonly time: number };
  /** The largest change of a logit there. */
  readonly difference: number;
  /** All of it in one sentence. */
  readonly sentence: string;
}

/**
 * Deviations of each draw: of matrices before they are divided by the root of their fan-in, and of everything smaller. Moderate ones
 * leave gates open and activations unsaturated; huge ones show a mask that large scores outgrow.
 */
const draws = [
  { matrices: 2, vectors: 1 },
  { matrices: 1e3, vectors: 1e4 },
  { matrices: 0.5, vectors: 3 },
  { matrices: 10, vectors: 0.1 },
] as const;

/**
 * Runs a forward pass on random weights (whatever a recipe would start them from: a gate at zero hides what is behind it) at full length,
 * changes the tokens after a position or those of another row, and compares the logits that must not have noticed.
 *
 * @param program inputs `tokens` int32 [B, T] and others, parameters as state, output `logits` [B, T, V]. B of 2 or more also
 *   shows rows that see each other
 * @returns undefined if nothing changed, else the first change found
 * @throws GroundworkError `invalid-recipe` if no draw gives finite logits, so that nothing can be seen
 */
export async function probeForLeaks(
  engine: Engine,
  program: Program,
  options: ProbeOptions = {},
): Promise<ProbedLeak | undefined> {
  const forward = forwardProgram(program, options);
  const { seed = 0, numDraws = 3 } = options;
  const session = await engine.load(program);
  let hasSeen = false;
  try {
    for (let draw = 0; draw < numDraws; draw++) {
      const random = randomStream(seed, `causality.probe.${draw}`);
      await randomize(session, random, draws[draw % draws.length] ?? draws[0]);
      const { leak, isInformative } = await probeOnce(session, forward, random, options);
      if (leak) return leak;
      hasSeen ||= isInformative;
    }
    if (!hasSeen) {
      throw new GroundworkError(
        'invalid-recipe',
        `the logits are not finite in any of ${numDraws} draws of random weights`,
        {
          hint: 'Keep activations finite for weights of moderate size, for instance by norms; else nothing can be said of the model.',
        },
      );
    }
    return undefined;
  } finally {
    await session.close();
  }
}

/**
 * Refuses a model in which the probe sees a leak.
 *
 * @throws GroundworkError `future-leak`, with the position and by how much it changed
 */
export async function requireNoLeakInProbe(
  engine: Engine,
  program: Program,
  options: ProbeOptions = {},
): Promise<void> {
  const found = await probeForLeaks(engine, program, options);
  if (!found) return;
  throw new GroundworkError('future-leak', `the model looks ahead: ${found.sentence}`, {
    hint: 'Logits at position t may depend on tokens of their own row up to t only. See where later positions come in.',
  });
}

/** Gives every state numbers: matrices by their fan-in, so that activations keep their size. */
async function randomize(
  session: Session,
  random: RandomStream,
  { matrices, vectors }: (typeof draws)[number],
): Promise<void> {
  const { program } = session;
  for (const [name, { node }] of Object.entries(program.state)) {
    const { shape, dtype } = nodeAt(program, node);
    if (!isFloating(dtype)) continue;
    const fanIn = shape.length > 1 ? (shape.at(-1) ?? 1) : 1;
    const scale = shape.length > 1 ? matrices / Math.sqrt(fanIn) : vectors;
    const data = new Float32Array(sizeOf(shape));
    for (let i = 0; i < data.length; i++) data[i] = scale * random.nextNormal();
    await session.set(name, data);
  }
}

async function probeOnce(
  session: Session,
  forward: ForwardProgram,
  random: RandomStream,
  options: ProbeOptions,
): Promise<{ readonly leak: ProbedLeak | undefined; readonly isInformative: boolean }> {
  const { program, batchSize, contextLength } = forward;
  const tokensName = options.tokens ?? 'tokens';
  const vocabularySize = options.vocabularySize ?? smallestTable(forward);
  const drawn = twoVocabularies(vocabularySize, random);
  const tokens = Int32Array.from({ length: batchSize * contextLength }, () => drawn.before());
  const others = otherInputs(program, tokensName);
  const run = async (changed: Int32Array): Promise<NumericData> => {
    const outputs = await session.run({ ...others, [tokensName]: changed });
    return present(outputs[options.logits ?? 'logits'], 'logits');
  };
  const before = await run(tokens);
  for (const position of positionsToProbe(contextLength, random, options.positions ?? [])) {
    // Each round changes one row from a position on: earlier positions and all other rows must stay.
    const row = random.nextInteger(batchSize);
    const start = row * contextLength;
    const changed = tokens.slice();
    for (let time = position + 1; time < contextLength; time++) {
      changed[start + time] = drawn.after();
    }
    const after = await run(changed);
    // 0 · ∞ is NaN, at honest positions too: such a draw shows nothing.
    if (!areFinite(before) || !areFinite(after)) return { leak: undefined, isInformative: false };
    const leak = compare(forward, before, after, row, position + 1, options.tolerance ?? 0);
    if (leak) return { leak, isInformative: true };
  }
  return { leak: undefined, isInformative: true };
}

function areFinite(numbers: NumericData): boolean {
  return numbers.every((x: number) => Number.isFinite(x));
}

/**
 * Tokens of one half of the vocabulary before a change and of the other half after it: a change then brings in what was nowhere in the
 * text, which a maximum over a long text would else not notice.
 */
function twoVocabularies(size: number, random: RandomStream): { before(): number; after(): number } {
  const ids = Array.from({ length: size }, (_, i) => i);
  for (let i = size - 1; i > 0; i--) {
    const j = random.nextInteger(i + 1);
    [ids[i], ids[j]] = [ids[j] ?? 0, ids[i] ?? 0];
  }
  const middle = Math.floor(size / 2);
  const oneOf = (part: readonly number[]) => () => present(part[random.nextInteger(part.length)], 'a token');
  return { before: oneOf(ids.slice(middle)), after: oneOf(middle === 0 ? ids : ids.slice(0, middle)) };
}

/** Tokens may be as large as the smallest table that they are looked up in allows. */
function smallestTable({ program, tokens, logits }: ForwardProgram): number {
  let size = nodeAt(program, logits).shape.at(-1) ?? 1;
  for (const { op, inputs } of program.nodes) {
    const [table, indices] = inputs;
    if (op === 'gatherRows' && indices === tokens && table !== undefined) {
      size = Math.min(size, nodeAt(program, table).shape[0] ?? 1);
    }
  }
  return size;
}

/** Segments: each row is two documents, of which the border lies in the second half. Other inputs are zeros. */
function otherInputs(program: Program, tokensName: string): { [name: string]: NumericData } {
  const others: { [name: string]: NumericData } = {};
  for (const [name, position] of Object.entries(program.inputs)) {
    if (name === tokensName) continue;
    const { shape, dtype } = nodeAt(program, position);
    const length = shape.at(-1) ?? 1;
    const border = Math.floor((5 * length) / 8);
    const isSegment = name === 'segments';
    const ofPlace = (_: unknown, i: number) => (isSegment && i % length >= border ? 2 : Number(isSegment));
    const numbers = Array.from({ length: sizeOf(shape) }, ofPlace);
    if (dtype === 'int32') others[name] = Int32Array.from(numbers);
    else others[name] = dtype === 'bool' ? Uint8Array.from(numbers) : Float32Array.from(numbers);
  }
  return others;
}

/**
 * The last positions that must not notice: −1 (a whole row is changed, the others must stay), the first, the middle, both sides of
 * the borders of blocks, one that no block size divides, and the one before the last token.
 */
function positionsToProbe(contextLength: number, random: RandomStream, more: readonly number[]): number[] {
  const borders = [8, 16, 64, 128].flatMap((block) => [block - 2, block - 1]);
  const last = contextLength - 2;
  const all = [
    -1,
    0,
    ...borders,
    Math.floor(contextLength / 2) - 2,
    last - 1,
    last,
    random.nextInteger(contextLength),
    ...more,
  ];
  return [...new Set(all)].filter((position) => position >= -1 && position <= last);
}

function compare(
  { batchSize, contextLength }: ForwardProgram,
  before: NumericData,
  after: NumericData,
  row: number,
  from: number,
  tolerance: number,
): ProbedLeak | undefined {
  const width = before.length / (batchSize * contextLength);
  let scale = 0;
  if (tolerance > 0) for (const x of before) if (Number.isFinite(x)) scale = Math.max(scale, Math.abs(x));
  for (let position = 0; position < batchSize * contextLength; position++) {
    const outputPosition = { row: Math.floor(position / contextLength), time: position % contextLength };
    if (outputPosition.row === row && outputPosition.time >= from) continue;
    let difference = 0;
    for (let i = position * width; i < (position + 1) * width; i++) {
      const [x, y] = [before[i] as number, after[i] as number];
      // A logit that is no number before and after shows nothing.
      if (!Object.is(x, y))
        difference = Math.max(difference, Number.isNaN(x - y) ? Number.POSITIVE_INFINITY : Math.abs(x - y));
    }
    if (difference <= tolerance * scale) continue;
    return {
      outputPosition,
      changed: { row, time: from },
      difference,
      sentence:
        `the logits at position ${outputPosition.time} of row ${outputPosition.row} change by ${difference.toPrecision(3)} ` +
        `when tokens from position ${from} of row ${row} on change`,
    };
  }
  return undefined;
}
