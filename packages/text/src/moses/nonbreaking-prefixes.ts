/**
 * Words after which a full stop belongs to the word: "Dr. Müller", "Nr. 5", and in German ordinals ("3. Oktober").
 * The facts are those of Moses' lists (share/nonbreaking_prefixes, German and English), arranged by kind.
 */
import type { Language } from './language.js';

/** A language's words that keep their full stop. */
export interface NonbreakingPrefixes {
  /** Keep their full stop before any word. */
  readonly always: ReadonlySet<string>;
  /** Keep it only before a digit: "No. 7", but "No ." */
  readonly beforeNumbers: ReadonlySet<string>;
}

const words = (...lines: readonly string[]): string[] => lines.flatMap((line) => line.split(' '));

const upperCaseLetters = words('A B C D E F G H I J K L M N O P Q R S T U V W X Y Z');

// German has no word of one small letter, so these are abbreviations; English has "a".
const lowerCaseLetters = upperCaseLetters.map((letter) => letter.toLowerCase());

const titles = words(
  'Mr MR Mrs MRS Ms MS Messrs Mlle Mme MM Dr DR Prof Hon Rev Msgr St Sr Adj Adv Bart Ord Op Ph Con',
  'Adm Brig Capt Cmdr Col Comdr Cpl Ens Gen Insp Lt Maj Pfc Pvt Sfc Sgt Supt Surg Asst',
  'Gov Rep Reps Res Sen Sens Rt Bldg Bros Corp Hosp',
);

const romanNumerals = words('I II III IV V VI VII VIII IX X XI XII XIII XIV XV XVI XVII XVIII XIX XX');

const germanAbbreviations = words(
  'bzgl bzw ca Ca Buchst Chr dergl dgl evtl ff ggf sen jun sog sogen spp Std usf usw vgl Zt zzt',
  'etc v vs Art No Nos Nr pp Mio Mrd MwSt Dkr BSE SA Co Ltd',
  'b.A D.h d.h d.J g.g.A g.U I.F i.H.v k.o m.E o.ä s.p.a u.a u.ä u.E u.s.w u.U z.B z.T z.Zt c.-à-d',
);

const englishAbbreviations = words(
  'Drs Hr v vs i.e rev e.g Rs Nos Nr',
  'Jan Feb Mar Apr Jun Jul Aug Sep Oct Nov Dec', // May is a whole word
);

const ordinals = Array.from({ length: 99 }, (_, i) => String(i + 1));

/** By language. */
export const nonbreakingPrefixes: Readonly<Record<Language, NonbreakingPrefixes>> = {
  de: {
    always: new Set([
      ...[upperCaseLetters, lowerCaseLetters, titles, germanAbbreviations, ordinals].flat(),
      ...romanNumerals.flatMap((numeral) => [numeral, numeral.toLowerCase()]),
    ]),
    beforeNumbers: new Set(),
  },
  en: {
    always: new Set([...upperCaseLetters, ...titles, ...englishAbbreviations]),
    beforeNumbers: new Set(words('No Art pp')),
  },
};
