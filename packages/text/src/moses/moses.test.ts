import { describe, expect, it } from 'vitest';
import { TextError } from '../errors.js';
import { RandomNumbers } from '../random.js';
import {
  detokenize,
  escapeSpecialCharacters,
  type Language,
  lowercase,
  normalizePunctuation,
  tokenize,
  unescapeSpecialCharacters,
} from './index.js';

describe('tokenize', () => {
  it('keeps the full stop with abbreviations, and in German with ordinals, but not at the end', () => {
    expect(tokenize('Dr. No lives at No. 7.', { language: 'en' })).toBe('Dr. No lives at No. 7 .');
    expect(tokenize('No. It is not.', { language: 'en' })).toBe('No . It is not .');
    expect(tokenize('Am 3. Mai im 2. Stock.', { language: 'de' })).toBe('Am 3. Mai im 2. Stock .');
    expect(tokenize('Trikot Nr. 3.', { language: 'de' })).toBe('Trikot Nr. 3 .');
    expect(tokenize('Trikot Nr. 3.', { language: 'de', keepFinalAbbreviations: true })).toBe('Trikot Nr. 3.');
  });

  it('cuts English contractions before the apostrophe and German ones around it', () => {
    expect(tokenize("it's", { language: 'en', escape: false })).toBe("it 's");
    expect(tokenize("geht's", { language: 'de' })).toBe('geht &apos; s');
  });

  it('marks hyphens inside words only when asked', () => {
    expect(tokenize('well-known', { language: 'en' })).toBe('well-known');
    expect(tokenize('well-known', { language: 'en', splitHyphens: true })).toBe('well @-@ known');
    expect(detokenize('well @-@ known', { language: 'en' })).toBe('well-known');
  });

  it('gives the empty sentence for white space', () => {
    expect(tokenize(' \t\u00a0', { language: 'en' })).toBe('');
  });

  it('refuses a language without rules', () => {
    expect(() => tokenize('oui', { language: 'fr' as Language })).toThrow(
      new TextError('INVALID_ARGUMENT', 'tokenize: expected language "de" or "en", received "fr".'),
    );
  });
});

describe('detokenize', () => {
  it('opens and closes quotes by turns, and leaves a possessive apostrophe at its word', () => {
    expect(detokenize('he said &quot; yes &quot; to James &apos; dog', { language: 'en' })).toBe(
      'he said "yes" to James\' dog',
    );
  });

  it('joins Chinese words without spaces and leaves tags alone', () => {
    expect(detokenize('中 国 and 日 本', { language: 'en' })).toBe('中国 and 日本');
    expect(detokenize('<seg id = "1">', { language: 'en' })).toBe('<seg id = "1">');
  });
});

describe('lowercase', () => {
  it('writes every capital sigma as σ, also at the end of a word', () => {
    expect(lowercase('ΟΔΟΣ ÄSS')).toBe('οδοσ äss');
  });
});

describe('normalizePunctuation', () => {
  it('understands no-break spaces around French quotes and between digits', () => {
    expect(normalizePunctuation('x\u00a0«\u00a0y\u00a0»\u00a0z 1\u00a0000', { language: 'de' })).toBe('x "y" z 1,000');
    expect(normalizePunctuation('1\u00a0000\u00a0%', { language: 'en' })).toBe('1.000%');
  });
});

describe('any Unicode', () => {
  const characters = [
    ...'.,\'"`-&|<>[]()@ \u00a0\u2028\ufeffäßΣİ中한€½٣😀',
    '@-@',
    '&amp;',
    '...',
    '\ud800',
    '\0',
    '\n',
  ];
  const sentence = (random: RandomNumbers): string =>
    Array.from({ length: random.int(20) }, () =>
      random.int(3) > 0
        ? characters[random.int(characters.length)]!
        : String.fromCodePoint(random.int(4) > 0 ? random.int(0x3000) : random.int(0x110000)),
    ).join('');

  it.each<Language>(['de', 'en'])(
    'passes through 2,000 times in %s, and tokens are stable under escaping',
    (language) => {
      for (let i = 0; i < 2000; i++) {
        const text = sentence(new RandomNumbers(i, 'moses'));
        const tokens = tokenize(text, { language });
        expect(tokens, text).not.toMatch(/ {2}|^ |[\n\r\t&](?!amp;|#124;|lt;|gt;|apos;|quot;|#91;|#93;)/);
        expect(unescapeSpecialCharacters(tokens)).toBe(tokenize(text, { language, escape: false }));
        expect(unescapeSpecialCharacters(escapeSpecialCharacters(text))).toBe(text);
        expect(typeof detokenize(tokens, { language })).toBe('string');
        expect(typeof detokenize(text, { language })).toBe('string');
        expect(normalizePunctuation(lowercase(text), { language })).not.toMatch(/[„“”‘’«»…–—´`]/);
      }
    },
  );
});
