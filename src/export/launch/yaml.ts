import type { JsonValue } from '../../core/index.ts';

/** Words and forms that YAML reads as something else than text, in one version of it or another. */
const isPlain = (text: string): boolean =>
  /^[A-Za-z_/][A-Za-z0-9_./-]*$/.test(text) && !/^(y|n|yes|no|true|false|on|off|null|nan|inf)$/i.test(text);

/**
 * A value as YAML in blocks, two spaces a level. Texts of several lines stand as they are (`|`); others are quoted as in JSON, which is
 * YAML, where they could be read as anything but text.
 */
export function yamlText(value: JsonValue): string {
  return `${linesOf(value, '').join('\n')}\n`;
}

/** The lines of a mapping or a list at an indent. */
function linesOf(value: JsonValue, indent: string): string[] {
  if (Array.isArray(value)) {
    return value.flatMap((item: JsonValue) => {
      const inner = isNested(item) ? linesOf(item, `${indent}  `) : [`${indent}  ${scalarText(item, `${indent}  `)}`];
      return inner.map((line, i) => (i === 0 ? `${indent}- ${line.slice(indent.length + 2)}` : line));
    });
  }
  return Object.entries(value as { readonly [key: string]: JsonValue }).flatMap(([key, field]) => {
    const name = `${indent}${isPlain(key) ? key : JSON.stringify(key)}:`;
    if (!isNested(field)) return [`${name} ${scalarText(field, `${indent}  `)}`];
    return [name, ...linesOf(field, `${indent}  `)];
  });
}

/** Whether a value takes lines of its own. */
function isNested(value: JsonValue): boolean {
  if (value === null || typeof value !== 'object') return false;
  return Array.isArray(value) ? value.length > 0 : Object.keys(value).length > 0;
}

/** @param indent of the lines of a text that has several */
function scalarText(value: JsonValue, indent: string): string {
  if (typeof value !== 'string') return JSON.stringify(value);
  if (/^[^\n ][^\t\r]*\n$/.test(value) && value.indexOf('\n') < value.length - 1) {
    const lines = value.slice(0, -1).split('\n');
    return ['|', ...lines.map((line) => (line === '' ? '' : `${indent}${line}`))].join('\n');
  }
  return isPlain(value) ? value : JSON.stringify(value);
}
