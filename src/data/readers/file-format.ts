/** What a file holds, apart from how it is packed. */
export const corpusFormats = ['text', 'markdown', 'html', 'jsonl', 'json', 'parquet'] as const;
export type CorpusFormat = (typeof corpusFormats)[number];

const formatOfExtension: ReadonlyMap<string, CorpusFormat> = new Map([
  ['txt', 'text'],
  ['text', 'text'],
  ['md', 'markdown'],
  ['markdown', 'markdown'],
  ['html', 'html'],
  ['htm', 'html'],
  ['jsonl', 'jsonl'],
  ['ndjson', 'jsonl'],
  ['json', 'json'],
  ['parquet', 'parquet'],
]);

export type Compression = 'gzip' | 'zstd';

const compressionOfExtension: ReadonlyMap<string, Compression> = new Map([
  ['gz', 'gzip'],
  ['zst', 'zstd'],
]);

/** What the name of a file says about it. */
export interface NamedFormat {
  /** `sniff` where there is no extension, `unknown` where there is one that means nothing here. */
  readonly format: CorpusFormat | 'sniff' | 'unknown';
  readonly compression: Compression | undefined;
}

/** @param name the last part of a path, such as `part-0.jsonl.zst` */
export function formatOfName(name: string): NamedFormat {
  const last = extensionOf(name);
  const compression = last === undefined ? undefined : compressionOfExtension.get(last);
  const inner = compression === undefined ? last : extensionOf(name.slice(0, name.lastIndexOf('.')));
  const format = inner === undefined ? 'sniff' : (formatOfExtension.get(inner) ?? 'unknown');
  return { format, compression };
}

/** The extension in lower case; none where nothing stands before or behind the dot, or something that is no extension. */
function extensionOf(name: string): string | undefined {
  const dot = name.lastIndexOf('.');
  if (dot <= 0 || dot === name.length - 1) return undefined;
  const extension = name.slice(dot + 1).toLowerCase();
  return /^[a-z0-9_+-]{1,12}$/.test(extension) ? extension : undefined;
}

/** How many bytes of a file are looked at to tell what it is. */
export const headBytes = 8192;

/**
 * How the bytes are packed, by their magic numbers. No text in UTF-8 begins with either, so that the bytes are believed
 * whatever the name says.
 */
export function compressionOfBytes(head: Uint8Array): Compression | undefined {
  if (head[0] === 0x1f && head[1] === 0x8b) return 'gzip';
  if (head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd) return 'zstd';
  return undefined;
}

/** What a file without a telling name holds, from its first `headBytes` bytes. NUL bytes mean that it is no text. */
export function formatOfBytes(head: Uint8Array): CorpusFormat | 'binary' {
  const beginning = new TextDecoder().decode(head);
  if (beginning.startsWith('PAR1')) return 'parquet';
  if (head.includes(0)) return 'binary';
  const start = beginning.trimStart();
  if (/^(<!doctype html|<html)[\s>]/i.test(start)) return 'html';
  if (firstField.test(start)) return start.startsWith('[') ? 'json' : formatOfObjects(start, head.length >= headBytes);
  return isJsonObject(start.split('\n', 1)[0] ?? '') ? 'jsonl' : 'text';
}

/** The beginning of an object, or of an array of them: a name and a colon. No prose begins so. */
const firstField = /^(?:\[\s*)?\{\s*"(?:[^"\\\n]|\\.)*"\s*:/;

function formatOfObjects(start: string, isCut: boolean): 'jsonl' | 'json' | 'text' {
  const end = start.indexOf('\n');
  const line = end < 0 ? start : start.slice(0, end);
  // Objects that are printed over several lines open on a line of their own.
  if (line.trimEnd() === '{') return 'json';
  // Of a line that goes on behind the head no more can be known.
  return (end < 0 && isCut) || isJsonObject(line) ? 'jsonl' : 'text';
}

function isJsonObject(text: string): boolean {
  return text.startsWith('{') && isJson(text);
}

/**
 * How the values of a `.json` file follow one another: in one array, one a line, or printed over several lines.
 *
 * @param head the first `headBytes` bytes
 */
export function layoutOfJson(head: Uint8Array): 'array' | 'lines' | 'values' {
  const start = new TextDecoder().decode(head).trimStart();
  if (start.startsWith('[')) return 'array';
  const end = start.indexOf('\n');
  // A first line longer than the head is taken for a line.
  return end < 0 || isJson(start.slice(0, end)) ? 'lines' : 'values';
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    // Not being JSON is the answer.
    return false;
  }
}
