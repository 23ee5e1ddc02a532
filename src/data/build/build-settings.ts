import { z } from 'zod';

/** What a build does with a corpus. It stands in the manifest, and equal settings over equal text give equal bytes. */
export const buildSettingsSchema = z.strictObject({
  /** The field of a JSON record that holds its text; `a.b` for one inside another. */
  textField: z.string().min(1).default('text'),
  /** What is put before each text, with fields of its record in braces: `{year} {name}: `. */
  header: z.string().default(''),
  /** Documents that agree in this field are held out together; by default each document stands alone. */
  groupField: z.string().min(1).optional(),
  /** What is one document in a plain text or Markdown file. */
  documents: z.enum(['file', 'paragraph', 'line']).default('file'),
  /** Longest record in bytes; a longer text file is cut, a longer JSON line is a fault. */
  maximumDocumentBytes: z
    .int()
    .min(64)
    .max(2 ** 28)
    .default(2 ** 23),
  /** What happens at a record that cannot be read. */
  onFault: z.enum(['skip', 'stop']).default('skip'),
  removeExactDuplicates: z.boolean().default(true),
  removeNearDuplicates: z.boolean().default(true),
  /** The share of groups or documents that is held out for validation. */
  validationFraction: z.number().gt(0).lt(1).default(0.02),
  /** The most text that is held out, in bytes. */
  maximumValidationBytes: z
    .int()
    .min(1)
    .default(2 ** 24),
  /** Jaccard index from which a training document is too much like a validation document, and removed. */
  leakSimilarity: z.number().gt(0).max(1).default(0.7),
  /** Size of the vocabulary of a tokenizer that is trained, special tokens included. */
  vocabularySize: z
    .int()
    .min(257)
    .max(2 ** 24)
    .default(8192),
});

export type BuildSettings = z.infer<typeof buildSettingsSchema>;

/** The fields that a header names: `{year} {name}: ` names `year` and `name`. */
export function headerFields(header: string): readonly string[] {
  return [...new Set([...header.matchAll(/\{([^{}]+)\}/g)].map(([, field]) => field as string))];
}

/** A header with the fields of a document in place of their names; a field that it lacks becomes nothing. */
export function filledHeader(header: string, metadata: { readonly [field: string]: string }): string {
  return header.replace(/\{([^{}]+)\}/g, (_, field: string) =>
    Object.hasOwn(metadata, field) ? (metadata[field] ?? '') : '',
  );
}
