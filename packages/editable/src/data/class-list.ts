/** The classes that a network tells apart, in its order, from a text file: one a line. */
import { EditableError } from '../errors.js';
import { readFileBytes } from './read-file.js';

/** Class i has the id `ids[i]`, which folders and file names bear, and the name `names[i]`, which people read. */
export interface ClassList {
  readonly ids: readonly string[];
  readonly names: readonly string[];
}

const maxClasses = 65_535;

/**
 * Reads `n01440764 tench, Tinca tinca` (ImageNet's synset_words.txt: every line begins with a WordNet id), an id and a name
 * with a tab between, or a name alone, which is then the id too. Throws `INVALID_FILE`.
 */
export function readClassList(path: string): ClassList {
  const text = Buffer.from(readFileBytes(path, { maxBytes: 2 ** 24 })).toString('utf8');
  const lines = text.split(/\r?\n/).filter((line) => line.trim() !== '');
  const separator = lines.every((line) => /^n\d{8}\s/.test(line)) ? /\s+/ : /\t/;
  const classes = lines.map((line) => divided(line, separator));
  const ids = classes.map(([id]) => id);
  const places = new Map(ids.map((id, i) => [id, i]));
  const twice = ids.find((id, i) => places.get(id) !== i);
  if (twice !== undefined) {
    throw new EditableError('INVALID_FILE', `Expected ${path} to name each class once; "${twice}" is there twice.`);
  }
  if (ids.length < 2 || ids.length > maxClasses || ids.some((id) => id.length > 200 || /\p{Cc}/u.test(id))) {
    throw new EditableError(
      'INVALID_FILE',
      `Expected ${path} to name 2 to ${maxClasses} classes, one a line; it has ${ids.length} lines of text, or they are no names.`,
    );
  }
  return { ids, names: classes.map(([, name]) => name) };
}

function divided(line: string, separator: RegExp): readonly [id: string, name: string] {
  const at = line.search(separator);
  if (at < 0) return [line.trim(), line.trim()];
  const id = line.slice(0, at).trim();
  return [id, line.slice(at).trim() || id];
}
