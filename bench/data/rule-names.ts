/** The name that a rule has here, by filter and reason of datatrove. */
const rules: { readonly [reason: string]: string } = {
  'gopher-repetition/empty': 'normalisation/blank',
  'gopher-repetition/dup_para_frac': 'gopher-repetition/duplicate-paragraphs',
  'gopher-repetition/dup_para_char_frac': 'gopher-repetition/duplicate-paragraph-characters',
  'gopher-repetition/dup_line_frac': 'gopher-repetition/duplicate-lines',
  'gopher-repetition/dup_line_char_frac': 'gopher-repetition/duplicate-line-characters',
  'gopher-quality/gopher_short_doc': 'gopher-quality/too-few-words',
  'gopher-quality/gopher_long_doc': 'gopher-quality/too-many-words',
  'gopher-quality/gopher_below_avg_threshold': 'gopher-quality/short-words',
  'gopher-quality/gopher_above_avg_threshold': 'gopher-quality/long-words',
  'gopher-quality/gopher_too_many_hashes': 'gopher-quality/hashes',
  'gopher-quality/gopher_too_many_ellipsis': 'gopher-quality/ellipses',
  'gopher-quality/gopher_too_many_bullets': 'gopher-quality/bullet-lines',
  'gopher-quality/gopher_too_many_end_ellipsis': 'gopher-quality/ellipsis-lines',
  'gopher-quality/gopher_below_alpha_threshold': 'gopher-quality/non-alphabetic-words',
  'gopher-quality/gopher_enough_stop_words': 'gopher-quality/too-few-stop-words',
  'c4/lorem_ipsum': 'c4/lorem-ipsum',
  'c4/curly_bracket': 'c4/curly-bracket',
  'c4/too_few_sentences': 'c4/too-few-sentences',
  'fineweb/empty': 'fineweb/no-lines',
  'fineweb/line_punct_ratio': 'fineweb/terminal-punctuation',
  'fineweb/short_line_ratio': 'fineweb/short-lines',
  'fineweb/char_dup_ratio': 'fineweb/duplicate-line-characters',
  'fineweb/list_ratio': 'fineweb/line-feeds',
};

/** The rule of ours that a reason of datatrove, such as `gopher-repetition/top_2_gram`, stands for. */
export function ruleOfReason(reason: string): string {
  return (
    rules[reason] ??
    reason
      .replace(/^gopher-repetition\/top_(\d)_gram$/, 'gopher-repetition/top-$1gram')
      .replace(/^gopher-repetition\/duplicated_(\d+)_n_grams$/, 'gopher-repetition/duplicate-$1grams')
  );
}
