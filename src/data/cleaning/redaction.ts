import { z } from 'zod';
import { replaceAddresses, replaceMailAddresses } from './internet-addresses.ts';
import { privateKeyBlocks, secretPatterns } from './secrets.ts';
import { defineStep } from './step.ts';
import type { WorkingText } from './working-text.ts';

/** What can be redacted. */
export const redactionKinds = ['email', 'ip', 'phone', 'secret'] as const;
export type RedactionKind = (typeof redactionKinds)[number];

/**
 * What stands in its place: for mail and IPv4 the first of the replacements of FineWeb (which takes several in turn, so
 * that a text depends on those before it); an IPv6 address set aside for documentation (RFC 3849); a telephone number set
 * aside for fiction; for secrets `<KEY>`, as StarCoder (arXiv:2305.06161, section 4) writes.
 */
export const placeholders = {
  email: 'email@example.com',
  ipv4: '22.214.171.124',
  ipv6: '2001:db8::1',
  phone: '555-555-0100',
  secret: '<KEY>',
} as const;

const options = z.strictObject({ kinds: z.array(z.enum(redactionKinds)).default([]) });

/** Takes personal data and secrets out of the text. Every search is linear in the length of the text. */
export const redaction = defineStep({
  name: 'redact',
  source: 'datatrove 0.10.1, PIIFormatter, for mail and IPv4; the formats of keys as their issuers publish them',
  version: 2,
  removals: [],
  edits: ['email', 'ipv4', 'ipv6', 'phone', 'private-key', ...secretPatterns.map(({ kind }) => kind)],
  options,
  create({ kinds }) {
    const wanted = new Set<RedactionKind>(kinds);
    return (document) => {
      if (wanted.has('secret')) redactSecrets(document);
      if (wanted.has('email')) {
        const count = counter(document);
        count.apply(replaceMailAddresses(document.text, () => count.one('email', placeholders.email)));
      }
      if (wanted.has('ip')) {
        const count = counter(document);
        count.apply(replaceAddresses(document.text, (kind) => count.one(kind, placeholders[kind])));
      }
      if (wanted.has('phone')) redactPhones(document);
      return undefined;
    };
  },
});

/** Counts replacements by kind, and notes them with the changed text. */
function counter(document: WorkingText) {
  const counts = new Map<string, number>();
  return {
    one(kind: string, placeholder: string): string {
      counts.set(kind, (counts.get(kind) ?? 0) + 1);
      return placeholder;
    },
    apply(text: string): void {
      for (const [kind, count] of counts) document.edit(`redact/${kind}`, count);
      if (counts.size > 0) document.replace(text);
    },
  };
}

function redactSecrets(document: WorkingText): void {
  const count = counter(document);
  const pieces: string[] = [];
  let done = 0;
  for (const [start, end] of privateKeyBlocks(document.text)) {
    pieces.push(document.text.slice(done, start), count.one('private-key', placeholders.secret));
    done = end;
  }
  let text = pieces.join('') + document.text.slice(done);
  for (const { kind, pattern, isSecret } of secretPatterns) {
    text = text.replace(pattern, (found) =>
      isSecret && !isSecret(found) ? found : count.one(kind, placeholders.secret),
    );
  }
  count.apply(text);
}

/** A number with its country code behind `+`, or one as written in North America. */
const phone = /(?<![\w+])\+\d[\d ().-]{6,22}\d(?!\d)|(?<![\w.-])(?:\(\d{3}\) ?|\d{3}[-. ])\d{3}[-. ]\d{4}(?![\w-])/g;
/** Digits of an international number with its country code (ITU-T E.164), and the fewest that are in use. */
const phoneDigits = { fewest: 8, most: 15 };

function redactPhones(document: WorkingText): void {
  const count = counter(document);
  const replaced = document.text.replace(phone, (found) => {
    const numDigits = found.replace(/\D/g, '').length;
    const isPhone = numDigits >= phoneDigits.fewest && numDigits <= phoneDigits.most;
    return isPhone ? count.one('phone', placeholders.phone) : found;
  });
  count.apply(replaced);
}
