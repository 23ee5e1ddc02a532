import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { createCleaningPipeline } from '../../../src/data/cleaning/pipeline.ts';
import { redactionKinds } from '../../../src/data/cleaning/redaction.ts';
import { cleanBy, ruleOf } from './cleaning-support.ts';

const kinds = redactionKinds;

describe('normalisation', () => {
  test('gives one form to line ends, control characters, marks and composition', async () => {
    const clean = await cleanBy('normalisation');
    expect(clean('\ufeffa\r\nb\rc\fd\u0085e\0\u0007\u009ff\tcafe\u0301 \ud800!')).toEqual({
      kept: true,
      text: 'a\nb\nc\nd\nef\tcafé \ufffd!',
      edits: [
        { rule: 'normalisation/line-end', count: 4 },
        { rule: 'normalisation/control-character', count: 3 },
        { rule: 'normalisation/byte-order-mark', count: 1 },
        { rule: 'normalisation/lone-surrogate', count: 1 },
        { rule: 'normalisation/composed', count: 1 },
      ],
    });
  });

  test('leaves emoji, and knows NFKC and none', async () => {
    expect((await cleanBy('normalisation'))('👍🏽 ﬁ')).toMatchObject({ text: '👍🏽 ﬁ', edits: [] });
    expect((await cleanBy('normalisation', 'form=NFKC'))('ﬁ')).toMatchObject({ text: 'fi' });
    expect((await cleanBy('normalisation', 'form=none'))('e\u0301')).toMatchObject({ text: 'e\u0301' });
  });

  test.each(['', ' \n\t', '\0\0', '\u3000\u2028'])('removes %j as blank', async (text) => {
    expect(ruleOf((await cleanBy('normalisation'))(text))).toBe('blank');
  });

  test('has nothing to do a second time, and never leaves a lone surrogate', async () => {
    const clean = await cleanBy('normalisation', 'removeBlank=false');
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), fc.string(), (first, second) => {
        const once = clean(`${first}\udc00${second}\ud800`);
        const text = once.kept ? once.text : '';
        expect(/\p{Surrogate}/u.test(text)).toBe(false);
        expect(clean(text)).toEqual({ kept: true, text, edits: [] });
      }),
    );
  });
});

describe('redaction', () => {
  const [begin, end] = ['-----BEGIN PRIVATE KEY-----', '-----END PRIVATE KEY-----'];
  const redact = async (text: string, ...only: (typeof kinds)[number][]) => {
    const { clean } = await createCleaningPipeline({ preset: 'none', redact: only.length > 0 ? only : [...kinds] });
    const result = clean(text);
    return result.kept ? [result.text, result.edits.map(({ rule, count }) => `${rule} ${count}`).join(', ')] : [];
  };

  test.each([
    ['Write to jane.doe+x@mail.example.co.uk.', 'Write to email@example.com.', 'redact/email 1'],
    ['(a@b.org,c@d.net)', '(email@example.com,email@example.com)', 'redact/email 2'],
    ['from 8.8.8.8 to 10.0.0.1', 'from 22.214.171.124 to 10.0.0.1', 'redact/ipv4 1'],
    ['at 2a00:1450:4001::200e now', 'at 2001:db8::1 now', 'redact/ipv6 1'],
    ['call +49 30 1234-5678 or (212) 555-1234', 'call 555-555-0100 or 555-555-0100', 'redact/phone 2'],
    ['id AKIAIOSFODNN7EXAMPLE here', 'id <KEY> here', 'redact/aws-key 1'],
    [`x ghp_${'a1B2'.repeat(9)} y`, 'x <KEY> y', 'redact/github-token 1'],
    [`x xoxb-${'1234567890-abc'} y`, 'x <KEY> y', 'redact/slack-token 1'],
    [`x AIza${'Sy0_-'.repeat(7)} y`, 'x <KEY> y', 'redact/google-key 1'],
    ['x eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.SflKxwRJSMeKKF2Q y', 'x <KEY> y', 'redact/jwt 1'],
    ['-----BEGIN RSA PRIVATE KEY-----\nMIIE\n-----END RSA PRIVATE KEY-----!', '<KEY>!', 'redact/private-key 1'],
    ['API_KEY = "f3A9kd82Lq0zPx71mN4v"', 'API_KEY = "<KEY>"', 'redact/assigned-secret 1'],
    [`API_KEY=${'f3A9kd82Lq0zPx71mN4v'.repeat(40)}! y`, 'API_KEY=<KEY>! y', 'redact/assigned-secret 1'],
    ['x sk-proj-f3A9kd82Lq0zPx71mN4v_w-Q y', 'x <KEY> y', 'redact/sk-key 1'],
    ['x sk-ant-api03-f3A9kd82Lq0zPx71mN4v y', 'x <KEY> y', 'redact/sk-key 1'],
    [`a\n${begin}\nMIIEvQIBADANBgkqhkiG\n9w0BAQEFAASC\nBKcw=`, 'a\n<KEY>', 'redact/private-key 1'],
    [`${begin}\nProc-Type: 4,ENCRYPTED\n\nMIIEvQIBADANBgkqhkiG\nthe end`, '<KEY>\nthe end', 'redact/private-key 1'],
    [`k = "${begin}\\nMIIEvQIBADANBgkqhkiG\\n9w0B", b`, 'k = "<KEY>", b', 'redact/private-key 1'],
    [`${begin}\nMIIEvQIBADANBgkqhkiG\n\nkept ${begin}\nA\n${end}.`, '<KEY>\n\nkept <KEY>.', 'redact/private-key 2'],
  ])('of %s', async (text, expected, edits) => {
    expect(await redact(text)).toEqual([expected, edits]);
  });

  test.each([
    'a @ b, @name, x@localhost',
    'version 1.2.3.4.5 and 192.168.1.1 and 127.0.0.1 and 999.1.1.1',
    'at 12:30:45 and fe80::1 and 2001:db8::7 and ::1',
    'in 2024-01-01 and 1234567890',
    'a key begins with -----BEGIN PRIVATE KEY-----\nand ends so',
    'class="sk-folding-cube sk-chasing-dot-before2"',
    'token = getTokenFromStorageOfBrowser(); password: aaaaaaaaaaaaaaaaaaaa1',
  ])('leaves %s', async (text) => {
    expect(await redact(text)).toEqual([text, '']);
  });

  // Each would take minutes if a search began anew at every character.
  test.each([
    ['@', '@'],
    ['a@', 'a@'],
    ['letters', 'a'],
    ['digits', '1'],
    ['dots', '1.'],
    ['colons', '2001:'],
    ['plus', '+1 '],
    ['eyJ', 'eyJ-'],
    ['xox', 'xoxb-'],
    ['begin', '-----BEGIN PRIVATE KEY-----'],
    ['lines of a key', '-----BEGIN PRIVATE KEY-----\nMIIEvQIBADANBgkqhkiG\n'],
    ['sk', 'sk-proj-'],
    ['names', 'token'],
    ['assignments', 'token= '],
    ['quotes', 'api_key"'],
    ['blanks', 'secret    '],
  ])('ends on a megabyte of %s', async (_, piece) => {
    const { clean } = await createCleaningPipeline({ preset: 'none', redact: [...kinds] });
    const small = seconds(() => clean(piece.repeat(Math.ceil(2 ** 17 / piece.length))));
    const large = seconds(() => clean(piece.repeat(Math.ceil(2 ** 20 / piece.length))));
    // 8 times the text: quadratic time would be 64 times as long.
    expect(large).toBeLessThan(32 * Math.max(small, 0.02));
  });
});

function seconds(work: () => unknown): number {
  const start = process.cpuUsage();
  work();
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}
