// Trains with the default trainer of Hugging Face's `tokenizers` (vocabulary 30000, alphabet of the corpus, each line a
// document): `node native-training.mjs JOB…`, where a job is JSON { corpus, result, pattern? }. A process of its own,
// because the trainer prints empty lines.
import { Tokenizer } from 'tokenizers';

for (const job of process.argv.slice(2)) {
  const { corpus, result, pattern } = JSON.parse(job);
  const byteLevel = { type: 'ByteLevel', add_prefix_space: false, trim_offsets: true, use_regex: false };
  const split = { type: 'Split', pattern: { Regex: pattern }, behavior: 'Isolated', invert: false };
  // Through JSON, for splitPreTokenizer takes its pattern for a plain string.
  const tokenizer = Tokenizer.fromString(
    JSON.stringify({
      version: '1.0',
      truncation: null,
      padding: null,
      added_tokens: [],
      normalizer: null,
      pre_tokenizer: pattern === undefined ? byteLevel : { type: 'Sequence', pretokenizers: [split, byteLevel] },
      post_processor: null,
      decoder: null,
      model: { type: 'BPE', vocab: {}, merges: [] },
    }),
  );
  tokenizer.train([corpus]);
  tokenizer.save(result);
}
