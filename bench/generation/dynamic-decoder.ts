import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { present } from '../../src/core/index.ts';
import {
  encodeModel,
  type OnnxDType,
  type OnnxInitializer,
  type OnnxNode,
  onnxDtypes,
} from '../../src/engine/onnx/graph.ts';
import type { GptSettings } from '../../src/model/index.ts';

/** A matrix [out, in] as ONNX's MatMul wants it, [in, out]. */
function transposed(data: Float32Array, rows: number, columns: number): Float32Array {
  const result = new Float32Array(data.length);
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++)
      result[column * rows + row] = data[row * columns + column] as number;
  }
  return result;
}

/**
 * The decoder in the form that transformers.js runs: open extents, `past_key_values.N.key` in and `present.N.key` out. It is the graph
 * that ONNX Runtime's own model builder makes for Qwen 3, so the fastest that is known for this runtime: one node for attention with
 * rotary positions and cache (GroupQueryAttention), one for residual and norm together, and weights stored as constants, which the runtime
 * repacks for its matrix products.
 */
export function dynamicDecoder(settings: GptSettings, parameters: ReadonlyMap<string, Float32Array>): Uint8Array {
  const {
    vocabularySize: V,
    width: D,
    numLayers,
    numHeads: H,
    numGroups: G,
    headWidth: K,
    contextLength: T,
  } = settings;
  const { hiddenWidth: F, normEpsilon, rotaryBase } = settings;
  const initializers: OnnxInitializer[] = [];
  const nodes: OnnxNode[] = [];
  const add = (
    opType: string,
    inputs: readonly string[],
    outputs: readonly string[],
    attributes: OnnxNode['attributes'] = {},
    domain = '',
  ): string => {
    nodes.push({ opType, domain, inputs, outputs, attributes, scope: '', phase: 'forward' });
    return outputs[0] as string;
  };
  const constant = (
    name: string,
    shape: readonly number[],
    dtype: OnnxDType,
    data: OnnxInitializer['data'],
  ): string => {
    initializers.push({ name, shape, dtype, data });
    return name;
  };
  const given = (name: string) => present(parameters.get(name), name);
  const vector = (name: string, length: number) => constant(name, [length], 'float32', given(name));
  const linear = (x: string, name: string, rows: number, columns: number): string =>
    add(
      'MatMul',
      [x, constant(name, [columns, rows], 'float32', transposed(given(name), rows, columns))],
      [`${name}.result`],
    );
  const epsilon = { float: normEpsilon };

  const lengths = angles(T, K, rotaryBase);
  const cos = constant('cos', [T, K / 2], 'float32', lengths.map(Math.cos));
  const sin = constant('sin', [T, K / 2], 'float32', lengths.map(Math.sin));
  const one = constant('one', [1], 'int64', BigInt64Array.of(1n));
  const perHead = constant('perHead', [3], 'int64', BigInt64Array.of(0n, -1n, BigInt(K)));
  const joined = (heads: number) =>
    constant(`joined.${heads}`, [3], 'int64', BigInt64Array.of(0n, -1n, BigInt(heads * K)));
  const [joinedH, joinedG] = [joined(H), G === H ? `joined.${H}` : joined(G)];
  const sum = add('ReduceSum', ['attention_mask', one], ['mask.sum'], { keepdims: 0 });
  const last = add('Cast', [add('Sub', [sum, one], ['mask.last'])], ['lengths'], { to: 6 });
  const first = constant('index1', [], 'int64', BigInt64Array.of(1n));
  const extent = add('Gather', [add('Shape', ['attention_mask'], ['mask.shape']), first], ['mask.extent'], { axis: 0 });
  const total = add('Cast', [extent], ['total'], { to: 6 });

  const embedding = constant('embedding', [V, D], 'float32', given('embedding'));
  let x = add('Gather', [embedding, 'input_ids'], ['embedded']);
  let h = add('SimplifiedLayerNormalization', [x, vector('blocks.0.attention.norm.gain', D)], ['h.0'], {
    axis: -1,
    epsilon,
  });
  const headNorm = (q: string, name: string, joinedShape: string): string => {
    const split = add('Reshape', [q, perHead], [`${name}.split`]);
    const attributes = { axis: -1, epsilon };
    const normed = add(
      'SimplifiedLayerNormalization',
      [split, vector(`${name}.gain`, K)],
      [`${name}.normed`],
      attributes,
    );
    return add('Reshape', [normed, joinedShape], [`${name}.joined`]);
  };
  /** Adds to the residual stream and norms the sum. */
  const addAndNorm = (y: string, gain: string): string => {
    const outputs = [`${gain}.h`, '', '', `${gain}.x`];
    const result = add(
      'SkipSimplifiedLayerNormalization',
      [x, y, vector(gain, D)],
      outputs,
      { epsilon },
      'com.microsoft',
    );
    x = `${gain}.x`;
    return result;
  };
  for (let layer = 0; layer < numLayers; layer++) {
    const block = `blocks.${layer}`;
    const attention = `${block}.attention`;
    const q = headNorm(linear(h, `${attention}.query`, H * K, D), `${attention}.queryNorm`, joinedH);
    const k = headNorm(linear(h, `${attention}.key`, G * K, D), `${attention}.keyNorm`, joinedG);
    const v = linear(h, `${attention}.value`, G * K, D);
    const past = [`past_key_values.${layer}.key`, `past_key_values.${layer}.value`];
    const mixed = add(
      'GroupQueryAttention',
      [q, k, v, ...past, last, total, cos, sin],
      [`${attention}.mixed`, `present.${layer}.key`, `present.${layer}.value`],
      { num_heads: H, kv_num_heads: G, do_rotary: 1, rotary_interleaved: 0 },
      'com.microsoft',
    );
    h = addAndNorm(linear(mixed, `${attention}.output`, D, H * K), `${block}.mlp.norm.gain`);
    const gate = linear(h, `${block}.mlp.gate`, F, D);
    const active = add('Mul', [gate, add('Sigmoid', [gate], [`${block}.sigmoid`])], [`${block}.active`]);
    const hidden = add('Mul', [active, linear(h, `${block}.mlp.up`, F, D)], [`${block}.hidden`]);
    const down = linear(hidden, `${block}.mlp.down`, D, F);
    h = addAndNorm(down, layer + 1 < numLayers ? `blocks.${layer + 1}.attention.norm.gain` : 'norm.gain');
  }
  const head = settings.isHeadTied ? 'embedding' : 'head';
  const weights = constant('head.transposed', [D, V], 'float32', transposed(given(head), V, D));
  add('MatMul', [h, weights], ['logits']);

  const cached = (prefix: string, length: string): NamedValue[] =>
    Array.from({ length: numLayers }, (_, layer) =>
      ['key', 'value'].map((part) => ({
        name: `${prefix}.${layer}.${part}`,
        shape: ['batch_size', G, length, K],
        dtype: 'float32' as const,
      })),
    ).flat();
  const graph = encodeModel({ inputs: [], outputs: [], initializers, nodes, values: new Map() });
  return withNamedExtents(
    graph,
    [
      { name: 'input_ids', shape: ['batch_size', 'sequence_length'], dtype: 'int64' },
      { name: 'attention_mask', shape: ['batch_size', 'total_sequence_length'], dtype: 'int64' },
      ...cached('past_key_values', 'past_sequence_length'),
    ],
    [
      { name: 'logits', shape: ['batch_size', 'sequence_length', V], dtype: 'float32' },
      ...cached('present', 'total_sequence_length'),
    ],
  );
}

interface NamedValue {
  readonly name: string;
  readonly shape: readonly (number | string)[];
  readonly dtype: OnnxDType;
}

/**
 * Adds inputs and outputs to a model that has none. Their open extents have names, by which transformers.js tells what an empty cache
 * looks like. Two messages one after the other are, in Protocol Buffers, one with the fields of both.
 */
function withNamedExtents(
  model: Uint8Array,
  inputs: readonly NamedValue[],
  outputs: readonly NamedValue[],
): Uint8Array {
  const writer = new BinaryWriter().raw(model);
  const message = (field: number, body: () => void): void => {
    writer.tag(field, WireType.LengthDelimited).fork();
    body();
    writer.join();
  };
  const valueInfo = (field: number, { name, shape, dtype }: NamedValue): void =>
    message(field, () => {
      writer.tag(1, WireType.LengthDelimited).string(name);
      message(2, () =>
        message(1, () => {
          writer.tag(1, WireType.Varint).int32(onnxDtypes[dtype]);
          message(2, () => {
            for (const extent of shape) {
              message(1, () => {
                if (typeof extent === 'number') writer.tag(1, WireType.Varint).int64(extent);
                else writer.tag(2, WireType.LengthDelimited).string(extent);
              });
            }
          });
        }),
      );
    });
  message(7, () => {
    for (const value of inputs) valueInfo(11, value);
    for (const value of outputs) valueInfo(12, value);
  });
  return writer.finish();
}

/** t · base^(−2j/K), [T, K / 2] */
function angles(contextLength: number, headWidth: number, base: number): Float32Array {
  const numPairs = headWidth / 2;
  return Float32Array.from(
    { length: contextLength * numPairs },
    (_, i) => Math.floor(i / numPairs) * base ** (-(i % numPairs) / numPairs),
  );
}

/** The `config.json` that goes with it. */
export function decoderConfig(settings: GptSettings): object {
  return {
    architectures: ['Qwen3ForCausalLM'],
    model_type: 'qwen3',
    vocab_size: settings.vocabularySize,
    hidden_size: settings.width,
    intermediate_size: settings.hiddenWidth,
    num_hidden_layers: settings.numLayers,
    num_attention_heads: settings.numHeads,
    num_key_value_heads: settings.numGroups,
    head_dim: settings.headWidth,
    max_position_embeddings: settings.contextLength,
    rms_norm_eps: settings.normEpsilon,
    rope_theta: settings.rotaryBase,
    tie_word_embeddings: settings.isHeadTied,
  };
}
