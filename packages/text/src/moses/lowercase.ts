/** Lower case as Moses' lowercase.perl writes it. */

/** Every letter by itself, so a capital sigma at a word's end becomes σ, where JavaScript alone would write ς. */
export function lowercase(text: string): string {
  return text.replaceAll('Σ', 'σ').toLowerCase();
}
