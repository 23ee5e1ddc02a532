import { describe, expect, test } from 'vitest';
import { type Beginning, ChatSession, type Complete } from '../../src/cli/chat-session.ts';
import type { WritingOptions } from '../../src/cli/sampling-flags.ts';
import { GroundworkError } from '../../src/core/index.ts';

const options: WritingOptions = { maxTokens: 8, temperature: 0.8, minP: 0.05, seed: 0, stopStrings: [] };

const nothing = { tokens: [], ending: 'length' } as const;

/** A session with a model that adds one word, a token of 7, its streamed text and its notes. */
function sessionWith(complete?: Complete) {
  const calls: (Beginning & { options: WritingOptions })[] = [];
  const streamed: string[] = [];
  const notes: string[] = [];
  const session = new ChatSession(
    complete ??
      (async (beginning, given, onText) => {
        calls.push({ ...beginning, options: given });
        const tokens = [...beginning.written, 7];
        onText(' word'.repeat(tokens.length));
        return { tokens, ending: 'length' };
      }),
    options,
    { stream: (text) => streamed.push(text), note: (line) => notes.push(line) },
  );
  return { session, calls, notes, text: () => streamed.join('') };
}

describe('a chat', () => {
  test('continues each line, and shows the beginning with what follows', async () => {
    const { session, calls, text } = sessionWith();
    expect(await session.handle('The people')).toBe('continue');
    expect(calls.map(({ prompt }) => prompt)).toEqual(['The people']);
    expect(text()).toBe('The people word\n\n');
  });

  test('/more goes on from the end, /again begins anew with another seed', async () => {
    const { session, calls, text } = sessionWith();
    await session.handle('A');
    await session.handle('/more');
    await session.handle('/again');
    expect(calls.map(({ prompt }) => prompt)).toEqual(['A', 'A', 'A']);
    // From its tokens: its characters would not tell where a text stands that ended within one.
    expect(calls.map(({ written }) => written)).toEqual([[], [7], []]);
    expect(text()).toBe('A word\n\nA word word\n\nA word\n\n');
    expect(calls.map((call) => call.options.seed)).toEqual([0, 0, 1]);
  });

  test.each(['end', 'stop'] as const)('/more after a text that has ended by itself (%s) says so', async (ending) => {
    let numCalls = 0;
    const { session, notes } = sessionWith(async () => {
      numCalls += 1;
      return { tokens: [7], ending };
    });
    await session.handle('A');
    await session.handle('/more');
    expect(numCalls).toBe(1);
    expect(notes).toEqual(['the text has ended; /again writes another']);
    await session.handle('/again');
    expect(numCalls).toBe(2);
  });

  test('/more and /again before anything was written say so', async () => {
    const { session, calls, notes } = sessionWith();
    await session.handle('/more');
    await session.handle('/again');
    expect(calls).toEqual([]);
    expect(notes).toEqual(['nothing was written yet', 'nothing was written yet']);
  });

  test('settings are changed, shown, switched off and refused', async () => {
    const { session, calls, notes } = sessionWith();
    for (const line of ['/temperature 0.5', '/top-k 40', '/min-p', '/tokens 3', '/settings'])
      await session.handle(line);
    expect(notes.at(-1)).toContain('temperature 0.5  tokens 3  top-k 40');
    expect(notes.at(-1)).toContain('min-p off');
    for (const line of ['/temperature', '/temperature hot', '/top-k 0', '/tokens 1.5', '/top-p 2', '/constructor']) {
      await session.handle(line);
    }
    expect(notes.slice(-6).every((note) => /wants a|there is no/.test(note))).toBe(true);
    await session.handle('x');
    expect(calls[0]?.options).toMatchObject({ temperature: 0.5, topK: 40, maxTokens: 3 });
    expect(calls[0]?.options).not.toHaveProperty('minP');
  });

  test('an empty line does nothing, /help helps, /quit ends', async () => {
    const { session, calls, notes } = sessionWith();
    expect(await session.handle('')).toBe('continue');
    expect(await session.handle('/help')).toBe('continue');
    expect(notes[0]).toContain('/temperature');
    expect(await session.handle('/quit')).toBe('quit');
    expect(calls).toEqual([]);
  });

  test('what the model writes can do nothing to the terminal', async () => {
    const { session, text } = sessionWith(async (_, __, onText) => {
      for (const part of ['\x1b[2J', 'e', '\u0301', '\n', '\u202e']) onText(part);
      return nothing;
    });
    await session.handle('x');
    expect(text()).toBe('x␛[2Je\u0301\n⟨U+202E⟩\n\n');
  });

  test('a text that is being written can be stopped, and the session goes on', async () => {
    const { session } = sessionWith(async (_, { signal }, onText) => {
      onText('a');
      session.stop();
      expect(signal.aborted).toBe(true);
      return nothing;
    });
    expect(session.isWriting).toBe(false);
    await session.handle('x');
    expect(session.isWriting).toBe(false);
  });

  test('a fault of the model is told, and the session goes on', async () => {
    const { session, notes } = sessionWith(async () => {
      throw new GroundworkError('diverged', 'found a logit of NaN', { hint: 'Take an earlier checkpoint.' });
    });
    expect(await session.handle('x')).toBe('continue');
    expect(notes).toEqual(['found a logit of NaN\nhint: Take an earlier checkpoint.']);
  });
});
