/** Pairs of files in which line i of one is the translation of line i of the other: `train.de` and `train.en`. */
import { join } from 'node:path';
import type { SentencePair } from './clean-corpus.js';
import { TextError } from './errors.js';
import { parseLines, readTextFile } from './text-file.js';

/** What a line may be. */
export interface ParallelTextOptions {
  /** A longer sentence, in words between spaces, is an error: it is more likely a file without line breaks. */
  readonly maxWords?: number;
  /** Keeps pairs with an empty side, for `cleanCorpus` to leave out. */
  readonly allowEmpty?: boolean;
}

/** A text and what errors call it, usually its path. */
export interface NamedText {
  readonly name: string;
  readonly text: string | Uint8Array;
}

/**
 * The pairs of two texts. Throws `INVALID_FILE` naming file and line where the numbers of lines differ, a line is not
 * UTF-8, is empty (unless allowed), or has more than `maxWords` words.
 */
export function parseParallelText(
  source: NamedText,
  target: NamedText,
  options: ParallelTextOptions = {},
): SentencePair[] {
  const [sources, targets] = [checkedLines(source, options), checkedLines(target, options)];
  if (sources.length !== targets.length) {
    throw new TextError(
      'INVALID_FILE',
      `Expected ${source.name} and ${target.name} to have as many lines as each other; they have ${sources.length} and ${targets.length}.`,
    );
  }
  return sources.map((sentence, i) => ({ source: sentence, target: targets[i]! }));
}

/** Reads two files of parallel text. Throws `INVALID_FILE`, also where a file is absent. */
export function readParallelText(
  sourcePath: string,
  targetPath: string,
  options: ParallelTextOptions = {},
): SentencePair[] {
  const named = (path: string): NamedText => ({ name: path, text: readTextFile(path) });
  return parseParallelText(named(sourcePath), named(targetPath), options);
}

/**
 * Reads a split of a folder: `readParallelSplit('data', 'train', 'de', 'en')` reads `data/train.de` and `data/train.en`.
 */
export function readParallelSplit(
  folder: string,
  split: string,
  source: string,
  target: string,
  options: ParallelTextOptions = {},
): SentencePair[] {
  return readParallelText(join(folder, `${split}.${source}`), join(folder, `${split}.${target}`), options);
}

function checkedLines({ name, text }: NamedText, options: ParallelTextOptions): string[] {
  const lines = parseLines(text, name);
  if (lines.length === 0) throw new TextError('INVALID_FILE', `Expected ${name} to hold sentences; it is empty.`);
  const { maxWords = 1000, allowEmpty = false } = options;
  lines.forEach((line, i) => {
    const words = line.split(' ').reduce((count, word) => count + (word.trim() === '' ? 0 : 1), 0);
    const where = `line ${i + 1} of ${name}`;
    if (words === 0 && !allowEmpty) {
      throw new TextError(
        'INVALID_FILE',
        `Expected ${where} to be a sentence; it is empty. Remove it from both files.`,
      );
    }
    if (words > maxWords) {
      throw new TextError(
        'INVALID_FILE',
        `Expected ${where} to be a sentence of at most ${maxWords} words; it has ${words}. Cut it, or leave it out of both files.`,
      );
    }
  });
  return lines;
}
