/** How deep skipped values may be nested. */
const maxDepth = 128;

/** What a text breaks of the grammar of JSON, or of what its reader expects. */
export class ScanFault extends Error {}

/**
 * Reads JSON piece by piece, so that its reader sees what `JSON.parse` hides: names that occur twice, and integers as they
 * are written. It makes no objects, so that no name, `__proto__` included, means anything.
 */
export class JsonScanner {
  private readonly text: string;
  private at = 0;

  constructor(text: string) {
    this.text = text;
  }

  /** Calls `field` with each name of the object that comes next; `field` reads the value. */
  object(field: (name: string) => void): void {
    this.expect('{');
    if (this.take('}')) return;
    do {
      const name = this.string();
      this.expect(':');
      field(name);
    } while (this.take(','));
    this.expect('}');
  }

  /** Calls `element` for each element of the array that comes next; `element` reads it. */
  array(element: () => void): void {
    this.expect('[');
    if (this.take(']')) return;
    do element();
    while (this.take(','));
    this.expect(']');
  }

  string(): string {
    this.expect('"');
    const start = this.at;
    let isPlain = true;
    for (; ; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (code === 0x22) break;
      if (Number.isNaN(code)) throw this.fault('the end of a string');
      if (code < 0x20) throw this.fault('no control character in a string');
      if (code !== 0x5c) continue;
      isPlain = false;
      this.at++;
    }
    const raw = this.text.slice(start, this.at++);
    if (isPlain) return raw;
    let value: string;
    try {
      value = JSON.parse(`"${raw}"`);
    } catch {
      throw this.fault('an escape that JSON knows', start);
    }
    if (/\p{Surrogate}/u.test(value)) throw this.fault('whole surrogate pairs', start);
    return value;
  }

  /** An integer from 0 to 2⁵³ − 1, in digits alone. */
  integer(): number {
    this.skipSpace();
    const start = this.at;
    let value = 0;
    for (; ; this.at++) {
      const digit = this.text.charCodeAt(this.at) - 0x30;
      if (!(digit >= 0 && digit <= 9)) break;
      value = value * 10 + digit;
      if (value > Number.MAX_SAFE_INTEGER) throw this.fault('an integer below 2^53', start);
    }
    const next = this.text[this.at] ?? '';
    const isZeroLed = this.text[start] === '0' && this.at - start > 1;
    if (this.at === start || isZeroLed || '.eE'.includes(next || ' ')) {
      throw this.fault('an integer that is not negative', start);
    }
    return value;
  }

  /** Whether `null` comes next, which is then behind. */
  isNull(): boolean {
    this.skipSpace();
    if (!this.text.startsWith('null', this.at)) return false;
    this.at += 4;
    return true;
  }

  /** Passes over a value of any kind. */
  skip(depth = 0): void {
    if (depth > maxDepth) throw this.fault(`at most ${maxDepth} levels of nesting`);
    this.skipSpace();
    const first = this.text[this.at];
    if (first === '{') this.object(() => this.skip(depth + 1));
    else if (first === '[') this.array(() => this.skip(depth + 1));
    else if (first === '"') this.string();
    else {
      scalar.lastIndex = this.at;
      if (!scalar.test(this.text)) throw this.fault('a value');
      this.at = scalar.lastIndex;
    }
  }

  /** Refuses anything but white space in what is left. */
  end(): void {
    this.skipSpace();
    if (this.at < this.text.length) throw this.fault('the end');
  }

  /** A fault at a place of the text. */
  fault(expected: string, at = this.at): ScanFault {
    const found = at < this.text.length ? JSON.stringify(this.text.slice(at, at + 20)) : 'the end';
    return new ScanFault(`found ${found} at character ${at}, expected ${expected}`);
  }

  private expect(character: string): void {
    if (!this.take(character)) throw this.fault(character);
  }

  private take(character: string): boolean {
    this.skipSpace();
    if (this.text[this.at] !== character) return false;
    this.at++;
    return true;
  }

  private skipSpace(): void {
    for (; ; this.at++) {
      const code = this.text.charCodeAt(this.at);
      if (code !== 0x20 && code !== 0x0a && code !== 0x0d && code !== 0x09) return;
    }
  }
}

const scalar = /true|false|null|-?(?:0|[1-9][0-9]*)(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?/y;
