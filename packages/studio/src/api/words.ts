/** Small schemas that the others are made of. */
import { z } from 'zod';

/** 64 hexadecimal digits. */
export const hash: z.ZodType<string, string> = z.string().regex(/^[0-9a-f]{64}$/);

/** A repair by its hash or at least four digits of its beginning. */
export const repairName: z.ZodType<string, string> = z.string().regex(/^[0-9a-f]{4,64}$/);

/** A release likewise, or "active", or "base" for the network without repairs. */
export const releaseName: z.ZodType<string, string> = z.string().regex(/^([0-9a-f]{4,64}|active|base)$/);

/** What people write: printed letters only, at most 1,000. */
export const words: z.ZodType<string, string> = z
  .string()
  .trim()
  .min(1)
  .max(1000)
  .regex(/^[^\p{Cc}\p{Bidi_Control}]*$/u);

/** ISO 8601. */
export const time: z.ZodType<string, string> = z.string();

export const count: z.ZodType<number, number> = z.number().int().min(0);

/** From 0 to 1. */
export const share: z.ZodType<number, number> = z.number().min(0).max(1);

/** A number that came as text, in an address. */
export const countText: z.ZodType<number, string> = z
  .string()
  .regex(/^\d{1,9}$/)
  .transform(Number);

/** So many test images are judged; left out: all. */
export const testImages: z.ZodType<number | undefined, number | undefined> = z.number().int().min(1).optional();
