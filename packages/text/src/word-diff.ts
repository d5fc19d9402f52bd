/** What changed between two sentences, word by word, for people to read. */
import { diffWords } from 'diff';

/** A run of words, with the spaces around them. */
export interface WordChange {
  readonly kind: 'same' | 'removed' | 'added';
  readonly text: string;
}

/**
 * The words of two sentences in order; where they differ, what goes stands before what comes. The texts that are the same
 * or removed make up the first sentence, those the same or added the second, but for spaces.
 * @example wordDiff('a red ball', 'a blue ball') // same 'a ', removed 'red', added 'blue', same ' ball'
 */
export function wordDiff(before: string, after: string): WordChange[] {
  return diffWords(before, after).map(({ value, added, removed }) => ({
    kind: added ? 'added' : removed ? 'removed' : 'same',
    text: value,
  }));
}

/** A word diff on one line: `a [-red-] {+blue+} ball`, the marks of `git diff --word-diff`. */
export function formatWordDiff(changes: readonly WordChange[]): string {
  const marked = changes.map(({ kind, text }) => {
    if (kind === 'same') return text;
    const [open, close] = kind === 'removed' ? ['[-', '-]'] : ['{+', '+}'];
    const [, left, words, right] = /^(\s*)(.*?)(\s*)$/s.exec(text)!;
    return words === '' ? text : `${left}${open}${words}${close}${right}`;
  });
  return marked.join('').replace(/(-\])(\{\+)/g, '$1 $2');
}
