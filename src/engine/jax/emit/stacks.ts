import { present } from '../../../core/index.ts';
import { type DType, type Shape, sameShape } from '../../../tensor/index.ts';
import { pythonTuple } from './python-names.ts';

/** Arrays that hold one value of each layer along a leading axis, and how parts of them are written in Python. */
export class Stack {
  readonly length: number;
  /** Elements keep the leading axis, with extent 1: the stack is a tensor that is read row by row. */
  readonly isRows: boolean;
  private name: string | undefined;
  private readonly give: () => string;

  /** @param give the name of the array; called once, when the first part of it is read */
  constructor(length: number, give: () => string, isRows = false) {
    this.length = length;
    this.give = give;
    this.isRows = isRows;
  }

  /** True once something has been read. */
  get isRead(): boolean {
    return this.name !== undefined;
  }

  element(index: number): string {
    return this.isRows ? `${this.base()}[${index}:${index + 1}]` : `${this.base()}[${index}]`;
  }

  /** `count` elements from `start`, each `step` after the one before. */
  range(start: number, step: number, count: number): string {
    const axis = this.isRows ? ', None' : '';
    if (start === 0 && step === 1 && count === this.length) return `${this.base()}${axis && '[:, None]'}`;
    const last = start + (count - 1) * step;
    if (step > 0) return `${this.base()}[${start}:${last + 1}${step === 1 ? '' : `:${step}`}${axis}]`;
    return `${this.base()}[${start}:${last === 0 ? '' : last - 1}:${step}${axis}]`;
  }

  private base(): string {
    this.name ??= this.give();
    return this.name;
  }
}

/** Where a value is found: in a variable, or in a stack. */
export type Place = { readonly text: () => string } | { readonly stack: Stack; readonly index: number };

/** A value that is to stand in an assembled array. */
export interface Element {
  readonly places: readonly Place[];
  /** The value by itself. */
  readonly text: () => string;
}

/**
 * The Python of an array whose k-th element along a new leading axis is `elements[k]`: a part of a stack where they lie in one, an
 * interleaving of a few stacks, or pieces of these and single values put together. Always right; short where there is order.
 *
 * @param shape of an element
 */
export function assembled(elements: readonly Element[], shape: Shape): string {
  const parts: { readonly text: string; readonly isSingle: boolean }[] = [];
  for (let start = 0; start < elements.length; ) {
    const { text, count } = longestPart(elements, start, shape);
    parts.push({ text, isSingle: count === 1 });
    start += count;
  }
  if (parts.every(({ isSingle }) => isSingle)) return `jnp.stack([${parts.map(({ text }) => text).join(', ')}])`;
  if (parts.length === 1) return present(parts[0], 'a part').text;
  return `jnp.concatenate([${parts.map(({ text, isSingle }) => (isSingle ? `${text}[None]` : text)).join(', ')}])`;
}

/** The largest number of values that repeat the same order of stacks. */
const maxPeriod = 16;

function longestPart(elements: readonly Element[], start: number, shape: Shape): { text: string; count: number } {
  let best: { write: () => string; count: number } | undefined;
  for (let period = 1; period <= Math.min(maxPeriod, (elements.length - start) / 2); period++) {
    const ranges = Array.from({ length: period }, (_, i) => longestRange(elements, start + i, period));
    const count = period * Math.min(...ranges.map((range) => range?.count ?? 0));
    if (count < 2 * period || count <= (best?.count ?? 1)) continue;
    best = {
      count,
      write: () => {
        const texts = ranges.map((range) => (range ? rangeText(range, count / period) : ''));
        if (period === 1) return texts.join('');
        return `jnp.stack([${texts.join(', ')}], axis=1).reshape(${pythonTuple([count, ...shape])})`;
      },
    };
  }
  if (best) return { text: best.write(), count: best.count };
  return { text: present(elements[start], 'an element').text(), count: 1 };
}

interface Range {
  readonly stack: Stack;
  readonly start: number;
  readonly step: number;
  readonly count: number;
}

const rangeText = ({ stack, start, step }: Range, count: number): string => stack.range(start, step, count);

/** The most of `elements[start]`, `elements[start + period]`, … that lie in one stack at equal distances. */
function longestRange(elements: readonly Element[], start: number, period: number): Range | undefined {
  let best: Range | undefined;
  const indexIn = (stack: Stack, position: number): number | undefined => {
    for (const place of elements[position]?.places ?? []) {
      if ('stack' in place && place.stack === stack) return place.index;
    }
    return undefined;
  };
  for (const place of elements[start]?.places ?? []) {
    if (!('stack' in place)) continue;
    const { stack, index } = place;
    const second = indexIn(stack, start + period);
    if (second === undefined || second === index) continue;
    const step = second - index;
    let count = 2;
    while (indexIn(stack, start + count * period) === index + count * step) count++;
    const isBetter = !best || count > best.count || (count === best.count && stack.isRead && !best.stack.isRead);
    if (isBetter) best = { stack, start: index, step, count };
  }
  return best;
}

/** What a stack needs to know of a name that may be one of a family. */
export interface NamedValue {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: DType;
  /** Values of different kinds are never in one stack. */
  readonly kind: string;
}

/** Names that differ in one number, such as that of the layer: the elements of one stack. */
export interface Family {
  /** The name with `*` for the number. */
  readonly pattern: string;
  readonly numbers: readonly number[];
  /** The full names, in the order of the numbers. */
  readonly names: readonly string[];
  readonly shape: Shape;
  readonly dtype: DType;
  readonly kind: string;
}

export interface FamilyMember {
  readonly family: Family;
  /** The place of the member in the stack. */
  readonly index: number;
}

/**
 * Which of the names make up families: at least two that differ in their first number alone, with one shape, element type and kind.
 * Scalars stay by themselves.
 */
export function familiesOf(values: readonly NamedValue[]): ReadonlyMap<string, FamilyMember> {
  const groups = new Map<string, { value: NamedValue; number: number }[]>();
  for (const value of values) {
    const parts = value.name.split('.');
    const position = parts.findIndex((part) => /^(0|[1-9][0-9]*)$/.test(part));
    const number = Number(parts[position]);
    if (position < 1 || !Number.isSafeInteger(number) || value.shape.length === 0) continue;
    const pattern = parts.with(position, '*').join('.');
    groups.set(pattern, [...(groups.get(pattern) ?? []), { value, number }]);
  }
  const members = new Map<string, FamilyMember>();
  const names = new Set(values.map(({ name }) => name));
  for (const [pattern, group] of groups) {
    const { shape, dtype, kind } = present(group[0], 'a member').value;
    const isUniform = group.every(
      ({ value }) => sameShape(value.shape, shape) && value.dtype === dtype && value.kind === kind,
    );
    if (group.length < 2 || !isUniform || names.has(pattern)) continue;
    const ordered = group.toSorted((a, b) => a.number - b.number);
    const family: Family = {
      pattern,
      numbers: ordered.map(({ number }) => number),
      names: ordered.map(({ value }) => value.name),
      shape,
      dtype,
      kind,
    };
    ordered.forEach(({ value }, index) => {
      members.set(value.name, { family, index });
    });
  }
  return members;
}
