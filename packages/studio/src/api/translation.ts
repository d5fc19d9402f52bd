/** Sentences in, translations out, for those who have no tensors. */
import { z } from 'zod';
import { words } from './words.js';

export interface TranslateRequest {
  readonly sentences: readonly string[];
  /** Translations that are followed side by side; default 5. */
  readonly beam?: number | undefined;
  /** Scores are divided by the length to this power; default 1. */
  readonly lengthPenalty?: number | undefined;
}

export const translateRequestSchema: z.ZodType<TranslateRequest> = z.strictObject({
  sentences: z.array(z.string().max(100_000)).min(1).max(512),
  beam: z.number().int().min(1).max(100).optional(),
  lengthPenalty: z.number().min(-10).max(10).optional(),
});

export interface TranslateDocument {
  readonly model_name: string;
  /** Hash of the weights that answered. */
  readonly model_version: string;
  readonly translations: readonly { readonly text: string; readonly score: number }[];
}

export const translateSchema: z.ZodType<TranslateDocument> = z.strictObject({
  model_name: words,
  model_version: z.string(),
  translations: z.array(z.strictObject({ text: z.string(), score: z.number() })),
});
