/** Tokens put together again as people write them, exactly as Moses' detokenizer.perl does it. */
import { checkLanguage, type Language } from './language.js';
import { unescapeSpecialCharacters } from './special-characters.js';

/** detokenizer.perl's option. */
export interface DetokenizeOptions {
  /** English has rules for contractions; German has none of its own. The paper's code passed `de` for English text. */
  readonly language: Language;
}

/**
 * The sentence that a line of tokens stands for; escapes and `@-@` are undone. Throws `INVALID_ARGUMENT` for another
 * language.
 * @example detokenize('It &apos;s late , he said .', { language: 'en' }) // "It's late, he said."
 */
export function detokenize(tokens: string, { language }: DetokenizeOptions): string {
  checkLanguage('detokenize', language);
  // Lines that are a tag, or blank, go through as they are.
  if (/^<.+>$/.test(tokens) || /^\p{White_Space}*$/u.test(tokens)) return tokens;
  const text = unescapeSpecialCharacters(` ${tokens} `.replaceAll(' @-@ ', '-'));
  const joined = new Joiner(language).join(text.split(' '));
  return joined.replace(/ +/g, ' ').replace(/^ | $/g, '');
}

type Attachment = 'none' | 'left' | 'right' | 'quote';

/** Walks through the words; quotes are counted, since the same mark opens and closes. */
class Joiner {
  readonly #language: Language;
  readonly #quotes = new Map<string, number>();
  #text = '';
  #space = ' ';

  constructor(language: Language) {
    this.#language = language;
  }

  join(words: readonly string[]): string {
    words.forEach((word, i) => {
      const before = words[i - 1];
      const attachment = attachmentOf(word, before, this.#language);
      this.#add(word, attachment === 'quote' ? this.#quoteSide(word, before) : attachment);
    });
    return this.#text;
  }

  /** `left`: no space before the word; `right`: none after it. */
  #add(word: string, attachment: Attachment): void {
    this.#text += attachment === 'left' ? word : this.#space + word;
    this.#space = attachment === 'right' ? '' : ' ';
  }

  #quoteSide(word: string, before: string | undefined): 'left' | 'right' {
    const mark = /^[„“”]+$/.test(word) ? '"' : word;
    const count = this.#quotes.get(mark) ?? 0;
    const isOpening = count % 2 === 0;
    // "the boss ' s" and "James '": a possessive, not a quote that opens.
    if (isOpening && this.#language === 'en' && word === "'" && before?.endsWith('s')) return 'left';
    this.#quotes.set(mark, count + 1);
    return isOpening ? 'right' : 'left';
  }
}

function attachmentOf(word: string, before: string | undefined, language: Language): Attachment {
  if (cjkAtStart.test(word)) return before !== undefined && cjkAtEnd.test(before) ? 'left' : 'none';
  if (/^[\p{Sc}([{¿¡]+$/u.test(word)) return 'right';
  if (/^[,.?!:;\\%}\])]+$/.test(word)) return 'left';
  const isContraction = language === 'en' && /^'\p{Alphabetic}/u.test(word);
  if (isContraction && before !== undefined && /[\p{Alphabetic}\p{Nd}]$/u.test(before)) return 'left';
  return /^['"„“`]+$/.test(word) ? 'quote' : 'none';
}

// Hangul, CJK radicals to Yi, Phags-pa, compatibility forms, half-width forms, the supplementary ideographic plane.
const cjk =
  '[\\u1100-\\u11ff\\u2e80-\\ua4cf\\ua840-\\ua87f\\uac00-\\ud7af\\uf900-\\ufaff\\ufe30-\\ufe4f\\uff65-\\uffdc\\u{20000}-\\u{2ffff}]';
const cjkAtStart = new RegExp(`^${cjk}`, 'u');
const cjkAtEnd = new RegExp(`${cjk}$`, 'u');
