import fc from 'fast-check';

/** Strings on which tokenizers are known to differ. */
export const edgeStrings: readonly string[] = [
  '',
  ' ',
  'a',
  "I'm you're he'S they'LL we'Ve I'D don'T 'tis ''s '",
  "'ſ x'ſy 'ſ' 'K 'LLama 'lL 'rE're 'v 'r 'l",
  "HELLO'S WORLD'll camelCase'd HTTPServer's XMLHttpRequest",
  'a\nb\r\nc\rd\n\n\ne\r\n\r\n  f',
  '\n \r\n\t \n',
  'tail   ',
  'tail \n  ',
  'tail \r',
  '\t\tif (x) {\n\t\t\treturn 1;\n\t\t}\n',
  'a  b   c    d\u00a0e\u00a0 \u00a0f',
  '\u0085x\u0085\u0085 y\u2028z\u2029\u3000w\u202fv',
  '\ufeffbom \u200bzero\u200c width\u200d \u2060',
  'e\u0301a\u0300\u0301 \u0301 x\u0301\u0302 \u0301\u0302Y \u0301A \u0301ABC \u0301a',
  '👩‍👩‍👧‍👦 👍🏽 🇩🇪 ☃️ 😀😀',
  '你好，世界。漢字かな交じり文 カタカナ',
  'مرحبا بالعالم ١٢٣٤ العَرَبِيَّة',
  '안녕하세요 세계 각각',
  '1234567890 12 123 1234 ½ ²³ Ⅳ ٣٤٥ १२३४५ 𝟘𝟙𝟚𝟛',
  'ǅungla ǅ ʰaʰB ªº ªA Aª aªB Aªb AʰBʰC',
  '日本Aa日aA本 A日 日A a日 日a ABC日DEF',
  'http://a.b/c//d?e=f&g#h /\n/\r/ ///\n',
  '!@#$%^&*() -- --- _x_ __init__ =>\n=>\r\n',
  '<|endoftext|> <|bos|><|im_start|>user',
  '    indented\n      more\n\n\n        end',
  '𐍈𐍉 𝒜𝒷 𠀀 \u{10ffff} \u{e000}',
  '\u0000\u0001\u007f\u0080\u009f',
  'x\u1680y\u2000z\u180eq',
  'ßẞ ŉ İi ſt ﬁ Σσς',
  // A mark whose other case is a letter.
  'α\u0313\u0345: \u0345\u0345',
];

const alphabet = [
  ...[..." '''sdmtlvreSDMTLVRE\r\n\t0123AZaz.,!/_-\u00a0\u0085\u017f\u2028\u200d\ufeff"],
  ...['ª', 'ʰ', 'ǅ', '日', 'é', 'É', '\u0301', '\u0903', '²', '½', '٣', '😀', '👍🏽', '𝟘', '𝒜', '𐍈', '한'],
  ...['  ', '\r\n', "'ll", "'VE", ' the', 'ABC', 'abc', '   ', '123'],
];

/** Text rich in what the patterns treat apart: some from a small alphabet of such things, some any Unicode. */
export const edgeText: fc.Arbitrary<string> = fc.oneof(
  { weight: 4, arbitrary: fc.array(fc.constantFrom(...alphabet), { maxLength: 40 }).map((parts) => parts.join('')) },
  { weight: 1, arbitrary: fc.string({ unit: 'binary', maxLength: 30 }) },
  { weight: 1, arbitrary: fc.string({ unit: 'grapheme', maxLength: 30 }) },
);
