/** Punctuation written one way: straight quotes, plain dashes, no stray spaces (Moses' normalize-punctuation.perl). */
import { checkLanguage, type Language } from './language.js';

type Rules = readonly (readonly [pattern: RegExp, replacement: string])[];

const oneSpace = [/ +/g, ' '] as const;

const spacesAtBrackets: Rules = [
  [/\r/g, ''],
  [/\(/g, ' ('],
  [/\)/g, ') '],
  oneSpace,
  [/\) ([.!:?;,])/g, ')$1'],
  [/\( /g, '('],
  [/ \)/g, ')'],
  [/([0-9]) %/g, '$1%'],
  [/ :/g, ':'],
  [/ ;/g, ';'],
];

// A closing ’ becomes a double quote and an opening ‘ a single one: so in Moses at 3445289, whose output this equals.
const quotesAndDashes: Rules = [
  [/`/g, "'"],
  [/''/g, ' " '],
  [/[„“”]/g, '"'],
  [/–/g, '-'],
  [/—/g, ' - '],
  oneSpace,
  [/´/g, "'"],
  // Without the u flag, so that i folds ASCII letters only.
  [/([a-z])‘([a-z])/gi, "$1'$2"],
  [/([a-z])’([a-z])/gi, "$1'$2"],
  [/[‘‚]/g, "'"],
  [/’/g, '"'],
  [/''/g, '"'],
  [/…/g, '...'],
];

const frenchQuotes: Rules = [
  [/\u00a0«\u00a0/g, ' "'],
  [/«\u00a0/g, '"'],
  [/«/g, '"'],
  [/\u00a0»\u00a0/g, '" '],
  [/\u00a0»/g, '"'],
  [/»/g, '"'],
];

const noBreakSpaces: Rules = [
  [/\u00a0%/g, '%'],
  [/nº\u00a0/g, 'nº '],
  [/\u00a0:/g, ':'],
  [/\u00a0ºC/g, ' ºC'],
  [/\u00a0cm/g, ' cm'],
  [/\u00a0([?!;])/g, '$1'],
  [/,\u00a0/g, ', '],
  oneSpace,
];

// English sets the comma before the closing quote, German after it; thousands are marked the other way round.
const byLanguage: Readonly<Record<Language, Rules>> = {
  en: [
    [/"([,.]+)/g, '$1"'],
    [/([0-9])\u00a0([0-9])/g, '$1.$2'],
  ],
  de: [
    [/,"/g, '",'],
    [/(\.+)"([\t\n\v\f\r ]*[^<])/g, '"$1$2'],
    [/([0-9])\u00a0([0-9])/g, '$1,$2'],
  ],
};

const shared = [...spacesAtBrackets, ...quotesAndDashes, ...frenchQuotes, ...noBreakSpaces];

/** The language whose customs for quotes and numbers hold. */
export interface NormalizePunctuationOptions {
  readonly language: Language;
}

/**
 * One sentence with its punctuation normalised. Throws `INVALID_ARGUMENT` for another language.
 * @example normalizePunctuation('„Ja“ – sagte sie', { language: 'de' }) // '"Ja" - sagte sie'
 */
export function normalizePunctuation(sentence: string, { language }: NormalizePunctuationOptions): string {
  checkLanguage('normalizePunctuation', language);
  // The German rule for a full stop before a quote asks for a character after it: at a line's end the line break.
  let text = `${sentence}\n`;
  for (const [pattern, replacement] of [...shared, ...byLanguage[language]]) text = text.replace(pattern, replacement);
  return text.slice(0, -1);
}
