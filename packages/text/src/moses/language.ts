/** The languages that Moses' rules are here for. */
import { shown, TextError } from '../errors.js';

/** German or English. */
export type Language = 'de' | 'en';

const languages: readonly string[] = ['de', 'en'] satisfies readonly Language[];

/** Throws `INVALID_ARGUMENT` for anything but `de` or `en`; `caller` begins the sentence. */
export function checkLanguage(caller: string, language: string): asserts language is Language {
  if (languages.includes(language)) return;
  throw new TextError('INVALID_ARGUMENT', `${caller}: expected language "de" or "en", received ${shown(language)}.`);
}
