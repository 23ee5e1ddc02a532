import type { Document, RecordFault, RecordFaultKind, SourceRecord } from '../document.ts';
import { decodePage, type HtmlOptions, parsePage } from './html-page.ts';
import { decodeUtf8 } from './strict-utf8.ts';

export interface ParseOptions {
  /** The field of a JSON record or Parquet row that holds the text, `text` by default; a path such as `article.body`. */
  readonly textField?: string;
  /**
   * Fields that become metadata: of a JSON record (paths as above), of the front matter of a Markdown file, and `title` of an
   * HTML page. A field that a record lacks is lacking in its document.
   */
  readonly metadataFields?: readonly string[];
  readonly html?: HtmlOptions;
}

/**
 * Makes a document of a record, or says why it is none. Synchronous and free of state: worker threads run it.
 *
 * - UTF-8 is strict: a byte that is wrong makes the record a fault. HTML may name another encoding in a `<meta>`.
 * - JSON: the escape of a lone surrogate (`"\ud800"`), which no UTF-8 can hold, becomes U+FFFD, as in `TextDecoder`.
 * - Markdown stays as it is, without the front matter at the beginning of a file (`---` or `+++`).
 * - HTML becomes text (`HtmlOptions`).
 */
export function parseRecord(record: SourceRecord, options: ParseOptions = {}): Document | RecordFault {
  const { source, line, byteOffset, format, bytes } = record;
  const fault = (kind: RecordFaultKind, message: string): RecordFault => ({ source, line, byteOffset, kind, message });
  const document = (text: string, metadata: Document['metadata'] = {}): Document => ({
    source,
    line,
    byteOffset,
    text,
    metadata,
  });
  const decoded = format === 'html' ? decodePage(bytes) : decodeUtf8(bytes);
  if ('invalidAt' in decoded) return fault('invalid-utf8', invalidUtf8Message(bytes, decoded.invalidAt, byteOffset));
  const { text } = decoded;
  if (format === 'json') return parseJson(text, options, fault, document);
  if (format === 'markdown' && line === 1) {
    const { body, fields } = withoutFrontMatter(text);
    return document(body, chosenFields(fields, options.metadataFields));
  }
  if (format === 'html') {
    const page = parsePage(text, options.html);
    return document(page.text, chosenFields(new Map([['title', page.title]]), options.metadataFields));
  }
  return document(text);
}

/** Whether `parseRecord` gave a fault. */
export function isRecordFault(result: Document | RecordFault): result is RecordFault {
  return 'kind' in result;
}

function invalidUtf8Message(bytes: Uint8Array, at: number, byteOffset: number): string {
  const found = [...bytes.subarray(at, at + 4)].map((byte) => `0x${byte.toString(16).padStart(2, '0')}`).join(' ');
  const isUtf16 = at === 0 && ((bytes[0] === 0xff && bytes[1] === 0xfe) || (bytes[0] === 0xfe && bytes[1] === 0xff));
  const guess = isUtf16 ? ', the byte-order mark of UTF-16' : '';
  return `found ${found}${guess} at byte ${byteOffset + at}, expected UTF-8`;
}

type MakeFault = (kind: RecordFaultKind, message: string) => RecordFault;
type MakeDocument = (text: string, metadata?: Document['metadata']) => Document;

function parseJson(
  json: string,
  options: ParseOptions,
  fault: MakeFault,
  document: MakeDocument,
): Document | RecordFault {
  let value: unknown;
  try {
    value = JSON.parse(json);
  } catch (cause) {
    const reason = cause instanceof Error ? cause.message : String(cause);
    return fault('invalid-json', `expected one JSON value (${printable(reason)})`);
  }
  const field = options.textField ?? 'text';
  const text = fieldOf(value, field);
  if (typeof text !== 'string') {
    const found = text === undefined ? `no field ${field}${fieldsOf(value)}` : `${kindOf(text)} in the field ${field}`;
    return fault('missing-field', `found ${found}, expected a string in the field ${field}`);
  }
  const names = options.metadataFields ?? [];
  if (names.length === 0) return document(wellFormed(text, json));
  const metadata: [string, string][] = [];
  for (const name of names) {
    const found = fieldOf(value, name);
    if (found === undefined || found === null) continue;
    try {
      metadata.push([name, wellFormed(typeof found === 'string' ? found : JSON.stringify(found), json)]);
    } catch {
      return fault('invalid-json', `the field ${name} is nested too deep to be written as text`);
    }
  }
  return document(wellFormed(text, json), Object.fromEntries(metadata));
}

/** A field by its name, or by a path of names with dots between them; only what the record itself holds. */
function fieldOf(value: unknown, path: string): unknown {
  if (typeof value !== 'object' || value === null) return undefined;
  if (Object.hasOwn(value, path)) return (value as Record<string, unknown>)[path];
  let current: unknown = value;
  for (const name of path.split('.')) {
    if (typeof current !== 'object' || current === null || !Object.hasOwn(current, name)) return undefined;
    current = (current as Record<string, unknown>)[name];
  }
  return current;
}

function fieldsOf(value: unknown): string {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return ` (the record is ${kindOf(value)})`;
  const names = Object.keys(value).slice(0, 8);
  return names.length === 0 ? ' (the record is empty)' : ` (the record has ${printable(names.join(', '))})`;
}

function kindOf(value: unknown): string {
  if (value === null) return 'null';
  if (Array.isArray(value)) return 'an array';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

/** Control characters would break the line that a message stands on; long ones are cut. */
function printable(text: string): string {
  const cut = text.length > 200 ? `${text.slice(0, 200)}…` : text;
  return cut.replace(/[\p{Cc}\p{Cs}]/gu, (character) => `\\u${character.charCodeAt(0).toString(16).padStart(4, '0')}`);
}

/** Lone surrogates as U+FFFD. Only an escape can bring one into a string, so that most records need no search. */
function wellFormed(text: string, json: string): string {
  return json.includes('\\u') ? text.replace(/\p{Cs}/gu, '\ufffd') : text;
}

/**
 * Front matter: YAML between lines of `---` or TOML between lines of `+++`, at the very beginning of a file. What begins with
 * a blank line, or names no field, is text between two horizontal rules.
 */
function withoutFrontMatter(text: string): { body: string; fields: ReadonlyMap<string, string> } {
  const fence = /^(---|\+\+\+)[ \t]*\r?\n/.exec(text);
  if (!fence) return { body: text, fields: new Map() };
  const closing = fence[1] === '---' ? /^(?:---|\.\.\.)[ \t]*\r?$/gm : /^\+\+\+[ \t]*\r?$/gm;
  closing.lastIndex = fence[0].length;
  const end = closing.exec(text);
  // A rule at the head of a text without a second one is no front matter.
  if (!end) return { body: text, fields: new Map() };
  const fields = new Map<string, string>();
  const lines = text.slice(fence[0].length, end.index).split('\n');
  // Two fences with nothing between them are front matter that is empty, as Jekyll has it.
  let isFrontMatter = end.index === fence[0].length;
  for (const line of lines[0]?.trim() === '' ? [] : lines) {
    const [, name, value] = /^([\w.-]+)(?:\s*=|\s*:(?=\s|$))\s*(.*)$/.exec(line.trimEnd()) ?? [];
    if (name === undefined) continue;
    isFrontMatter = true;
    if (value) fields.set(name, value.replace(/^(['"])(.*)\1$/, '$2'));
  }
  if (!isFrontMatter) return { body: text, fields };
  return { body: text.slice(closing.lastIndex).replace(/^(?:\r?\n)+/, ''), fields };
}

function chosenFields(fields: ReadonlyMap<string, string>, names: readonly string[] = []): Document['metadata'] {
  return Object.fromEntries(
    names.flatMap((name) => {
      const value = fields.get(name);
      return value === undefined || value === '' ? [] : [[name, value]];
    }),
  );
}
