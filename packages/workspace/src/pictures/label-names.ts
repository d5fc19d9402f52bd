/** A class as people name it. */
import { invalid, WorkspaceError } from '../errors.js';

/**
 * A class by its name (in any case), by a part of "tench, Tinca tinca" that no other class has, or by its number.
 *
 * @throws WorkspaceError naming the classes; `where` says what it is of: a setting, or a file's line.
 */
export function labelNamed(word: string, classes: readonly string[], where?: string): number {
  const wanted = word.trim().toLowerCase();
  const byName = classes.findIndex((name) => name.toLowerCase() === wanted);
  if (byName >= 0) return byName;
  const synonyms = [...classes.keys()].filter((label) => synonymsOf(classes[label] as string).includes(wanted));
  if (synonyms.length === 1) return synonyms[0] as number;
  const number = /^\d+$/.test(word.trim()) ? Number(word) : Number.NaN;
  if (number < classes.length) return number;
  const all = classes.map((name, label) => `${label} ${name}`);
  const known = all.length <= 20 ? all.join(', ') : `${all.slice(0, 3).join(', ')} … ${all.at(-1)}`;
  const problem = `expected a class by number or name (${known}), received "${word}".`;
  throw where === undefined ? invalid('target', problem) : new WorkspaceError('INVALID_FILE', `${where}: ${problem}`);
}

const synonymsOf = (name: string): string[] => name.split(',').map((part) => part.trim().toLowerCase());
