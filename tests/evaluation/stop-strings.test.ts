import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { StoppingText } from '../../src/evaluation/stop-strings.ts';

const bytesOf = (text: string) => new TextEncoder().encode(text);

/** All text that comes out of pieces, and after how many pieces it stopped. */
function streamed(pieces: readonly Uint8Array[], stops: readonly string[]): { text: string; numPieces: number } {
  const stopping = new StoppingText(stops);
  let text = '';
  for (const [i, piece] of pieces.entries()) {
    const step = stopping.push(piece);
    text += step.text;
    if (step.isStopped) return { text: text + stopping.flush(), numPieces: i + 1 };
  }
  return { text: text + stopping.flush(), numPieces: pieces.length };
}

/** The text before the stop string that is complete first. */
function slowCut(text: string, stops: readonly string[]): string {
  for (let end = 1; end <= text.length; end++) {
    const found = stops.filter((stop) => text.slice(0, end).endsWith(stop)).sort((a, b) => b.length - a.length)[0];
    if (found !== undefined) return text.slice(0, end - found.length);
  }
  return text;
}

describe('a text with stop strings', () => {
  test('ends before the string that is complete first, however its bytes are cut', () => {
    const letters = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), maxLength: 30 });
    const stop = fc.string({ unit: fc.constantFrom('a', 'b', 'é', '😀'), minLength: 1, maxLength: 4 });
    fc.assert(
      fc.property(letters, fc.array(stop, { maxLength: 3 }), fc.array(fc.nat(5)), (text, stops, sizes) => {
        const bytes = bytesOf(text);
        const pieces: Uint8Array[] = [];
        for (let at = 0, i = 0; at < bytes.length; i++) {
          const size = 1 + (sizes[i % Math.max(sizes.length, 1)] ?? 2);
          pieces.push(bytes.subarray(at, at + size));
          at += size;
        }
        expect(streamed(pieces, stops).text).toBe(slowCut(text, stops));
      }),
      { numRuns: 500 },
    );
  });

  test('tells no text that a stop string could still take back', () => {
    const stopping = new StoppingText(['\n\nEnd']);
    expect(stopping.push(bytesOf('Hello\n')).text).toBe('Hello');
    expect(stopping.push(bytesOf('\nE')).text).toBe('');
    expect(stopping.push(bytesOf('n')).text).toBe('');
    expect(stopping.push(bytesOf('x')).text).toBe('\n\nEnx');
  });

  test('tells characters when they are whole', () => {
    const stopping = new StoppingText([]);
    const [a, b, c, d] = [...bytesOf('😀')];
    expect(stopping.push(Uint8Array.of(a as number, b as number)).text).toBe('');
    expect(stopping.push(Uint8Array.of(c as number)).text).toBe('');
    expect(stopping.push(Uint8Array.of(d as number)).text).toBe('😀');
    stopping.push(Uint8Array.of(a as number));
    expect(stopping.flush()).toBe('\uFFFD');
  });

  test('an empty stop string is refused', () => {
    expect(() => new StoppingText([''])).toThrow(/empty stop string/);
  });
});
