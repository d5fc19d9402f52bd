/** Merges of byte-pair encoding, in subword-nmt's file format: a version line, then one pair of symbols a line. */
import { createHash } from 'node:crypto';
import { shown, TextError } from '../errors.js';
import { parseLines, readTextFile } from '../text-file.js';

/** Ends a word's last symbol in merges; 0.1 has it as a symbol of its own, 0.2 as the end of the last character's. */
export const endOfWord = '</w>';

/** subword-nmt's versions of the format. */
export type MergesVersion = '0.1' | '0.2';

/** Two symbols that become one, in the order in which they were learned. */
export type Merge = readonly [left: string, right: string];

/** What a merges file holds. */
export interface Merges {
  readonly version: MergesVersion;
  readonly pairs: readonly Merge[];
}

/**
 * The merges that a file's text holds; `name` is what errors call it. A file without a version line is of version 0.1, as
 * in subword-nmt. Throws `INVALID_FILE` with the line at fault.
 */
export function parseMerges(text: string | Uint8Array, name = 'the merges'): Merges {
  const lines = parseLines(text, name);
  while (lines.at(-1) === '') lines.pop();
  const first = lines[0] ?? '';
  const hasVersion = first.startsWith('#version:');
  const version = hasVersion ? versionOf(first, name) : '0.1';
  const offset = hasVersion ? 1 : 0;
  const pairs = lines.slice(offset).map((line, i) => mergeOf(line, `line ${i + offset + 1} of ${name}`));
  if (pairs.length === 0) throw new TextError('INVALID_FILE', `Expected ${name} to hold merges; it has none.`);
  return { version, pairs };
}

/** Reads a merges file, at most 64 MiB. Throws `INVALID_FILE`. */
export function readMerges(path: string): Merges {
  return parseMerges(readTextFile(path, { maxBytes: 2 ** 26 }), path);
}

/** The file's text; reading it gives the same merges. */
export function formatMerges({ version, pairs }: Merges): string {
  const head = version === '0.1' ? '' : `#version: ${version}\n`;
  return head + pairs.map(([left, right]) => `${left} ${right}\n`).join('');
}

/** SHA-256 (hex) of version and merges, by which a model knows the merges that it was trained with. */
export function mergesHash({ version, pairs }: Merges): string {
  return createHash('sha256').update(formatMerges({ version, pairs })).digest('hex');
}

/** Throws `WRONG_MERGES` unless the merges are those of the hash; `owner` says whose they should be ("this model"). */
export function checkMergesHash(merges: Merges, hash: string, owner = 'the model'): void {
  const found = mergesHash(merges);
  if (found === hash) return;
  throw new TextError(
    'WRONG_MERGES',
    `Expected the merges that ${owner} was trained with (${hash.slice(0, 12)}), received others (${found.slice(0, 12)}, ${merges.pairs.length} merges). Use the merges file that was kept with it.`,
  );
}

function versionOf(line: string, name: string): MergesVersion {
  const version = /^#version:\s*(0\.[12])(?:\.0+)*\s*$/.exec(line)?.[1];
  if (version !== undefined) return version as MergesVersion;
  throw new TextError(
    'INVALID_FILE',
    `Expected ${name} to begin with "#version: 0.1" or "#version: 0.2", found ${shown(line)}.`,
  );
}

function mergeOf(line: string, where: string): Merge {
  const symbols = line.replace(/^[\r ]+|[\r ]+$/g, '').split(' ');
  const [left, right] = symbols;
  if (symbols.length === 2 && left && right) return [left, right];
  throw new TextError(
    'INVALID_FILE',
    `Expected ${where} to be two symbols with a space between (subword-nmt's format), found ${shown(line)}.`,
  );
}
