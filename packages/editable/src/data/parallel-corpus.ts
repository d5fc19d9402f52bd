/** Parallel text in a folder: a file for each split and language, `train.de` and `train.en`, line by line translations. */
import { createHash } from 'node:crypto';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { readParallelText, type SentencePair as TextPair } from '@editable/text';
import { EditableError } from '../errors.js';

export type { SentencePair as TextPair } from '@editable/text';

export interface CorpusLanguages {
  /** The ending of the sources' files, `de`. */
  readonly source: string;
  readonly target: string;
}

export interface ParallelCorpus extends CorpusLanguages {
  readonly folder: string;
  /** SHA-256 (hex) of the sentences for training and validation. */
  readonly hash: string;
  readonly train: readonly TextPair[];
  readonly valid: readonly TextPair[];
}

/** What files of a split's name begin with; what follows up to the language is free: `val.lc.norm.tok.de`. */
const beginnings = { train: ['train'], valid: ['valid', 'val', 'dev'], test: ['test'] } as const;

export type CorpusSplit = keyof typeof beginnings;

/**
 * Reads what training needs.
 *
 * @throws EditableError DATA_NOT_FOUND naming the split that has no file; TextError INVALID_FILE naming file and line
 */
export function readParallelCorpus(folder: string, languages: CorpusLanguages): ParallelCorpus {
  const { source, target } = languages;
  if (source === target) {
    throw new EditableError('INVALID_ARGUMENT', `target: expected another language than ${source}, the source's.`);
  }
  const [train, valid] = [readCorpusSplit(folder, 'train', languages), readCorpusSplit(folder, 'valid', languages)];
  const hash = createHash('sha256');
  for (const pairs of [train, valid]) {
    for (const pair of pairs) hash.update(`${pair.source}\n${pair.target}\n`);
    hash.update('\n');
  }
  return { folder, source, target, hash: hash.digest('hex'), train, valid };
}

/** Reads one split. @throws as `readParallelCorpus` */
export function readCorpusSplit(folder: string, split: CorpusSplit, languages: CorpusLanguages): TextPair[] {
  return readParallelText(...splitFiles(folder, split, languages));
}

/** Reads a split if the folder has files for it: no pairs where it has none. @throws as `readParallelCorpus` */
export const readSplitIfThere = (folder: string, split: CorpusSplit, languages: CorpusLanguages): TextPair[] =>
  stemsOf(folder, split, languages.source).length === 0 ? [] : readCorpusSplit(folder, split, languages);

/** The split's two files, alike but for the language. */
function splitFiles(
  folder: string,
  split: CorpusSplit,
  { source, target }: CorpusLanguages,
): readonly [string, string] {
  const found = stemsOf(folder, split, source);
  const stem = found[0];
  const file = (language: string): string => join(folder, `${stem}.${language}`);
  if (found.length === 1 && existsSync(file(target))) return [file(source), file(target)];
  const there = found.map((each) => `${each}.${source}`).join(', ');
  const problem =
    stem === undefined
      ? 'it has neither'
      : found.length === 1
        ? `it has ${there}, but no ${stem}.${target}`
        : `it has several: ${there}`;
  throw new EditableError(
    'DATA_NOT_FOUND',
    `dataset: expected ${split}.${source} and ${split}.${target} in ${folder}; ${problem}.`,
  );
}

/** Names of the source's files for a split, without the language; the plain name goes before longer ones. */
function stemsOf(folder: string, split: CorpusSplit, source: string): string[] {
  if (!existsSync(folder) || !statSync(folder).isDirectory()) {
    throw new EditableError('DATA_NOT_FOUND', `dataset: expected a folder of parallel text, received ${folder}.`);
  }
  const names: readonly string[] = beginnings[split];
  const stems = readdirSync(folder)
    .filter((file) => file.endsWith(`.${source}`))
    .map((file) => file.slice(0, -source.length - 1))
    .filter((stem) => names.includes(stem.split(/[._]/)[0] as string));
  const plain = stems.filter((stem) => names.includes(stem));
  return plain.length === 1 ? plain : stems;
}
