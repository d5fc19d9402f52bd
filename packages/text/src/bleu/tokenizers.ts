/** How BLEU cuts a sentence into words: sacreBLEU's 13a, intl, char and none. */

/** sacreBLEU's names of tokenizers. */
export type BleuTokenizer = '13a' | 'none' | 'intl' | 'char';

/** Each gives the words of a sentence. */
export const bleuTokenizers: Readonly<Record<BleuTokenizer, (sentence: string) => string[]>> = {
  '13a': mteval13a,
  none: words,
  intl: mteval14International,
  char: (sentence) => words([...sentence].join(' ')),
};

// White space as Python's str.split and str.rstrip have it.
const space = '\\t-\\r\\x1c-\\x20\\x85\\xa0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000';
const spaces = new RegExp(`[${space}]+`);
const spacesAtEnd = new RegExp(`[${space}]+$`);

/** The words of a sentence by tokenizer, in lower case if asked. */
export function bleuWords(sentence: string, tokenizer: BleuTokenizer, lowercase: boolean): string[] {
  return bleuTokenizers[tokenizer]((lowercase ? sentence.toLowerCase() : sentence).replace(spacesAtEnd, ''));
}

function words(sentence: string): string[] {
  return sentence.split(spaces).filter((word) => word !== '');
}

/** What WMT's mteval-v13a.pl does for Western languages. */
function mteval13a(sentence: string): string[] {
  const unescaped = sentence
    .replaceAll('<skipped>', '')
    .replaceAll('-\n', '')
    .replaceAll('\n', ' ')
    .replaceAll('&quot;', '"')
    .replaceAll('&amp;', '&')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  const spaced = ` ${unescaped} `
    // ASCII punctuation but the apostrophe, comma, hyphen and full stop.
    .replace(/[{-~[-` -&(-+:-@/]/g, ' $& ')
    .replace(/([^0-9])([.,])/gu, '$1 $2 ')
    .replace(/([.,])([^0-9])/gu, ' $1 $2')
    .replace(/([0-9])(-)/g, '$1 $2 ');
  return words(spaced);
}

/** What mteval-v14.pl does with --international-tokenization. */
function mteval14International(sentence: string): string[] {
  const spaced = sentence
    .replace(/(\P{N})(\p{P})/gu, '$1 $2 ')
    .replace(/(\p{P})(\P{N})/gu, ' $1 $2')
    .replace(/\p{S}/gu, ' $& ');
  return words(spaced);
}
