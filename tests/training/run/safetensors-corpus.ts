/** A safetensors file, or what pretends to be one, and what the two readers say of it. */
export interface CorpusFile {
  readonly name: string;
  readonly bytes: Uint8Array;
  /** Whether the reader in Rust takes it (safetensors 0.8.0; `check-safetensors-corpus.py` asks it anew). */
  readonly rust: boolean;
  /** Part of the message with which it is refused here; undefined where it is taken. */
  readonly refusal: RegExp | undefined;
}

const encoder = new TextEncoder();

/** A file with this header, claimed length and data. */
export function fileOf(
  header: string | Uint8Array,
  dataBytes = 0,
  claimed: bigint | undefined = undefined,
): Uint8Array {
  const json = typeof header === 'string' ? encoder.encode(header) : header;
  const bytes = new Uint8Array(8 + json.length + dataBytes);
  new DataView(bytes.buffer).setBigUint64(0, claimed ?? BigInt(json.length), true);
  bytes.set(json, 8);
  for (let i = 0; i < dataBytes; i++) bytes[8 + json.length + i] = i * 37;
  return bytes;
}

const tensor = (begin: number | string, end: number | string, shape = '[1]', dtype = 'F32'): string =>
  `{"dtype":"${dtype}","shape":${shape},"data_offsets":[${begin},${end}]}`;
const one = tensor(0, 4);

function manyTensors(count: number): string {
  return `{${Array.from({ length: count }, (_, i) => `"t${i}":${tensor(0, 0, '[0]')}`)}}`;
}

const taken = (name: string, bytes: Uint8Array): CorpusFile => ({ name, bytes, rust: true, refusal: undefined });
const refused = (name: string, bytes: Uint8Array, refusal: RegExp): CorpusFile => ({
  name,
  bytes,
  rust: false,
  refusal,
});
/** What only our reader refuses. */
const stricter = (name: string, bytes: Uint8Array, refusal: RegExp): CorpusFile => ({
  name,
  bytes,
  rust: true,
  refusal,
});

/** Every rule of the format, broken and kept. */
export function safetensorsCorpus(): CorpusFile[] {
  return [
    taken('one tensor', fileOf(`{"a":${one}}`, 4)),
    taken('no tensor', fileOf('{}')),
    taken('spaces after the header', fileOf(`{"a":${one}}   \n\t `, 4)),
    taken('metadata', fileOf(`{"__metadata__":{"format":"pt","":"\\u00e9"},"a":${one}}`, 4)),
    taken('metadata that is null', fileOf(`{"__metadata__":null,"a":${one}}`, 4)),
    taken('a scalar', fileOf(`{"a":${tensor(0, 4, '[]')}}`, 4)),
    taken('an empty tensor between others', fileOf(`{"a":${one},"b":${tensor(4, 4, '[0,7]')},"c":${tensor(4, 8)}}`, 8)),
    taken('tensors named in another order than they lie', fileOf(`{"b":${tensor(4, 8)},"a":${one}}`, 8)),
    taken('every dtype', fileOf(everyDtype.header, everyDtype.numBytes)),
    taken('a field that the format does not know', fileOf(`{"a":{"more":[{"x":-1.5e3}],${one.slice(1)}}`, 4)),
    taken('names that mean something to JavaScript', fileOf(`{"__proto__":${one},"constructor":${tensor(4, 8)}}`, 8)),
    taken('an escape in a name', fileOf(`{"\\ud83d\\ude00\\n\\"":${one}}`, 4)),
    taken('four elements of four bits', fileOf(`{"a":${tensor(0, 2, '[4]', 'F4')}}`, 2)),

    refused('nothing', new Uint8Array(0), /found 0 bytes, expected at least 8/),
    refused('seven bytes', new Uint8Array(7), /found 7 bytes/),
    refused('a header of no bytes', fileOf(''), /expected \{/),
    refused('a length of 2^63', fileOf('{}', 0, 2n ** 63n), /header of 9223372036854775808 bytes/),
    refused('a length of 2^64 - 1', fileOf('{}', 0, 2n ** 64n - 1n), /18446744073709551615/),
    refused('a length beyond the file', fileOf('{}', 0, 3n), /header of 3 bytes in a file of 10 bytes/),
    refused('a length of 100 MB and one', fileOf('{}', 0, 100_000_001n), /100000001 bytes, expected at most/),
    refused('not UTF-8', fileOf(new Uint8Array([0x7b, 0x22, 0xff, 0x22, 0x7d])), /not UTF-8/),
    refused('an overlong UTF-8 sequence', fileOf(new Uint8Array([0x7b, 0x22, 0xc0, 0xaf, 0x22, 0x7d])), /not UTF-8/),
    refused('a byte order mark', fileOf('\ufeff{}'), /begins with "\ufeff"/),
    refused('an array', fileOf('[]'), /begins with "\["/),
    refused('half an object', fileOf('{"a":'), /the end at character 5/),
    refused('something after the object', fileOf('{}{}'), /expected the end/),
    refused('NUL after the object', fileOf('{}\0\0'), /expected the end/),
    refused('a comma at the end', fileOf(`{"a":${one},}`, 4), /expected "/),
    refused('a name without quotes', fileOf(`{a:${one}}`, 4), /expected "/),
    refused('a line feed in a name', fileOf(`{"a\n":${one}}`, 4), /control character/),
    refused('an escape that is none', fileOf(`{"\\x41":${one}}`, 4), /escape/),
    refused('half a surrogate pair', fileOf(`{"\\ud800":${one}}`, 4), /surrogate/),
    refused('metadata twice', fileOf(`{"__metadata__":{},"__metadata__":{}}`), /__metadata__ twice/),
    refused('metadata that is no string', fileOf(`{"__metadata__":{"a":1}}`), /expected "/),
    refused('metadata that is a list', fileOf(`{"__metadata__":[]}`), /expected \{/),
    refused('a tensor that is null', fileOf('{"a":null}'), /expected \{/),
    refused('no dtype', fileOf('{"a":{"shape":[0],"data_offsets":[0,0]}}'), /without a dtype/),
    refused('no shape', fileOf('{"a":{"dtype":"F32","data_offsets":[0,0]}}'), /without a dtype, a shape/),
    refused('no offsets', fileOf('{"a":{"dtype":"F32","shape":[0]}}'), /two data_offsets/),
    refused('one offset', fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0]}}'), /two data_offsets/),
    refused('three offsets', fileOf('{"a":{"dtype":"F32","shape":[0],"data_offsets":[0,0,0]}}'), /two data_offsets/),
    refused('a dtype that is none', fileOf(`{"a":${tensor(0, 4, '[1]', 'F128')}}`, 4), /the dtype "F128"/),
    refused('a dtype of Object.prototype', fileOf(`{"a":${tensor(0, 4, '[1]', 'toString')}}`, 4), /"toString"/),
    refused('a dtype in lower case', fileOf(`{"a":${tensor(0, 4, '[1]', 'f32')}}`, 4), /the dtype "f32"/),
    refused('the dtype twice', fileOf(`{"a":{"dtype":"F32",${one.slice(1)}}`, 4), /dtype of "a" twice/),
    refused('the shape twice', fileOf(`{"a":{"shape":[1],${one.slice(1)}}`, 4), /shape of "a" twice/),
    refused('a negative offset', fileOf(`{"a":${tensor(-4, 0)}}`, 4), /not negative/),
    refused('an offset of minus zero', fileOf(`{"a":${tensor('-0', 4)}}`, 4), /not negative/),
    refused('an offset with a fraction', fileOf(`{"a":${tensor(0, '4.0')}}`, 4), /an integer/),
    refused('an offset with an exponent', fileOf(`{"a":${tensor(0, '4e0')}}`, 4), /an integer/),
    refused('an offset that begins with 0', fileOf(`{"a":${tensor(0, '04')}}`, 4), /an integer/),
    refused('an offset in quotes', fileOf(`{"a":${tensor(0, '"4"')}}`, 4), /an integer/),
    refused('an offset of 2^53 + 1', fileOf(`{"a":${tensor(0, '9007199254740993')}}`, 4), /below 2\^53/),
    refused('an offset of 2^64', fileOf(`{"a":${tensor(0, '18446744073709551616')}}`, 4), /below 2\^53/),
    refused(
      'an end before the beginning',
      fileOf(`{"a":${tensor(0, 4)},"b":${tensor(4, 0, '[1]')}}`, 4),
      /before the beg/,
    ),
    refused('an overlap', fileOf(`{"a":${tensor(0, 8, '[2]')},"b":${tensor(4, 12, '[2]')}}`, 12), /an overlap/),
    refused('the same bytes twice', fileOf(`{"a":${one},"b":${one}}`, 4), /an overlap/),
    refused('a hole between', fileOf(`{"a":${one},"b":${tensor(8, 12)}}`, 12), /a hole/),
    refused('a hole at the beginning', fileOf(`{"a":${tensor(4, 8)}}`, 8), /a hole/),
    refused('bytes after the last tensor', fileOf(`{"a":${one}}`, 5), /expected \d+ by the header/),
    refused('a last tensor beyond the file', fileOf(`{"a":${one}}`, 3), /expected \d+ by the header/),
    refused('a tensor of 2^42 bytes', fileOf(`{"a":${tensor(0, 2 ** 42, `[${2 ** 40}]`)}}`, 4), /by the header/),
    refused('bytes that the shape does not have', fileOf(`{"a":${tensor(0, 4, '[2]')}}`, 4), /expected 8 for F32/),
    refused('a shape that overflows', fileOf(`{"a":${tensor(0, 4, `[${2 ** 40},${2 ** 40}]`)}}`, 4), /overflows/),
    refused('an overflow to 0', fileOf(`{"a":${tensor(0, 0, `[${2 ** 32},${2 ** 32}]`)}}`), /overflows/),
    refused('an overflow in bits', fileOf(`{"a":${tensor(0, 0, `[${2 ** 52},4096]`)}}`), /overflows/),
    refused('an overflow times 0', fileOf(`{"a":${tensor(0, 0, `[${2 ** 40},${2 ** 40},0]`)}}`), /overflows/),
    refused('three elements of four bits', fileOf(`{"a":${tensor(0, 1, '[3]', 'F4')}}`, 1), /whole bytes/),
    refused('a size with a sign', fileOf(`{"a":${tensor(0, 4, '[-1]')}}`, 4), /not negative/),
    refused('lists 10,000 deep', fileOf(`{"a":{"x":${'['.repeat(10_000)}${']'.repeat(10_000)}}}`), /128 levels/),
    refused('objects 10,000 deep', fileOf(`${'{"a":'.repeat(10_000)}1${'}'.repeat(10_000)}`), /128 levels/),

    stricter('one name twice, the last one right', fileOf(`{"a":${one},"a":${one}}`, 4), /"a" twice/),
    stricter('one name twice, written in two ways', fileOf(`{"a":${one},"\\u0061":${one}}`, 4), /"a" twice/),
    stricter('a space before the header', fileOf(' {}'), /begins with " "/),
    stricter('an empty size of 2^60', fileOf(`{"a":${tensor(0, 0, `[0,${2n ** 60n}]`)}}`), /below 2\^53/),
    stricter('a key of the metadata twice', fileOf('{"__metadata__":{"a":"1","a":"2"}}'), /twice in __metadata__/),
    stricter('65 dimensions', fileOf(`{"a":${tensor(0, 4, `[${new Array(65).fill(1)}]`)}}`, 4), /64 dimensions/),
  ];
}

/** Those that are large: taken by the reader in Rust at the cost of their size. */
export function largeCorpus(): CorpusFile[] {
  return [
    stricter('forty thousand tensors', fileOf(manyTensors(40_000)), /more than 32768 tensors/),
    stricter(
      'a hundred thousand tensors',
      fileOf(manyTensors(100_000)),
      /header of \d+ bytes, expected at most 4194304/,
    ),
    stricter('a header of 5 MB', fileOf(`{}${' '.repeat(5_000_000)}`), /header of 5000002 bytes, expected at most/),
    refused('a string of 4 MB', fileOf(`{"${'a'.repeat(4_000_000)}`), /the end of a string/),
    refused('a string of 2 million escapes', fileOf(`{"${'\\n'.repeat(2_000_000)}`), /the end of a string/),
    refused('a list of 2 million numbers', fileOf(`{"a":{"shape":[${'1,'.repeat(2_000_000)}1]}}`), /64 dimensions/),
    refused('a million lists', fileOf(`{"a":{"x":[${'[],'.repeat(1_000_000)}[]]}}`), /without a dtype/),
  ];
}

const everyDtype = (() => {
  const bits: readonly (readonly [string, number])[] = [
    ['BOOL', 8],
    ['F4', 4],
    ['F6_E2M3', 6],
    ['F6_E3M2', 6],
    ['U8', 8],
    ['I8', 8],
    ['F8_E5M2', 8],
    ['F8_E4M3', 8],
    ['F8_E8M0', 8],
    ['I16', 16],
    ['U16', 16],
    ['F16', 16],
    ['BF16', 16],
    ['I32', 32],
    ['U32', 32],
    ['F32', 32],
    ['C64', 64],
    ['F64', 64],
    ['I64', 64],
    ['U64', 64],
  ];
  let end = 0;
  const fields = bits.map(([dtype, size]) => {
    const begin = end;
    end += size;
    return `"${dtype.toLowerCase()}":${tensor(begin, end, '[2,4]', dtype)}`;
  });
  return { header: `{${fields}}`, numBytes: end };
})();
