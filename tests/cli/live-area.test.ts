import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { LiveArea } from '../../src/cli/live-area.ts';
import { fitStyled, styledWidth } from '../../src/cli/styled-text.ts';
import { TerminalScreen } from './support/screen.ts';

function areaOn(screen: TerminalScreen, writes: string[] = []): LiveArea {
  const write = (text: string) => {
    writes.push(text);
    screen.write(text);
  };
  return new LiveArea({ write, columns: () => screen.columns, rows: () => screen.rows });
}

describe('a live area', () => {
  test('is replaced in place, and what is printed stays above it', () => {
    const screen = new TerminalScreen(20, 6);
    const area = areaOn(screen);
    area.print('first');
    area.draw('one\ntwo\nthree');
    area.draw('uno\ndos');
    area.print('second');
    area.draw('1\n2\n3');
    area.print('third');
    expect(screen.text).toBe('first\nsecond\nthird\n1\n2\n3');
    area.erase();
    area.print('last');
    expect(screen.text).toBe('first\nsecond\nthird\nlast');
  });

  test('is drawn by one write that erases nothing before it puts new text there, so that nothing flickers', () => {
    const writes: string[] = [];
    const area = areaOn(new TerminalScreen(20, 6), writes);
    area.draw('one\ntwo');
    area.draw('uno\ndos');
    expect(writes).toHaveLength(2);
    const erased = writes[1]?.indexOf('\x1b[K') ?? 0;
    expect(writes[1]?.slice(0, erased)).toContain('uno');
  });

  test('goes on below itself where it is left', () => {
    const screen = new TerminalScreen(20, 6);
    const area = areaOn(screen);
    area.draw('one\ntwo');
    area.leave();
    screen.write('$ ');
    expect(screen.text).toBe('one\ntwo\n$');
  });

  test('cuts lines that are longer than the window', () => {
    const screen = new TerminalScreen(20, 6);
    areaOn(screen).draw(`${'x'.repeat(50)}\n\x1b[1m${'y'.repeat(50)}\x1b[0m`);
    expect(screen.numWraps).toBe(0);
    expect(screen.text).toBe(`${'x'.repeat(19)}\n${'y'.repeat(19)}`);
  });

  test('never wraps, never scrolls away what it will replace, and loses nothing that was printed', () => {
    const line = fc.string({ unit: fc.constantFrom('a', 'b', ' ', '界', '\x1b[1m', '\x1b[0m'), maxLength: 30 });
    const action = fc.oneof(
      fc.record({ draw: fc.array(line, { minLength: 1, maxLength: 9 }) }),
      fc.record({ print: fc.string({ unit: fc.constantFrom('x', 'y'), minLength: 1, maxLength: 9 }) }),
    );
    fc.assert(
      fc.property(fc.array(action, { maxLength: 20 }), fc.integer({ min: 2, max: 8 }), (actions, rows) => {
        const screen = new TerminalScreen(12, rows);
        const area = areaOn(screen);
        for (const one of actions) 'draw' in one ? area.draw(one.draw.join('\n')) : area.print(one.print);
        area.erase();
        expect(screen.numWraps).toBe(0);
        const printed = actions.flatMap((one) => ('print' in one ? [one.print] : []));
        expect(screen.text).toBe(printed.join('\n'));
      }),
    );
  });
});

describe('a styled line', () => {
  test('is as wide as what can be read of it', () => {
    expect(styledWidth('\x1b[1mab\x1b[0mc界')).toBe(5);
  });

  test('is cut to its beginning, and its style ends with it', () => {
    expect(fitStyled('\x1b[1mabc\x1b[0mdef', 2)).toBe('\x1b[1mab\x1b[0m');
    expect(fitStyled('\x1b[1mabc\x1b[0mdef', 4)).toBe('\x1b[1mabc\x1b[0md');
    expect(fitStyled('a界b', 2)).toBe('a');
    expect(fitStyled('abc', 3)).toBe('abc');
  });
});
