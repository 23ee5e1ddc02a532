// Prints src/tokenizer/code-point-table.ts from the tables of Hugging Face's `tokenizers`: npx tsx FILE > src/tokenizer/code-point-table.ts
import { nativeCodePointClasses } from './hugging-face-pieces.ts';

const classes = nativeCodePointClasses();
let runs = '';
for (let first = 0; first < classes.length; ) {
  let end = first + 1;
  while (end < classes.length && classes[end] === classes[first]) end++;
  // The class as a letter, A for 1; then the length in base 36, left out where it is 1.
  runs += String.fromCharCode(0x40 + (classes[first] as number)) + (end - first > 1 ? (end - first).toString(36) : '');
  first = end;
}
const lines = runs.match(/.{1,112}/g) ?? [];
process.stdout.write(`/**
 * The classes of all code points by Unicode 16.0, which Hugging Face's \`tokenizers\` 0.23 and tiktoken 0.9 use, as runs: a
 * letter for the class (A is 1) and how many code points have it, in base 36, nothing for one.
 * Made by tests/tokenizer/support/print-code-point-classes.ts.
 */
export const codePointRuns = [
${lines.map((line) => `  '${line}',`).join('\n')}
].join('');
`);
