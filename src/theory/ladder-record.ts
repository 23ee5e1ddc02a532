import { z } from 'zod';

const whole = z.int().min(0);
const positive = z.int().min(1);
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** Schema of the four counts of parameters: the convention decides the exponents of a law. */
export const parameterCountsSchema = z.strictObject({
  /** All that are trained. */
  total: positive,
  /** All but embeddings and the head. */
  nonEmbedding: whole,
  /** What matrix products read: non-embedding matrices and the head, a tied embedding counted as head. */
  matmul: positive,
  /** What one token passes through: of routed experts those that it visits, of an embedding one row. */
  active: positive,
});
export type ParameterCounts = Readonly<z.infer<typeof parameterCountsSchema>>;

/** Schema of one trained point of a ladder. */
export const ladderPointSchema = z.strictObject({
  /** Names the rung and what is trained on it: points of one name have size, batch and number of steps in common, and differ in the seed. */
  rung: z.string().min(1),
  seed: z.int(),
  numLayers: positive,
  width: positive,
  contextLength: positive,
  /** Tokens of a step. */
  batchTokens: positive,
  numSteps: positive,
  numTokens: positive,
  parameters: parameterCountsSchema,
  /** Of the whole training up to this point, counted in the graph, forward, backward and update. */
  flops: z.number().positive(),
  /** On all validation documents of the corpus. */
  bitsPerByte: z.number().positive(),
  /** Nats per token of the same documents. */
  loss: z.number().positive(),
  numDocuments: positive,
  /**
   * Bits per byte on the way: [steps done, Σ of schedule factors so far, bits per byte]. Of a cool-down: trunk and decay. Measured on some of
   * the documents and scaled by one factor, so that the last is `bitsPerByte`, that of all.
   */
  curve: z.array(z.tuple([whole, z.number(), z.number()])),
});
export type LadderPoint = Readonly<z.infer<typeof ladderPointSchema>>;

/** Schema of a ladder's record, `laws/NAME.json`: what was measured, small enough to keep with the code. */
export const ladderRecordSchema = z.strictObject({
  format: z.literal('groundwork-ladder'),
  version: z.literal(1),
  name: z.string().min(1),
  createdAt: z.iso.datetime(),
  corpus: z.strictObject({
    name: z.string().min(1),
    fingerprint: sha256,
    vocabularySize: positive,
    /** U, of the training part. */
    uniqueTokens: positive,
    validationBytes: positive,
    /** Those that are predicted: all but the one that begins each document. */
    validationTokens: positive,
    numValidationDocuments: positive,
    /** Bits per byte of a bigram model on the same validation documents: how hard a text is, at no cost. */
    bigramBitsPerByte: z.number().positive(),
  }),
  /** With the fingerprint of the recipe, which is equal whatever it is trained on. */
  recipe: z.strictObject({ name: z.string().min(1), sha256 }),
  environment: z.strictObject({ node: z.string(), platform: z.string(), cpu: z.string(), groundwork: z.string() }),
  points: z.array(ladderPointSchema).min(1),
});

/** Runs at several scales, from which scaling laws are fitted. */
export type LadderRecord = Readonly<z.infer<typeof ladderRecordSchema>>;
