import { isFloating } from '../../tensor/index.ts';
import { type Field, joinFields, type Numbers, nowhere, rearrange, reshapeField } from './field.ts';
import { roundingOf, settle } from './intervals.ts';
import { independent, knowledgeOf, mapRange, rangeOf, ranked, unknownConstant } from './knowledge.ts';
import { integers, operand, type Rule } from './rule.ts';

/** A rearrangement of one operand's elements, done to what is known of each. */
function moving(
  move: (node: Parameters<Rule>[0], from: readonly number[]) => <N extends Numbers>(field: Field<N>) => Field<N>,
): Rule {
  return (node, inputs) => {
    const x = operand(inputs, 0);
    const apply = move(node, x.shape);
    return knowledgeOf(node.shape, apply(x.reach), mapRange(x.range, apply));
  };
}

export const unchanged: Rule = (_, inputs) => operand(inputs, 0);

export const given: Rule = ({ shape, dtype }) => unknownConstant(shape, dtype);

export const constant: Rule = ({ attributes, shape, dtype }) => {
  const value = Number(attributes.value);
  if (Number.isNaN(value)) return unknownConstant(shape, dtype);
  const bounds = { low: value, high: value };
  // The reference keeps 0.1 in float64, the other engines round it.
  if (isFloating(dtype)) settle(bounds, true, roundingOf(dtype));
  return knowledgeOf(shape, independent(shape), {
    shape: [],
    low: Float64Array.of(bounds.low),
    high: Float64Array.of(bounds.high),
  });
};

export const iota: Rule = ({ shape, dtype }) => {
  const [length = 1] = shape;
  const values = Float64Array.from({ length }, (_, i) => i);
  // Beyond 2²⁴ a float32 no longer tells neighbours apart.
  if (dtype === 'float32' && length > 2 ** 24) return unknownConstant(shape, dtype);
  return knowledgeOf(shape, independent(shape), { shape, low: values, high: values });
};

export const reshape = moving(
  ({ shape }, from) =>
    (field) =>
      reshapeField(field, from, shape),
);

export const broadcastTo = moving(({ shape }) => (field) => ({ ...field, shape: ranked(field.shape, shape.length) }));

export const transpose = moving(({ attributes }) => (field) => {
  const permutation = integers(attributes, 'permutation');
  return rearrange(
    field,
    permutation.map((axis) => field.shape[axis] ?? 1),
    (axis, strides) => {
      const stride = strides[permutation[axis] ?? 0] ?? 0;
      return (i) => i * stride;
    },
  );
});

export const slice = moving(({ attributes, shape }) => (field) => {
  const starts = integers(attributes, 'starts');
  return rearrange(
    field,
    field.shape.map((extent, axis) => (extent === 1 ? 1 : (shape[axis] ?? 1))),
    (axis, strides) => {
      const start = field.shape[axis] === 1 ? 0 : (starts[axis] ?? 0);
      return (i) => (start + i) * (strides[axis] ?? 0);
    },
  );
});

/** Zeros around x, which are constants. */
export const pad = moving(({ attributes, shape }, from) => (field) => {
  const [before, after] = [integers(attributes, 'before'), integers(attributes, 'after')];
  const isPadded = (axis: number) => (before[axis] ?? 0) > 0 || (after[axis] ?? 0) > 0;
  return rearrange(
    field,
    field.shape.map((extent, axis) => (isPadded(axis) ? (shape[axis] ?? 1) : extent)),
    (axis, strides) => {
      const stride = field.shape[axis] === 1 ? 0 : (strides[axis] ?? 0);
      if (!isPadded(axis)) return (i) => i * stride;
      const start = before[axis] ?? 0;
      return (i) => (i < start || i >= start + (from[axis] ?? 1) ? nowhere : (i - start) * stride);
    },
  );
});

export const concatenate: Rule = ({ attributes, shape }, inputs) => {
  const axis = Number(attributes.axis);
  const extents = inputs.map((input) => input.shape[axis] ?? 1);
  const join = <N extends Numbers>(fields: readonly Field<N>[]) => joinFields(fields, extents, axis);
  const low = join(inputs.map(({ range }) => ({ shape: range.shape, data: range.low })));
  const high = join(inputs.map(({ range }) => ({ shape: range.shape, data: range.high })));
  return knowledgeOf(shape, join(inputs.map(({ reach }) => reach)), rangeOf(low, high));
};
