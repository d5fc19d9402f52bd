/** Sentences cut into words and punctuation marks exactly as Moses' tokenizer.perl cuts them, German and English. */
import { checkLanguage, type Language } from './language.js';
import { type NonbreakingPrefixes, nonbreakingPrefixes } from './nonbreaking-prefixes.js';
import { escapeSpecialCharacters } from './special-characters.js';

/** tokenizer.perl's options. */
export interface TokenizeOptions {
  readonly language: Language;
  /** Writes `&`, `|`, `<`, `>`, `'`, `"`, `[`, `]` as `&amp;` and so on, as Moses does unless told `-no-escape`. */
  readonly escape?: boolean;
  /** Cuts at hyphens inside words and marks them `@-@` (Moses' `-a`). */
  readonly splitHyphens?: boolean;
  /**
   * Leaves the full stop with an abbreviation or ordinal that ends the sentence ("mit der Nummer 3."), as Moses of 2016
   * did and Multi30k's published tokens show; Moses of today, and IWSLT14 as fairseq prepares it, split it off.
   */
  readonly keepFinalAbbreviations?: boolean;
}

/**
 * A sentence with one space between tokens: the line that tokenizer.perl prints, so `split(' ')` gives the tokens. A
 * sentence of white space alone becomes ''. Throws `INVALID_ARGUMENT` for another language.
 * @example tokenize("It's 5 p.m.", { language: 'en' }) // 'It &apos;s 5 p.m .'
 */
export function tokenize(
  sentence: string,
  { language, escape: escapes = true, splitHyphens = false, keepFinalAbbreviations = false }: TokenizeOptions,
): string {
  checkLanguage('tokenize', language);
  let text = spacedSymbols(cleaned(sentence));
  if (splitHyphens) text = text.replace(/([\p{Alphabetic}\p{Nd}])-(?=[\p{Alphabetic}\p{Nd}])/gu, '$1 @-@ ');
  text = spacedApostrophes(spacedCommas(groupedDots(text)), language);
  text = spacedFullStops(text, nonbreakingPrefixes[language], keepFinalAbbreviations);
  // A full stop before a closing apostrophe; the space that this leaves at the end is Moses' own.
  text = text.replace(/\.' ?$/, " . ' ").replaceAll(groupedDot, '.');
  return escapes ? escapeSpecialCharacters(text) : text;
}

/** White space of any kind is one space; control characters go. */
function cleaned(sentence: string): string {
  const spaced = sentence.replace(/\p{White_Space}+/gu, ' ');
  // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is removed
  const printable = spaced.replace(/[\0-\x1f]/g, '');
  return printable.replace(/ +/g, ' ').replace(/^ | $/g, '');
}

/** Everything but letters, digits, full stops, apostrophes, backticks, commas and hyphens stands alone. */
const spacedSymbols = (text: string): string => text.replace(/[^\p{Alphabetic}\p{Nd} .'`,-]/gu, ' $& ');

// A control character: `cleaned` has left none in the text.
const groupedDot = '\x01';

/** Two full stops and more are one token, hidden from the rules for a full stop. */
const groupedDots = (text: string): string => text.replace(/\.{2,}/g, (dots) => ` ${groupedDot.repeat(dots.length)} `);

/** A comma stands alone unless digits are on both sides. */
function spacedCommas(text: string): string {
  return text
    .replace(/([^\p{N}]),/gu, '$1 , ')
    .replace(/,([^\p{N}])/gu, ' , $1')
    .replace(/(\p{N}),$/u, '$1 ,');
}

function spacedApostrophes(text: string, language: Language): string {
  if (language === 'de') return text.replaceAll("'", " ' ");
  return text
    .replace(/([^\p{Alphabetic}])'([^\p{Alphabetic}])/gu, "$1 ' $2")
    .replace(/([^\p{Alphabetic}\p{N}])'(\p{Alphabetic})/gu, "$1 ' $2")
    .replace(/(\p{Alphabetic})'([^\p{Alphabetic}])/gu, "$1 ' $2")
    .replace(/(\p{Alphabetic})'(\p{Alphabetic})/gu, "$1 '$2")
    .replace(/(\p{N})'(s)/gu, "$1 '$2");
}

/** Full stops at the ends of words: part of an abbreviation or an ordinal, otherwise a token. */
function spacedFullStops(text: string, prefixes: NonbreakingPrefixes, keepFinal: boolean): string {
  const words = text.split(' ').filter((word) => word !== '');
  const spaced = words.map((word, i) => {
    if (!word.endsWith('.') || word.length === 1) return word;
    const stem = word.slice(0, -1);
    const mayKeep = keepFinal || i < words.length - 1;
    return mayKeep && keepsFullStop(stem, words[i + 1] ?? '', prefixes) ? word : `${stem} .`;
  });
  return spaced.join(' ');
}

function keepsFullStop(stem: string, next: string, prefixes: NonbreakingPrefixes): boolean {
  if (stem.includes('.') && /\p{Alphabetic}/u.test(stem)) return true; // "z.B.", "U.S."
  if (prefixes.always.has(stem) || /^\p{Lowercase}/u.test(next)) return true;
  return prefixes.beforeNumbers.has(stem) && /^[0-9]/.test(next);
}
