import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { type ErrorCode, GroundworkError } from '../../src/core/index.ts';
import { referenceEngine } from '../../src/engine/index.ts';
import { dtypes, hashProgram, type Program, parseProgram, serializeProgram } from '../../src/tensor/index.ts';
import { expectRefusal, refusalOf } from '../support/expect-refusal.ts';
import { smallBatch, smallTrainingStep } from '../support/small-gpt.ts';

type Json = null | boolean | number | string | Json[] | { [key: string]: Json };
type Container = Json[] | { [key: string]: Json };

const original = smallTrainingStep(
  { numLayers: 1, contextLength: 3, width: 4, hiddenWidth: 3 },
  { tapGradients: true },
);
const text = serializeProgram(original);
const hash = hashProgram(original);
const copy = (): { [key: string]: Json } => JSON.parse(text);

/** The codes by which a Program that was changed may be refused. */
const codes: readonly ErrorCode[] = [
  'invalid-program',
  'unknown-op',
  'shape-mismatch',
  'dtype-mismatch',
  'invalid-attribute',
];

/** Every object and array in a value, with the path to it. */
function containersOf(value: Json): Container[] {
  if (typeof value !== 'object' || value === null) return [];
  return [value, ...Object.values(value).flatMap(containersOf)];
}
const numContainers = containersOf(copy()).length;

const scalar: fc.Arbitrary<Json> = fc.oneof(
  fc.constantFrom<Json>(null, true, false, -1, 0, 1, 2, 3, 0.5, -0, 1e-5, 2 ** 31, 2 ** 53, 1e300),
  fc.nat(original.nodes.length + 2),
  fc.constantFrom(...dtypes, ...new Set(original.nodes.map(({ op }) => op)), '', 'toString', 'forward', 'backward'),
);
const value: fc.Arbitrary<Json> = fc.oneof(
  { weight: 5, arbitrary: scalar },
  fc.array(scalar, { maxLength: 3 }),
  fc.dictionary(fc.constantFrom('axis', 'name', 'shape', 'dtype', 'node', 'x'), scalar, { maxKeys: 2 }),
);

/** One change of a field, an element or a name, anywhere. */
type Edit = (container: Container) => void;
const keyAt = (container: object, place: number): string | undefined =>
  Object.keys(container)[Math.floor(place * Object.keys(container).length)];
const place = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
const edit: fc.Arbitrary<Edit> = fc.oneof(
  // Replace.
  fc.tuple(place, value).map(([at, next]) => (container: Container) => {
    const key = keyAt(container, at);
    if (key !== undefined) (container as { [key: string]: Json })[key] = next;
  }),
  // Remove.
  place.map((at) => (container: Container) => {
    const key = keyAt(container, at);
    if (key === undefined) return;
    if (Array.isArray(container)) container.splice(Number(key), 1);
    else delete container[key];
  }),
  // Add.
  fc.tuple(fc.constantFrom('extra', '__proto__', 'constructor', 'axis', 'name'), value).map(([key, next]) => {
    return (container: Container) => {
      if (Array.isArray(container)) container.push(next);
      else Object.defineProperty(container, key, { value: next, enumerable: true, configurable: true, writable: true });
    };
  }),
  // Exchange two.
  fc.tuple(place, place).map(([first, second]) => (container: Container) => {
    const [a, b] = [keyAt(container, first), keyAt(container, second)];
    if (a === undefined || b === undefined) return;
    const fields = container as { [key: string]: Json };
    [fields[a], fields[b]] = [fields[b] ?? null, fields[a] ?? null];
  }),
);

/** What parseProgram makes of a text: a refusal that it documents, or a Program. */
function outcomeOf(changed: string): GroundworkError | Program {
  try {
    return parseProgram(changed);
  } catch (error) {
    if (error instanceof GroundworkError) return error;
    throw error;
  }
}

/** A changed text is refused, or it is another Program that runs. */
async function expectSafe(changed: string): Promise<void> {
  const outcome = outcomeOf(changed);
  if (outcome instanceof GroundworkError) {
    expect(codes, outcome.message).toContain(outcome.code);
    expect(outcome.hint).not.toBe('');
    return;
  }
  expect(hashProgram(outcome)).not.toBe(hash);
  expect(hashProgram(parseProgram(serializeProgram(outcome)))).toBe(hashProgram(outcome));
  const sizes = new Map(Object.entries(outcome.outputs).map(([name, at]) => [name, sizeAt(outcome, at)]));
  // Only what a laptop can hold is worth running.
  if ([...outcome.nodes.keys()].some((at) => sizeAt(outcome, at) > 1e5)) return;
  const session = await referenceEngine().load(outcome);
  const inputs = Object.fromEntries(
    Object.entries(outcome.inputs).map(([name, at]) => [name, batch[name] ?? new Float32Array(sizeAt(outcome, at))]),
  );
  const outputs = await session.run(inputs).catch((error: unknown) => {
    // A changed Program may want inputs of another size, or point outside of a table; it may not break the engine.
    expect(error).toBeInstanceOf(GroundworkError);
  });
  for (const [name, numbers] of Object.entries(outputs ?? {})) expect(numbers.length).toBe(sizes.get(name));
}

const sizeAt = (program: Program, at: number) => (program.nodes[at]?.shape ?? []).reduce((size, x) => size * x, 1);
const batch = smallBatch(original, 1);

describe('a Program that was changed is refused, or is another Program', () => {
  test('after one edit anywhere', async () => {
    await fc.assert(
      fc.asyncProperty(fc.nat(numContainers - 1), edit, async (index, change) => {
        const program = copy();
        const container = containersOf(program)[index];
        if (container) change(container);
        const changed = JSON.stringify(program);
        fc.pre(changed !== JSON.stringify(copy()));
        await expectSafe(changed);
      }),
      { numRuns: 300, seed: 1 },
    );
  });

  test('after two edits of one node', async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.nat(original.nodes.length - 1),
        fc.array(fc.tuple(place, edit), { minLength: 2, maxLength: 2 }),
        async (index, changes) => {
          const program = copy();
          for (const [at, change] of changes) {
            const containers = containersOf((program.nodes as Json[])[index] ?? null);
            const container = containers[Math.floor(at * containers.length)];
            if (container) change(container);
          }
          const changed = JSON.stringify(program);
          fc.pre(changed !== JSON.stringify(copy()));
          await expectSafe(changed);
        },
      ),
      { numRuns: 200, seed: 2 },
    );
  });

  test('after the text was cut anywhere', () => {
    fc.assert(
      fc.property(fc.nat(text.length - 1), (length) => {
        expectRefusal(
          refusalOf(() => parseProgram(text.slice(0, length))),
          'invalid-program',
        );
      }),
    );
  });

  test('after one character was changed', async () => {
    const character = fc.constantFrom(...'0123456789-.e"{}[],:axt');
    await fc.assert(
      fc.asyncProperty(fc.nat(text.length - 1), character, async (at, next) => {
        fc.pre(text[at] !== next);
        const changed = text.slice(0, at) + next + text.slice(at + 1);
        // Two texts of one value, such as 1.0 and 1, are the same Program.
        fc.pre(!isSameJson(changed));
        await expectSafe(changed);
      }),
      { numRuns: 300, seed: 3 },
    );
  });
});

function isSameJson(changed: string): boolean {
  try {
    return JSON.stringify(JSON.parse(changed)) === JSON.stringify(copy());
  } catch {
    return false;
  }
}

describe('each rule of a Program refuses what breaks it', () => {
  const add = original.nodes.findIndex(({ op, inputs }) => op === 'add' && inputs.length === 2);
  const cases: readonly [
    what: string,
    code: ErrorCode,
    change: (program: ReturnType<typeof copy>, node: { [key: string]: Json }) => void,
  ][] = [
    ['an extent that does not follow', 'invalid-program', (_, node) => (node.shape as number[]).push(2)],
    ['a type that does not follow', 'invalid-program', (_, node) => Object.assign(node, { dtype: 'int32' })],
    ['an op that does not exist', 'unknown-op', (_, node) => Object.assign(node, { op: 'Add' })],
    ['an op that every object has', 'unknown-op', (_, node) => Object.assign(node, { op: 'hasOwnProperty' })],
    ['a node that reads itself', 'invalid-program', (_, node) => Object.assign(node, { inputs: [add, add] })],
    ['a node that reads a later one', 'invalid-program', (_, node) => Object.assign(node, { inputs: [add + 1, 0] })],
    ['an operand out of range', 'invalid-program', (_, node) => Object.assign(node, { inputs: [1e9, 0] })],
    ['a negative operand', 'invalid-program', (_, node) => Object.assign(node, { inputs: [-1, 0] })],
    ['a fractional operand', 'invalid-program', (_, node) => Object.assign(node, { inputs: [0.5, 0] })],
    ['too few operands', 'invalid-program', (_, node) => (node.inputs as number[]).pop()],
    ['an attribute too many', 'invalid-attribute', (_, node) => Object.assign(node, { attributes: { axis: 0 } })],
    ['an unknown field of a node', 'invalid-program', (_, node) => Object.assign(node, { cost: 1 })],
    ['a missing scope', 'invalid-program', (_, node) => delete node.scope],
    ['an unknown phase', 'invalid-program', (_, node) => Object.assign(node, { phase: 'sideways' })],
    ['an unknown field', 'invalid-program', (program) => Object.assign(program, { note: 'x' })],
    ['a missing field', 'invalid-program', (program) => delete program.state],
    ['another format', 'invalid-program', (program) => Object.assign(program, { format: 'onnx' })],
    ['an output out of range', 'invalid-program', (program) => Object.assign(program.outputs as object, { loss: 1e9 })],
    [
      'an input that points to another node',
      'invalid-program',
      (program) => Object.assign(program.inputs as object, { tokens: add }),
    ],
    ['an input of another name', 'invalid-program', (program) => Object.assign(program.inputs as object, { words: 0 })],
    ['an input left out', 'invalid-program', (program) => delete (program.inputs as { [key: string]: Json }).tokens],
    [
      'a state that becomes another shape',
      'invalid-program',
      (program) => Object.assign((program.state as { embedding: object }).embedding, { next: 0 }),
    ],
    [
      'a state whose next value is out of range',
      'invalid-program',
      (program) => Object.assign((program.state as { embedding: object }).embedding, { next: 1e9 }),
    ],
    [
      'a state of an unknown kind',
      'invalid-program',
      (program) => Object.assign((program.state as { embedding: object }).embedding, { kind: 'secret' }),
    ],
    ['a state left out', 'invalid-program', (program) => delete (program.state as { [key: string]: Json }).embedding],
  ];
  for (const [what, code, change] of cases) {
    test(what, () => {
      const program = copy();
      const node = (program.nodes as { [key: string]: Json }[])[add];
      change(program, node ?? {});
      expect(refusalOf(() => parseProgram(JSON.stringify(program))).code).toBe(code);
    });
  }

  test('a field called __proto__, which a careless reader would not see', () => {
    for (const field of ['"inputs":{', '"outputs":{', '"state":{', '"attributes":{']) {
      const changed = text.replace(field, `${field}"__proto__":0,`);
      expect(changed).not.toBe(text);
      expectRefusal(
        refusalOf(() => parseProgram(changed)),
        'invalid-program',
      );
    }
  });
});
