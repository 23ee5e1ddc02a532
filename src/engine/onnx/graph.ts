import { BinaryWriter, WireType } from '@bufbuild/protobuf/wire';
import { assert } from '../../core/index.ts';
import type { Phase, Shape } from '../../tensor/index.ts';

/** Element types of ONNX that our graphs use, with their numbers in `TensorProto.DataType`. */
export const onnxDtypes = { float32: 1, int32: 6, int64: 7, bool: 9, float16: 10, bfloat16: 16 } as const;
export type OnnxDType = keyof typeof onnxDtypes;

export interface OnnxValue {
  readonly name: string;
  readonly shape: Shape;
  readonly dtype: OnnxDType;
}

/** A float attribute carries its kind, since 1 would else be taken for an integer. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

export interface OnnxNode {
  readonly opType: string;
  /** '' for the standard operators, `com.microsoft` for those of ONNX Runtime. */
  readonly domain: string;
  /** '' for an optional input that is left out. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: { readonly [name: string]: OnnxAttribute };
  /** The scope of the model it computes for, for messages and profiles. */
  readonly scope: string;
  readonly phase: Phase;
}

/** A constant that stands in the model file. */
export interface OnnxInitializer extends OnnxValue {
  readonly data: Float32Array | Int32Array | BigInt64Array | Uint8Array | Uint16Array;
}

/** An ONNX graph as plain data. `values` holds shape and type of everything that a node reads or writes. */
export interface OnnxGraph {
  /** True if the file leaves the extents of inputs and outputs open (see hidden-shapes.ts). */
  readonly hasHiddenShapes?: boolean;
  /** Intermediate values whose shapes the file declares nevertheless. */
  readonly declaredShapes?: readonly OnnxValue[];
  /** The output of type sequence that stands first, if there is one (see native-session.ts). */
  readonly sequenceOutput?: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly initializers: readonly OnnxInitializer[];
  readonly nodes: readonly OnnxNode[];
  readonly values: ReadonlyMap<string, OnnxValue>;
}

/** The operator set that all graphs are written in. Later ones move kernels of the WebGPU provider back to the CPU. */
const opset = 21;
const irVersion = 10;

// Field numbers of onnx.proto, message by message.
const modelProto = { irVersion: 1, producerName: 2, graph: 7, opsetImport: 8 };
const opsetProto = { domain: 1, version: 2 };
const graphProto = { node: 1, name: 2, initializer: 5, input: 11, output: 12, valueInfo: 13 };
const nodeProto = { input: 1, output: 2, name: 3, opType: 4, attribute: 5, domain: 7 };
const attributeProto = { name: 1, float: 2, int: 3, string: 4, ints: 8, type: 20 };
const attributeTypes = { float: 1, int: 2, string: 3, ints: 7 };
const tensorProto = { dims: 1, dataType: 2, name: 8, rawData: 9 };
const valueInfoProto = { name: 1, type: 2 };
const typeProto = { tensorType: 1, sequenceType: 4 };
const sequenceTypeProto = { elemType: 1 };
const tensorTypeProto = { elemType: 1, shape: 2 };
const shapeProto = { dim: 1 };
const dimensionProto = { value: 1 };

/** The model as the bytes of a `ModelProto`, its nodes in the order given. */
export function encodeModel(graph: OnnxGraph): Uint8Array {
  const writer = new BinaryWriter();
  writer.tag(modelProto.irVersion, WireType.Varint).int64(irVersion);
  writer.tag(modelProto.producerName, WireType.LengthDelimited).string('groundwork');
  message(writer, modelProto.graph, () => {
    graph.nodes.forEach((node, index) => {
      message(writer, graphProto.node, () => encodeNode(writer, node, index));
    });
    writer.tag(graphProto.name, WireType.LengthDelimited).string('program');
    for (const tensor of graph.initializers) {
      message(writer, graphProto.initializer, () => encodeInitializer(writer, tensor));
    }
    const { sequenceOutput, hasHiddenShapes = false } = graph;
    if (sequenceOutput) message(writer, graphProto.output, () => encodeSequenceInfo(writer, sequenceOutput));
    const values = (field: number, list: readonly OnnxValue[]) => {
      for (const value of list) message(writer, field, () => encodeValueInfo(writer, value, hasHiddenShapes));
    };
    values(graphProto.input, graph.inputs);
    values(graphProto.output, graph.outputs);
    for (const value of graph.declaredShapes ?? []) {
      message(writer, graphProto.valueInfo, () => encodeValueInfo(writer, value, false));
    }
  });
  for (const [domain, version] of [
    ['', opset],
    ['com.microsoft', 1],
  ] as const) {
    message(writer, modelProto.opsetImport, () => {
      writer.tag(opsetProto.domain, WireType.LengthDelimited).string(domain);
      writer.tag(opsetProto.version, WireType.Varint).int64(version);
    });
  }
  return writer.finish();
}

/** The name under which ONNX Runtime reports a node in errors and profiles. */
export function nodeName(node: OnnxNode, index: number): string {
  return `${index}|${node.opType}|${node.scope}`;
}

function message(writer: BinaryWriter, field: number, body: () => void): void {
  writer.tag(field, WireType.LengthDelimited).fork();
  body();
  writer.join();
}

function encodeNode(writer: BinaryWriter, node: OnnxNode, index: number): void {
  for (const name of node.inputs) writer.tag(nodeProto.input, WireType.LengthDelimited).string(name);
  for (const name of node.outputs) writer.tag(nodeProto.output, WireType.LengthDelimited).string(name);
  writer.tag(nodeProto.name, WireType.LengthDelimited).string(nodeName(node, index));
  writer.tag(nodeProto.opType, WireType.LengthDelimited).string(node.opType);
  for (const [name, value] of Object.entries(node.attributes)) {
    message(writer, nodeProto.attribute, () => encodeAttribute(writer, name, value));
  }
  if (node.domain) writer.tag(nodeProto.domain, WireType.LengthDelimited).string(node.domain);
}

function encodeAttribute(writer: BinaryWriter, name: string, value: OnnxAttribute): void {
  writer.tag(attributeProto.name, WireType.LengthDelimited).string(name);
  const kind = (type: number) => writer.tag(attributeProto.type, WireType.Varint).int32(type);
  if (typeof value === 'number') {
    assert(Number.isInteger(value), `attribute ${name} = ${value} is a float without its mark`);
    writer.tag(attributeProto.int, WireType.Varint).int64(value);
    kind(attributeTypes.int);
  } else if (typeof value === 'string') {
    writer.tag(attributeProto.string, WireType.LengthDelimited).string(value);
    kind(attributeTypes.string);
  } else if ('float' in value) {
    writer.tag(attributeProto.float, WireType.Bit32).float(value.float);
    kind(attributeTypes.float);
  } else {
    for (const item of value) writer.tag(attributeProto.ints, WireType.Varint).int64(item);
    kind(attributeTypes.ints);
  }
}

function encodeInitializer(writer: BinaryWriter, { name, shape, dtype, data }: OnnxInitializer): void {
  for (const extent of shape) writer.tag(tensorProto.dims, WireType.Varint).int64(extent);
  writer.tag(tensorProto.dataType, WireType.Varint).int32(onnxDtypes[dtype]);
  writer.tag(tensorProto.name, WireType.LengthDelimited).string(name);
  const bytes = new Uint8Array(data.buffer, data.byteOffset, data.byteLength);
  writer.tag(tensorProto.rawData, WireType.LengthDelimited).bytes(bytes);
}

function encodeValueInfo(writer: BinaryWriter, { name, shape, dtype }: OnnxValue, hidesShape: boolean): void {
  writer.tag(valueInfoProto.name, WireType.LengthDelimited).string(name);
  message(writer, valueInfoProto.type, () =>
    message(writer, typeProto.tensorType, () => {
      writer.tag(tensorTypeProto.elemType, WireType.Varint).int32(onnxDtypes[dtype]);
      message(writer, tensorTypeProto.shape, () => {
        for (const extent of shape) {
          message(writer, shapeProto.dim, () => {
            if (!hidesShape) writer.tag(dimensionProto.value, WireType.Varint).int64(extent);
          });
        }
      });
    }),
  );
}

/** A sequence of float tensors. */
function encodeSequenceInfo(writer: BinaryWriter, name: string): void {
  writer.tag(valueInfoProto.name, WireType.LengthDelimited).string(name);
  message(writer, valueInfoProto.type, () =>
    message(writer, typeProto.sequenceType, () =>
      message(writer, sequenceTypeProto.elemType, () =>
        message(writer, typeProto.tensorType, () => {
          writer.tag(tensorTypeProto.elemType, WireType.Varint).int32(onnxDtypes.float32);
        }),
      ),
    ),
  );
}
