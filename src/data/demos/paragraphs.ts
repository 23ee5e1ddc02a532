import { asciiFolded } from './ascii-folding.ts';
import { utf8Length } from './demo.ts';

/** A paragraph of a book and where it begins in the file of the book. */
export interface Paragraph {
  readonly text: string;
  /** From 1. */
  readonly line: number;
  readonly byteOffset: number;
}

/** What divides a book into chapters. */
export interface BookForm {
  /** A line that begins a chapter; the paragraph that it begins is a heading and is left out. */
  readonly chapterHeading: RegExp;
  /** A line at which the book ends. */
  readonly end: RegExp;
}

/**
 * The chapters of a hard-wrapped plain-text book, each as its paragraphs with one line apiece. What stands before the first
 * chapter and after the end is left out; so are headings, numbers of sections, rows of stars and notes in brackets.
 *
 * @param firstOffset the byte of the file at which the first line begins
 */
export function bookChapters(
  lines: readonly string[],
  { chapterHeading, end }: BookForm,
  firstOffset = 0,
): Paragraph[][] {
  const chapters: Paragraph[][] = [];
  let block: string[] = [];
  let blockLine = 1;
  let blockOffset = 0;
  let isHeading = false;
  const closeBlock = () => {
    const text = isHeading ? '' : paragraphText(block);
    if (text !== '') chapters.at(-1)?.push({ text, line: blockLine, byteOffset: blockOffset });
    block = [];
    isHeading = false;
  };
  let byteOffset = firstOffset;
  for (const [index, line] of lines.entries()) {
    const content = line.trimEnd();
    if (end.test(content)) break;
    if (content === '') closeBlock();
    else {
      if (block.length === 0) {
        blockLine = index + 1;
        blockOffset = byteOffset;
        if (chapterHeading.test(content)) {
          isHeading = true;
          chapters.push([]);
        }
      }
      block.push(content);
    }
    byteOffset += utf8Length(line) + 1;
  }
  closeBlock();
  return chapters.filter((paragraphs) => paragraphs.length > 0);
}

/** Verse, and the heads and ends of letters, have short lines that all begin with a capital. */
const verseLine = /^\W*\p{Lu}.{0,48}$/u;

/** The lines of a block as one paragraph; empty where the block is no part of the tale. */
function paragraphText(block: readonly string[]): string {
  const isVerse = block.length > 1 && block.every((line) => verseLine.test(line.trim()));
  const text = block
    .map((line) => asciiFolded(line).replace(/\s+/g, ' ').trim())
    .join('\n')
    // A word that was broken at its own hyphen, or a dash at the end of a line, is joined without a space.
    .replace(/([\w-])-\n/g, isVerse ? '$1-\n' : '$1-')
    .replaceAll('\n', isVerse ? '\n' : ' ')
    .replace(/_([^_]+)_/g, '$1')
    // Footnotes, and the stars that point to them.
    .replace(/ ?\[\*[^\]]*\]|\*+/g, '')
    .trim();
  if (/^\[[^\]]*\]$|^\(End of volume \w+\.?\)$/.test(text) || /^[IVXLC\d]+\.?$/.test(text)) return '';
  const isCapitals = !/[a-z]/.test(text) && !/[!?"'.]$/.test(text);
  return isCapitals ? '' : text;
}

/** Runs of paragraphs of at least `minLength` characters; what is left at the end joins the last run. */
export function paragraphRuns(paragraphs: readonly Paragraph[], minLength: number): Paragraph[][] {
  const runs: Paragraph[][] = [];
  let run: Paragraph[] = [];
  let length = 0;
  for (const paragraph of paragraphs) {
    run.push(paragraph);
    length += paragraph.text.length;
    if (length < minLength) continue;
    runs.push(run);
    run = [];
    length = 0;
  }
  if (length >= minLength / 2 || runs.length === 0) runs.push(run);
  else runs.at(-1)?.push(...run);
  return runs.filter((found) => found.length > 0);
}
