import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { canonicalJson, type JsonValue, sha256Hex } from '../../src/core/index.ts';

/** A value that the type forbids, as a caller without types could pass it. */
const untyped = (value: unknown): JsonValue => value as JsonValue;

describe('canonicalJson', () => {
  test('sorts keys by UTF-16 code unit at every depth', () => {
    expect(canonicalJson({ b: 1, a: { z: [], y: null }, B: true, ä: 'ä', '10': 0, '9': 0 })).toBe(
      '{"10":0,"9":0,"B":true,"a":{"y":null,"z":[]},"b":1,"ä":"ä"}',
    );
    // U+1F600 is written with the code units D83D DE00, which sort before U+FFFF.
    expect(canonicalJson({ '\uffff': 1, '\u{1f600}': 2 })).toBe('{"\u{1f600}":2,"\uffff":1}');
  });

  test('writes numbers in the shortest form that reads back the same', () => {
    expect(canonicalJson([1e21, 1e-7, 0.1, 100, 5e-324, 2 ** 53, -1.5])).toBe(
      '[1e+21,1e-7,0.1,100,5e-324,9007199254740992,-1.5]',
    );
  });

  test('writes -0 as 0', () => {
    expect(canonicalJson([-0, { x: -0 }])).toBe('[0,{"x":0}]');
  });

  test('escapes what JSON must and nothing else', () => {
    expect(canonicalJson('"\\\n\u0001é\u2028')).toBe('"\\"\\\\\\n\\u0001é\u2028"');
  });

  for (const [what, value] of [
    ['NaN', Number.NaN],
    ['Infinity', Number.POSITIVE_INFINITY],
    ['undefined', undefined],
    ['a function', () => 0],
    ['a symbol', Symbol('x')],
    ['a bigint', 1n],
    ['a Date', new Date(0)],
    ['a Map', new Map([['a', 1]])],
    ['a typed array', Float32Array.of(1)],
  ] as const) {
    test(`refuses ${what} at every depth`, () => {
      expect(() => canonicalJson(untyped(value))).toThrow(/Groundwork is at fault/);
      expect(() => canonicalJson(untyped([1, value]))).toThrow(/Groundwork is at fault/);
      expect(() => canonicalJson(untyped({ a: { b: value } }))).toThrow(/Groundwork is at fault/);
    });
  }

  test('refuses an array with holes', () => {
    const holed: number[] = [];
    holed[1] = 1;
    expect(() => canonicalJson(holed)).toThrow(/Groundwork is at fault/);
  });

  test('gives text that JSON reads back as the same value', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        const text = canonicalJson(untyped(value));
        // JSON has no -0: one pass through it makes the values comparable.
        expect(JSON.parse(text)).toEqual(JSON.parse(JSON.stringify(value)));
      }),
    );
  });

  test('gives equal values equal text, whatever the order of their keys', () => {
    fc.assert(
      fc.property(fc.jsonValue(), (value) => {
        expect(canonicalJson(untyped(withKeysReversed(value)))).toBe(canonicalJson(untyped(value)));
      }),
    );
  });

  test('gives unequal values unequal text', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        const isEqual = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(canonicalJson(untyped(a)) === canonicalJson(untyped(b))).toBe(isEqual);
      }),
    );
  });
});

describe('sha256Hex', () => {
  test('gives the digests of FIPS 180-4 and NIST', () => {
    expect(sha256Hex('')).toBe('e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855');
    expect(sha256Hex('abc')).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(sha256Hex('abcdbcdecdefdefgefghfghighijhijkijkljklmklmnlmnomnopnopq')).toBe(
      '248d6a61d20638b8e5c026930c3e6039a33ce45964ff2167f6ecedd419db06c1',
    );
    expect(sha256Hex(new Uint8Array(1_000_000).fill(97))).toBe(
      'cdc76e5c9914fb9281a1c7e284d73e67f1809a48a497200e046d39ccc7112cd0',
    );
  });

  test('takes text as UTF-8', () => {
    expect(sha256Hex('é😀')).toBe(sha256Hex(new TextEncoder().encode('é😀')));
  });
});

function mapFields(value: unknown, order: (keys: string[]) => string[]): unknown {
  if (Array.isArray(value)) return value.map((item) => mapFields(item, order));
  if (typeof value !== 'object' || value === null) return value;
  const fields = new Map(Object.entries(value));
  return Object.fromEntries(order([...fields.keys()]).map((key) => [key, mapFields(fields.get(key), order)]));
}

const withKeysReversed = (value: unknown) => mapFields(value, (keys) => keys.reverse());
const sorted = (value: unknown) => mapFields(value, (keys) => keys.sort());
