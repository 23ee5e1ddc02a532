import { deflateSync, gzipSync } from 'node:zlib';

/** Writes values in R's serialization format (XDR, version 2 or 3), as plainly as the format allows. */
class XdrWriter {
  readonly #parts: Buffer[] = [];

  integer(...values: readonly number[]): this {
    for (const value of values) {
      const bytes = Buffer.alloc(4);
      bytes.writeInt32BE(value);
      this.#parts.push(bytes);
    }
    return this;
  }

  header(version: 2 | 3): this {
    this.#parts.push(Buffer.from('X\n'));
    this.integer(version, 0x40201, 0x30500);
    if (version === 3) {
      this.integer(5);
      this.#parts.push(Buffer.from('UTF-8'));
    }
    return this;
  }

  characters(text: string | null, latin1 = false): this {
    if (text === null) return this.integer(0x09, -1);
    const bytes = Buffer.from(text, latin1 ? 'latin1' : 'utf8');
    this.integer(latin1 ? 0x4009 : 0x8009, bytes.length);
    this.#parts.push(bytes);
    return this;
  }

  text(values: readonly (string | null)[]): this {
    this.integer(0x10, values.length);
    for (const value of values) this.characters(value);
    return this;
  }

  /** The attribute `names`: a new symbol, or a reference to the first one, which has two forms. */
  names(values: readonly string[], symbol: 'new' | 'packed' | 'unpacked'): this {
    this.integer(0x402);
    if (symbol === 'new') this.integer(1).characters('names');
    else if (symbol === 'packed') this.integer(0x1ff);
    else this.integer(0xff, 1);
    return this.text(values).integer(0xfe);
  }

  bytes(): Buffer {
    return Buffer.concat(this.#parts);
  }
}

/** The two files in which an R package keeps data sets that are vectors of text. */
export function rDataFiles(
  datasets: { readonly [name: string]: readonly (string | null)[] },
  version: 2 | 3 = 3,
): { readonly rdx: Buffer; readonly rdb: Buffer } {
  const names = Object.keys(datasets);
  const index = new XdrWriter().header(version).integer(0x213, 3, 0x213, names.length);
  const chunks: Buffer[] = [];
  let start = 0;
  for (const name of names) {
    const value = new XdrWriter()
      .header(version)
      .text(datasets[name] ?? [])
      .bytes();
    const chunk = Buffer.concat([new XdrWriter().integer(value.length).bytes(), deflateSync(value)]);
    index.integer(0x0d, 2, start, chunk.length);
    chunks.push(chunk);
    start += chunk.length;
  }
  index.names(names, 'new').integer(0x213, 0).names([], 'packed').integer(0x0a, 1, 1);
  index.names(['variables', 'references', 'compressed'], 'unpacked');
  return { rdx: gzipSync(index.bytes()), rdb: Buffer.concat(chunks) };
}
