import { z } from 'zod';

const place = z.object({ source: z.string(), line: z.number(), byteOffset: z.number() });
/** The beginning of a document, at most 300 characters, and where it was found. */
const sample = place.extend({ excerpt: z.string() });
const amount = z.object({ numDocuments: z.number(), numBytes: z.number() });

/**
 * What a build did with every document: the account that `data inspect` shows. The books balance:
 * `read` = `kept` + Σ `removed`, in documents. Not in bytes: they are those of the text (of the record, where it gives no text)
 * as it stood when the rule saw it, and cleaning, redaction and headers change its length.
 */
export const buildReportSchema = z.object({
  read: amount,
  kept: amount,
  /** In the order of the pipeline. `rule` is such as `unreadable/invalid-utf8`, `gopher-quality/too-few-words`,
   * `duplicate/exact`, `duplicate/near`, `contaminated/NAME`, `split/leak`. */
  removed: z.array(amount.extend({ rule: z.string(), samples: z.array(sample) })),
  /** Steps that changed documents without removing them, such as `c4/javascript-line` or `redact/email`, with how often. */
  edited: z.array(
    z.object({ rule: z.string(), numDocuments: z.number(), numEdits: z.number(), samples: z.array(sample) }),
  ),
  /** The largest groups of duplicates: the document that was kept and some of those that were removed for it. */
  duplicateGroups: z.array(z.object({ numDocuments: z.number(), kept: sample, removed: z.array(sample) })),
  /** Documents by language (ISO 639-1, `und` for undetermined) before the language rule; empty where none was identified. */
  languages: z.record(z.string(), amount),
  /** Kept documents by length: `lengths[k]` counts those of 2^k … 2^(k+1) − 1 bytes. */
  lengths: z.array(z.number()),
  /** Files of the corpus that were not read, by reason, and some of them. */
  skippedFiles: z.array(z.object({ reason: z.string(), numFiles: z.number(), samples: z.array(z.string()) })),
  /** Kept documents by the first part of their source path, the largest first, at most 50 and then `(other)`. */
  sources: z.array(amount.extend({ source: z.string() })),
});
export type BuildReport = z.infer<typeof buildReportSchema>;
