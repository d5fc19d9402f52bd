/** What a refused request is answered with. */
import { z } from 'zod';

/** As the Open Inference Protocol has it, with a stable code beside. */
export interface ErrorDocument {
  /** One sentence: what was expected, what came, what to do. */
  readonly error: string;
  /** INVALID_ARGUMENT, NOT_FOUND, REFUSED, CONFLICT, UNAUTHORIZED, FORBIDDEN, TOO_LARGE, BUSY, UNAVAILABLE, … */
  readonly code: string;
}

export const errorSchema: z.ZodType<ErrorDocument> = z.strictObject({ error: z.string(), code: z.string() });
