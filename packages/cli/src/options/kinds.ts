/** What an option's text may be: a zod schema that reads it, and the words that an error and the help use for it. */
import { z } from 'zod';

export interface Kind<Value> {
  /** `<n>` in the help; null for a switch without a value. */
  readonly placeholder: string | null;
  /** Completes "expected …". */
  readonly expected: string;
  readonly schema: z.ZodType<Value>;
  /** Takes several words, or the option several times. */
  readonly several?: true;
}

interface Bounds {
  readonly min?: number;
  readonly max?: number;
  /** Greater than this. */
  readonly above?: number;
}

export const wholeNumber = ({ min = 0, max = Number.MAX_SAFE_INTEGER }: Bounds = {}): Kind<number> => ({
  placeholder: 'n',
  expected: `a whole number ${range({ min, max })}`,
  schema: z
    .string()
    .regex(/^[+-]?\d+$/)
    .transform(Number)
    .pipe(z.number().int().min(min).max(max)),
});

export const number = (bounds: Bounds = {}): Kind<number> => ({
  placeholder: 'x',
  expected: `a number ${range(bounds)}`.trim(),
  schema: z
    .string()
    .trim()
    .min(1)
    .transform(Number)
    .pipe(
      z
        .number()
        .min(bounds.min ?? -Infinity)
        .max(bounds.max ?? Infinity)
        .gt(bounds.above ?? -Infinity),
    ),
});

/** A number, or one word in place of it. */
export const numberOr = <const Word extends string>(word: Word, bounds: Bounds = {}): Kind<number | Word> => {
  const { expected, schema } = number(bounds);
  return {
    placeholder: `x|${word}`,
    expected: `${expected}, or ${word}`,
    schema: z.union([z.literal(word), schema]) as unknown as z.ZodType<number | Word>,
  };
};

/** One of a few words; TypeScript keeps the list and the type together. */
export const choice = <const Word extends string>(words: readonly Word[]): Kind<Word> => ({
  placeholder: words.join('|'),
  expected: `one of ${words.join(', ')}`,
  schema: z.enum(words as readonly [Word, ...Word[]]) as unknown as z.ZodType<Word>,
});

export const text = (placeholder: string, expected: string, pattern: RegExp = /\S/): Kind<string> => ({
  placeholder,
  expected,
  schema: z.string().regex(pattern),
});

export const path = (placeholder: string): Kind<string> => text(placeholder, 'a path');

export const paths = (placeholder: string): Kind<readonly string[]> => ({
  placeholder,
  expected: 'one or more paths',
  schema: z.array(z.string().regex(/\S/)),
  several: true,
});

/** Words separated by commas. */
export const words = (placeholder: string, expected: string): Kind<readonly string[]> => ({
  placeholder,
  expected,
  schema: separated(z.array(z.string().min(1))),
});

/** Whole numbers from 0 separated by commas. */
export const wholeNumbers = (expected: string): Kind<readonly number[]> => ({
  placeholder: 'n,…',
  expected,
  schema: separated(z.array(z.string().regex(/^\d+$/).transform(Number).pipe(z.number().int())).min(1)),
});

/** Numbers separated by commas. */
export const numbers = (expected: string): Kind<readonly number[]> => ({
  placeholder: 'x,…',
  expected,
  schema: separated(z.array(z.string().min(1).transform(Number).pipe(z.number())).min(1)),
});

export const toggle: Kind<boolean> = { placeholder: null, expected: 'no value', schema: z.boolean() };

const separated = <Value>(items: z.ZodType<Value, string[]>): z.ZodType<Value> =>
  z
    .string()
    .transform((all) => all.split(',').map((word) => word.trim()))
    .pipe(items);

function range({ min, max, above }: Bounds): string {
  if (above !== undefined) return max === undefined ? `above ${above}` : `above ${above} and at most ${max}`;
  if (min === undefined) return max === undefined ? '' : `of at most ${max}`;
  return max === undefined || max === Number.MAX_SAFE_INTEGER ? `of at least ${min}` : `from ${min} to ${max}`;
}
