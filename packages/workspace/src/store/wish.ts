/** What a repair asks for, and who asked: a wish is known by its contents, its evidence is kept beside it. */
import { createHash } from 'node:crypto';
import { z } from 'zod';

/** 64 hexadecimal digits. */
export const hash: z.ZodString = z.string().regex(/^[0-9a-f]{64}$/);

// What people write is printed: no control characters, which could rewrite a terminal, and no end of it.
const printed = z
  .string()
  .trim()
  .max(1000)
  .refine((text) => !/\p{Cc}|\p{Bidi_Control}/u.test(text), 'has control characters');

/** A person's name, or a reason. */
export const words: z.ZodType<string, string> = printed.pipe(z.string().min(1));

export interface Wish {
  /** Hash of the picture's [C, H, W] bytes, which the store keeps. */
  readonly picture: string;
  /** The class that it must have. */
  readonly target: number;
  /** Augmented views of it that must follow, too. */
  readonly views: number;
  /** Nats by which the target must lead. */
  readonly margin: number;
}

export const wishSchema: z.ZodType<Wish> = z.strictObject({
  picture: hash,
  target: z.number().int().min(0),
  views: z.number().int().min(0).max(1000),
  margin: z.number().min(0),
});

/** Where a picture came from and what was said of it. */
export interface Source {
  /** In the test split; null for a picture of one's own. */
  readonly index: number | null;
  readonly file: string | null;
  readonly targetName: string;
  /** What the base said when the wish was made. */
  readonly predicted: { readonly label: number; readonly name: string; readonly probability: number };
}

export const sourceSchema: z.ZodType<Source> = z.strictObject({
  index: z.number().int().min(0).nullable(),
  file: z.string().max(4096).nullable(),
  targetName: z.string().max(1000),
  predicted: z.strictObject({ label: z.number().int(), name: z.string().max(1000), probability: z.number() }),
});

/** The same wish has the same name, whoever makes it. */
export const repairId = ({ picture, target, views, margin }: Wish): string =>
  sha256(JSON.stringify({ picture, target, views, margin }));

export const sha256 = (contents: string | Uint8Array): string => createHash('sha256').update(contents).digest('hex');
