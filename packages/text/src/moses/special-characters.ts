/** The characters that Moses keeps out of tokenized text, since they mean something to its decoder, and their escapes. */

// In Moses' order: the ampersand first when escaping and last when restoring, or escapes would be escaped again.
const escapes: readonly (readonly [character: string, code: string])[] = [
  ['&', '&amp;'],
  ['|', '&#124;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ["'", '&apos;'],
  ['"', '&quot;'],
  ['[', '&#91;'],
  [']', '&#93;'],
];

// What old versions wrote for the same characters.
const legacyEscapes: readonly (readonly [character: string, code: string])[] = [
  ['|', '&bar;'],
  ['[', '&bra;'],
  [']', '&ket;'],
];

const escapeOf = new Map(escapes);
const characterOf = new Map([...escapes, ...legacyEscapes].map(([character, code]) => [code, character]));

/** Writes `&`, `|`, `<`, `>`, `'`, `"`, `[` and `]` as Moses' tokenizer does. */
export function escapeSpecialCharacters(text: string): string {
  return text.replace(/[&|<>'"[\]]/g, (character) => escapeOf.get(character)!);
}

/** The inverse, as Moses' detokenizer does it; old escapes (`&bar;`, `&bra;`, `&ket;`) too. */
export function unescapeSpecialCharacters(text: string): string {
  const others = text.replace(/&(?:#124|#91|#93|lt|gt|apos|quot|bar|bra|ket);/g, (code) => characterOf.get(code)!);
  return others.replaceAll('&amp;', '&');
}
