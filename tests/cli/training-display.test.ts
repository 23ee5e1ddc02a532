import { describe, expect, test } from 'vitest';
import { brailleChart } from '../../src/cli/braille-chart.ts';
import type { Terminal } from '../../src/cli/command-line.ts';
import { LiveArea } from '../../src/cli/live-area.ts';
import { styledWidth } from '../../src/cli/styled-text.ts';
import { paceText, sampleLines, trainingDisplay } from '../../src/cli/training-display.ts';
import { type TrainingState, trainingLine, trainingView } from '../../src/cli/training-view.ts';
import { exampleEvents, hostileText } from '../training/report/example-run.ts';
import { TerminalScreen } from './support/screen.ts';

const state: TrainingState = {
  step: 420,
  numSteps: 1280,
  tokens: 3_440_640,
  loss: 4.1234,
  bitsPerByte: 1.8321,
  numDocuments: undefined,
  tokensPerSecond: 34_234,
  secondsLeft: 201,
  losses: Array.from({ length: 420 }, (_, step) => [step, 3 + 5 * Math.exp(-step / 60)] as const),
  activity: undefined,
};

describe('the view of a run', () => {
  test.each([20, 40, 60, 80, 120, 200, 300])('fits a window of %i columns', (columns) => {
    for (const rows of [5, 24, 60]) {
      for (const hasColor of [false, true]) {
        const lines = trainingView(state, { columns, rows, hasColor }).split('\n');
        expect(Math.max(...lines.map(styledWidth))).toBeLessThan(columns);
        expect(lines.length).toBeLessThan(rows);
      }
    }
  });

  test('shows loss, bits per byte, rate, progress and time left in 80 columns', () => {
    const view = trainingView(state, { columns: 80, rows: 24, hasColor: false });
    for (const part of ['loss 4.123', 'bits per byte 1.832', '34,234 tokens/s', '32 %', '3 min 21 s left']) {
      expect(view).toContain(part);
    }
    expect(view.split('\n')).toHaveLength(6);
  });

  test('has more room in 200 columns, and keeps its height from the first step on', () => {
    const wide = trainingView(state, { columns: 200, rows: 50, hasColor: false });
    expect(wide).toContain('step 420 of 1,280');
    expect(wide).toContain('3.44 M tokens');
    const start = { ...state, step: 0, loss: undefined, bitsPerByte: undefined, losses: [] };
    const size = { columns: 200, rows: 50, hasColor: false };
    expect(trainingView(start, size).split('\n')).toHaveLength(wide.split('\n').length);
  });

  test('has no escape sequence without colour', () => {
    expect(trainingView(state, { columns: 80, rows: 24, hasColor: false })).not.toContain('\x1b');
    expect(trainingView(state, { columns: 80, rows: 24, hasColor: true })).toContain('\x1b[36m');
  });

  test('is one line in a log', () => {
    expect(trainingLine(state)).toBe(
      'step 420 of 1,280 (32 %)  loss 4.123  1.832 bits per byte  34,234 tokens/s  3 min 21 s left',
    );
  });
});

describe('the numbers of a run', () => {
  test('say on how few documents they were measured, and tell no time left after the last step', () => {
    const onWay = { ...state, numDocuments: 8 };
    expect(trainingLine(onWay)).toContain('1.832 bits per byte on 8 documents  ');
    expect(trainingView(onWay, { columns: 120, rows: 24, hasColor: false })).toContain('1.832 (8 documents)');
    const done = { ...state, step: 1280, secondsLeft: 13 };
    expect(trainingLine(done)).toMatch(/\(100 %\).*tokens\/s$/);
    expect(trainingView(done, { columns: 120, rows: 24, hasColor: false })).toMatch(/100 % {3}ending/);
  });

  test('follow the loss from the first steps on: a mean of the last ones, which early ones cannot hold back', () => {
    const lines: string[] = [];
    const display = trainingDisplay(
      { out: () => undefined, error: () => undefined, live: (text) => lines.push(text) },
      { numSteps: 4 },
      { monotonicMs: () => 0 },
    );
    const step = {
      type: 'step',
      gradientNorm: 1,
      isApplied: true,
      scheduleFactor: 1,
      durationMs: 1,
      elapsedMs: 1,
    } as const;
    [8, 6, 4].forEach((loss, i) => {
      display.onEvent({ ...step, step: i + 1, loss, tokens: i });
    });
    display.onProgress({ activity: 'saving', step: 3, numSteps: 4, elapsedMs: 3, remainingMs: 1 });
    // (4 + 0.9 · 6 + 0.81 · 8) / (1 + 0.9 + 0.81)
    expect(lines.at(-1)).toContain('loss 5.860');
  });

  test('tell training apart from all the time', () => {
    expect(paceText({ numTokens: 5000, trainingMs: 10_000, totalMs: 14_000 })).toBe(
      '10 s of training (500 tokens/s), 14 s in all',
    );
  });
});

describe('a curve in dots', () => {
  test('falls from the upper left to the lower right', () => {
    const { rows, top, bottom } = brailleChart(
      Array.from({ length: 40 }, (_, x) => [x, 40 - x] as const),
      { width: 20, height: 4, end: 40 },
    );
    expect([top, bottom]).toEqual([38, 1]);
    expect(rows[0]).toMatch(/^[⠀-⣿]+ *$/);
    expect(rows[3]).toMatch(/^ *[⠀-⣿]+$/);
    expect(rows.every((row) => row.length === 20)).toBe(true);
  });

  test('is drawn as far as the run has come', () => {
    const { rows } = brailleChart(
      [
        [0, 2],
        [5, 1],
      ],
      { width: 20, height: 2, end: 20 },
    );
    expect(rows.map((row) => row.trimEnd().length)).toEqual([expect.any(Number), expect.any(Number)]);
    expect(Math.max(...rows.map((row) => row.trimEnd().length))).toBe(6);
  });

  test('does not let its steep beginning or what is no number press the rest flat', () => {
    const points = Array.from(
      { length: 100 },
      (_, x) => [x, x === 0 ? 1e6 : x === 50 ? Number.NaN : 2 - x / 100] as const,
    );
    const { top, bottom } = brailleChart(points, { width: 50, height: 4, end: 100 });
    expect(top).toBeLessThan(2);
    expect(bottom).toBeCloseTo(1.01);
  });
});

/** Replays the events of a run to a display, a second apart. */
function replay(terminal: Terminal, numSteps: number): void {
  let now = 0;
  const display = trainingDisplay(terminal, { numSteps }, { monotonicMs: () => now });
  for (const event of exampleEvents(numSteps)) {
    now += 1000;
    display.onEvent(event);
    if (event.type === 'step') {
      const { step, elapsedMs } = event;
      display.onProgress({ activity: 'training', step, numSteps, elapsedMs, remainingMs: (numSteps - step) * 280 });
    }
  }
  display.close();
}

describe('the display of a run', () => {
  test('leaves evaluations, samples and notes on the screen, and nothing of what is live', () => {
    const screen = new TerminalScreen(80, 24);
    const area = new LiveArea({ write: (text) => screen.write(text), columns: () => 80, rows: () => 24 });
    const seen: string[] = [];
    const live = (lines: string) => {
      area.draw(lines);
      if (lines !== '') seen.push(screen.text);
    };
    replay(
      { out: () => {}, error: (text) => area.print(text), live, columns: () => 80, rows: () => 24, hasLiveColor: true },
      200,
    );
    expect(screen.numWraps).toBe(0);
    expect(seen.at(-1)).toMatch(/━+.*100 %/);
    expect(screen.text).toContain('bits per byte on held-out text');
    expect(screen.text).toContain('1862 Abraham Lincoln: the people');
    expect(screen.text).toContain('note: the loss rose for 20 steps');
    expect(screen.text).not.toContain('━');
  });

  test('is plain lines, a few of them, where nobody watches', () => {
    const lines: string[] = [];
    replay({ out: () => {}, error: (text) => lines.push(text), hasLiveColor: true }, 200);
    const steps = lines.filter((line) => /^step \d+ of 200/.test(line));
    expect(steps[0]).toMatch(/^step 1 of 200/);
    // One in ten seconds, and a step takes one.
    expect(steps.length).toBeGreaterThan(15);
    expect(steps.length).toBeLessThan(30);
    expect(lines.join('\n')).not.toContain('\x1b');
  });

  test('makes control characters of a sample harmless', () => {
    const lines = sampleLines({ prompt: 'a ', text: `${hostileText}\u009b31m` }, 79, false).join('\n');
    // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for
    expect(lines).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]/);
    expect(lines).toContain('␛[2J');
  });
});
