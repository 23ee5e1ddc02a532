import { z } from 'zod';
import { formatShape, sameShape } from '../shape.ts';
import {
  type Attributes,
  failAttribute,
  failShape,
  type Operand,
  operand,
  type Rule,
  requireAxis,
  requireDtype,
  requireFloating,
  requireSameDtype,
} from './signature.ts';

/**
 * Rules of the composite ops. Each has a definition in primitives (`definitions.ts`); an engine may run it as one kernel
 * or by that definition.
 */

const axisAttribute = z.strictObject({ axis: z.int().min(0) });
const epsilonAttribute = z.strictObject({ epsilon: z.number().min(0) });

/** A floating-point tensor in, one of the same shape out. */
function sameShaped<A extends Attributes>(
  op: string,
  schema: z.ZodType<A>,
  check: (x: Operand, attributes: A) => void = () => {},
): Rule<A> {
  return {
    arity: 1,
    schema,
    infer(inputs, attributes) {
      const x = operand(inputs, 0);
      requireFloating(op, x);
      check(x, attributes);
      return { shape: x.shape, dtype: x.dtype };
    },
  };
}

function requireLastAxis(op: string): (x: Operand) => void {
  return (x) => {
    if (x.shape.length === 0) failShape(`${op}: a scalar has no last axis`, 'Give a tensor with at least one axis.');
  };
}

const none = z.strictObject({});

const logSumExp: Rule<{ axis: number }> = {
  arity: 1,
  schema: axisAttribute,
  infer(inputs, { axis }) {
    const x = operand(inputs, 0);
    requireFloating('logSumExp', x);
    requireAxis('logSumExp', axis, x.shape.length);
    return { shape: x.shape.filter((_, i) => i !== axis), dtype: x.dtype };
  },
};

const rotaryEmbedding: Rule<Record<string, never>> = {
  arity: 3,
  schema: none,
  infer(inputs) {
    const [x, cos, sin] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    requireFloating('rotaryEmbedding', x);
    requireSameDtype('rotaryEmbedding', x, cos);
    requireSameDtype('rotaryEmbedding', x, sin);
    const [time, width] = x.shape.slice(-2);
    const table = [time ?? 0, (width ?? 0) / 2];
    if (x.shape.length !== 4 || !sameShape(cos.shape, table) || !sameShape(sin.shape, table)) {
      failShape(
        `rotaryEmbedding: x ${formatShape(x.shape)}, cos ${formatShape(cos.shape)}, sin ${formatShape(sin.shape)}`,
        'Expected x [B, H, T, K] with even K, and tables [T, K / 2].',
      );
    }
    return { shape: x.shape, dtype: x.dtype };
  },
};

const attentionAttributes = z.strictObject({
  scale: z.number(),
  /** How many positions back a query sees, its own included; null for all. */
  window: z.int().min(1).nullable(),
});

const attention: Rule<z.output<typeof attentionAttributes>> = {
  arity: 3,
  schema: attentionAttributes,
  infer(inputs) {
    const [query, key, value] = [operand(inputs, 0), operand(inputs, 1), operand(inputs, 2)];
    requireFloating('attention', query);
    requireSameDtype('attention', query, key);
    requireSameDtype('attention', query, value);
    const [batch, numHeads, time, width] = query.shape;
    const numGroups = key.shape[1] ?? 0;
    const expected = [batch ?? 0, numGroups, time ?? 0, width ?? 0];
    const fits = query.shape.length === 4 && sameShape(key.shape, expected) && sameShape(value.shape, expected);
    if (!fits || (numHeads ?? 0) % numGroups !== 0) {
      failShape(
        `attention: query ${formatShape(query.shape)}, key ${formatShape(key.shape)}, value ${formatShape(value.shape)}`,
        'Expected query [B, H, T, K], key and value [B, G, T, K] with H a multiple of G.',
      );
    }
    return { shape: query.shape, dtype: query.dtype };
  },
};

const crossEntropy: Rule<{ ignoredTarget: number | null }> = {
  arity: 2,
  schema: z.strictObject({ ignoredTarget: z.int().nullable() }),
  infer(inputs) {
    const [logits, targets] = [operand(inputs, 0), operand(inputs, 1)];
    requireFloating('crossEntropy', logits);
    requireDtype('crossEntropy', 'targets', targets, 'int32');
    if (logits.shape.length !== 2 || targets.shape.length !== 1 || logits.shape[0] !== targets.shape[0]) {
      failShape(
        `crossEntropy: logits ${formatShape(logits.shape)}, targets ${formatShape(targets.shape)}`,
        'Expected logits [N, V] and targets [N]; reshape batch and time into one axis.',
      );
    }
    return { shape: targets.shape, dtype: logits.dtype };
  },
};

export const composites = {
  relu: sameShaped('relu', none),
  reluSquared: sameShaped('reluSquared', none),
  sigmoid: sameShaped('sigmoid', none),
  silu: sameShaped('silu', none),
  gelu: sameShaped('gelu', z.strictObject({ approximation: z.enum(['none', 'tanh']) })),
  softmax: sameShaped('softmax', axisAttribute, (x, { axis }) => requireAxis('softmax', axis, x.shape.length)),
  logSumExp,
  rmsNorm: sameShaped('rmsNorm', epsilonAttribute, requireLastAxis('rmsNorm')),
  layerNorm: sameShaped('layerNorm', epsilonAttribute, (x, { epsilon }) => {
    requireLastAxis('layerNorm')(x);
    if (epsilon === 0) failAttribute('layerNorm: epsilon is 0', 'Give a small positive number, such as 1e-5.');
  }),
  rotaryEmbedding,
  attention,
  crossEntropy,
};
