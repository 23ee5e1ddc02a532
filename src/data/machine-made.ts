/** Limits beyond which no person writes lines of source code, in UTF-16 units (Chen et al. 2021, Codex, section 3.1). */
export const lineLimits = { mean: 100, longest: 1000 } as const;

/** Of a file, the lines that are searched for a mark at least, and the units that are at most. */
const header = { lines: 5, characters: 2 ** 11 };

/**
 * Sentences by which a file says of itself that a program wrote it. A text that merely speaks of something generated (“if the
 * message was auto-generated”) is none: the words stand at the beginning of a line, or are about the file.
 */
const marks: readonly RegExp[] = [
  /@generated\b/i,
  /\bdo not (?:edit|modify)\b/i,
  /\b(?:file|code|module|source|document|script|header) (?:is|was|has been) (?:\w+ )?(?:auto(?:matically)?[- ]?)?generated\b/i,
  /\b(?:auto(?:matically)?[- ]?)?generated (?:source |code )?file\b/i,
  /^\W*(?:auto[- ]?|automatically )generated\b/im,
  /^\W*(?:\w+ )?(?:auto[- ]?|automatically )?generated (?:automatically )?(?:by|from|with|using|automatically)\b/im,
];

/** A line that is a comment, or may stand above one. */
const commentLine = /^\s*(?:$|\/\/|\/\*|\*|#|--|;|%|<!--|\(\*|\{-|"""|''')/;

/**
 * The words by which a source file says that a program wrote it, from its first five lines and the comment that it begins
 * with; nothing where it does not.
 */
export function generatedMark(text: string): string | undefined {
  const head = headerOf(text.slice(0, header.characters));
  for (const mark of marks) {
    const found = mark.exec(head)?.[0];
    if (found !== undefined) return found.replace(/^[^\w@]+/, '');
  }
  return undefined;
}

function headerOf(head: string): string {
  const lines = head.split('\n');
  let numLines = 0;
  let isInside = false;
  for (const line of lines) {
    if (!isInside && !commentLine.test(line)) break;
    numLines++;
    const opened = Math.max(line.lastIndexOf('/*'), line.lastIndexOf('<!--'));
    const closed = Math.max(line.lastIndexOf('*/'), line.lastIndexOf('-->'));
    if (opened !== closed) isInside = opened > closed;
  }
  return lines.slice(0, Math.max(numLines, header.lines)).join('\n');
}
