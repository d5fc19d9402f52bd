/** Other ways of writing the same source sentence: a repair should carry over to them (the generality of an edit). */
import { checkCount, TextError } from './errors.js';
import type { RandomSource } from './random.js';

/** `drop-word`: one word is missing; `case`: capitals are others; `punctuation`: one mark is missing or another. */
export type NoiseKind = 'drop-word' | 'case' | 'punctuation';

/** Which kinds of noise to draw from; all of them unless said. */
export interface NoisyViewsOptions {
  readonly kinds?: readonly NoiseKind[];
}

/**
 * Up to `count` sentences that differ from this one by one noise each, and from each other; fewer where there are no more.
 * A function of the sentence and the numbers that `random` gives. Sentences may be tokenized or not: Moses' escapes stay
 * whole.
 * @example noisyViews('Ein Hund läuft.', 2, stream(0, 'views')) // e.g. 'Ein läuft.', 'ein Hund läuft.'
 */
export function noisyViews(
  sentence: string,
  count: number,
  random: RandomSource,
  { kinds = ['drop-word', 'case', 'punctuation'] }: NoisyViewsOptions = {},
): string[] {
  checkCount('noisyViews', 'count', count);
  const seen = new Set([sentence]);
  const left = kinds.map((kind) => {
    const fresh = variantsOf(sentence, kind).filter((variant) => !seen.has(variant));
    for (const variant of fresh) seen.add(variant);
    return [...new Set(fresh)];
  });
  const views: string[] = [];
  while (views.length < count) {
    const open = left.filter((variants) => variants.length > 0);
    if (open.length === 0) break;
    const variants = open[random.int(open.length)]!;
    views.push(variants.splice(random.int(variants.length), 1)[0]!);
  }
  return views;
}

function variantsOf(sentence: string, kind: NoiseKind): string[] {
  if (kind === 'drop-word') return withoutWord(sentence);
  if (kind === 'case') return otherCapitals(sentence);
  if (kind === 'punctuation') return otherPunctuation(sentence);
  throw new TextError(
    'INVALID_ARGUMENT',
    `noisyViews: expected kinds drop-word, case or punctuation, received ${JSON.stringify(kind)}.`,
  );
}

interface Place {
  readonly start: number;
  readonly end: number;
}

// Escapes are matched first, so that "&quot;" is neither a word nor marks.
const wordsAndEscapes = /&#?\w+;|[\p{L}\p{N}][\p{L}\p{M}\p{N}'’-]*/gu;
const marksAndEscapes = /&#?\w+;|[.,;:!?"“”„–()-]/gu;

function places(sentence: string, pattern: RegExp): Place[] {
  return [...sentence.matchAll(pattern)]
    .filter(([match]) => !match.startsWith('&'))
    .map(({ 0: match, index }) => ({ start: index, end: index + match.length }));
}

const replaced = (sentence: string, { start, end }: Place, by: string): string =>
  sentence.slice(0, start) + by + sentence.slice(end);

const tidy = (sentence: string): string => sentence.replace(/ {2,}/g, ' ').trim();

/** Each word left out once; nothing of a sentence of one. */
function withoutWord(sentence: string): string[] {
  const words = places(sentence, wordsAndEscapes);
  return words.length < 2 ? [] : words.map((word) => tidy(replaced(sentence, word, '')));
}

/** All small, all capitals, and each word with its first letter changed. */
function otherCapitals(sentence: string): string[] {
  const words = places(sentence, wordsAndEscapes);
  const everyWord = (change: (word: string) => string): string =>
    words.reduceRight((text, word) => replaced(text, word, change(text.slice(word.start, word.end))), sentence);
  const toggled = words.map((word) => {
    const [first, ...rest] = sentence.slice(word.start, word.end);
    const other = first === first!.toLowerCase() ? first!.toUpperCase() : first!.toLowerCase();
    return replaced(sentence, word, other + rest.join(''));
  });
  return [everyWord((word) => word.toLowerCase()), everyWord((word) => word.toUpperCase()), ...toggled];
}

/** Each mark left out, the last one exchanged, or a full stop where the sentence ends without a mark. */
function otherPunctuation(sentence: string): string[] {
  const marks = places(sentence, marksAndEscapes).filter(({ start, end }) => !isInsideWord(sentence, start, end));
  const dropped = marks.map((mark) => tidy(replaced(sentence, mark, '')));
  const final = /[.!?]\s*$/.exec(sentence);
  if (!final) return [...dropped, `${sentence.trimEnd()}${isTokenized(sentence) ? ' .' : '.'}`];
  const place = { start: final.index, end: final.index + 1 };
  const others = ['.', '!', '?'].map((mark) => replaced(sentence, place, mark));
  return [...dropped, ...others];
}

/** "3,5", "well-known", "z.B.": these marks are part of a word. */
const isInsideWord = (sentence: string, start: number, end: number): boolean =>
  /[\p{L}\p{N}]$/u.test(sentence.slice(0, start)) && /^[\p{L}\p{N}]/u.test(sentence.slice(end));

const isTokenized = (sentence: string): boolean => / [,.;:!?&]/.test(sentence);
