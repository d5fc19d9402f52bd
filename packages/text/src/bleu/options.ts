/** How BLEU is computed: sacreBLEU's options, names and defaults. */
import { shown, TextError } from '../errors.js';
import { type BleuTokenizer, bleuTokenizers } from './tokenizers.js';

/** What stands for a precision of zero (Chen and Cherry 2014): `exp` halves 1/total each time, `floor` takes a value. */
export type BleuSmoothing = 'none' | 'floor' | 'add-k' | 'exp';

/** How sentences are cut into words; 13a and with their case unless said. */
export interface BleuTokenization {
  readonly tokenizer?: BleuTokenizer;
  /** Compares in lower case. */
  readonly lowercase?: boolean;
}

/** How precisions become a score; `exp` and all four orders unless said. */
export interface BleuScoring {
  readonly smoothing?: BleuSmoothing;
  /** Of `floor` (0.1 unless said) or `add-k` (1 unless said). */
  readonly smoothingValue?: number;
  /** Averages only over the orders that the hypothesis is long enough for; meant for single sentences. */
  readonly effectiveOrder?: boolean;
}

/** All of BLEU's options. */
export interface BleuOptions extends BleuTokenization, BleuScoring {}

/** The value of a smoothing that has one, unless said. */
export const smoothingDefaults: Readonly<Record<BleuSmoothing, number | undefined>> = {
  none: undefined,
  floor: 0.1,
  'add-k': 1,
  exp: undefined,
};

/** Throws `INVALID_ARGUMENT` for a tokenizer or smoothing that is none, or a value that is not positive. */
export function checkBleuOptions(caller: string, options: BleuOptions): void {
  const { tokenizer = '13a', smoothing = 'exp', smoothingValue } = options;
  checkName(caller, 'tokenizer', tokenizer, Object.keys(bleuTokenizers));
  checkName(caller, 'smoothing', smoothing, Object.keys(smoothingDefaults));
  if (smoothingValue === undefined || (Number.isFinite(smoothingValue) && smoothingValue > 0)) return;
  throw new TextError(
    'INVALID_ARGUMENT',
    `${caller}: expected a positive smoothing value, received ${smoothingValue}.`,
  );
}

function checkName(caller: string, what: string, name: string, names: readonly string[]): void {
  if (names.includes(name)) return;
  throw new TextError(
    'INVALID_ARGUMENT',
    `${caller}: expected the ${what} ${names.join(', ')}, received ${shown(name)}.`,
  );
}
