/** Repairs: wishes with their evidence, and what may be asked of them. */
import type { Deed, Prediction, RepairStanding, RepairStatus, Source, Wish } from '@editable/workspace';
import { z } from 'zod';
import { count, hash, repairName, testImages, time, words } from './words.js';

export interface RepairDocument {
  readonly id: string;
  readonly status: RepairStatus;
  readonly wish: Wish;
  readonly source: Source;
  readonly proposed: Deed;
  readonly approved: Deed | null;
  readonly retired: Deed | null;
  /** In the active release; null where it is not one of its repairs. */
  readonly standing: RepairStanding | null;
}

const deedSchema: z.ZodType<Deed> = z.strictObject({ by: z.string(), at: time, why: z.string() });

export const standingSchema: z.ZodType<RepairStanding> = z.strictObject({
  repair: hash,
  holds: z.boolean(),
  lead: z.number(),
  following: count,
  unseenViews: count,
});

export const predictionSchema: z.ZodType<Prediction> = z.strictObject({
  label: z.number().int(),
  name: z.string(),
  probability: z.number(),
});

export const repairSchema: z.ZodType<RepairDocument> = z.strictObject({
  id: hash,
  status: z.enum(['proposed', 'approved', 'active', 'retired']),
  wish: z.strictObject({ picture: hash, target: count, views: count, margin: z.number() }),
  source: z.strictObject({
    index: count.nullable(),
    file: z.string().nullable(),
    targetName: z.string(),
    predicted: predictionSchema,
  }),
  proposed: deedSchema,
  approved: deedSchema.nullable(),
  retired: deedSchema.nullable(),
  standing: standingSchema.nullable(),
});

/** Where a picture comes from: a test image, one that was sent in or on which a candidate differed, or a file's bytes. */
export type PictureInput =
  | { readonly index: number }
  | { readonly feedback: number }
  | { readonly difference: number }
  /** PNG, JPEG or WebP in base64; `name`: what the file is called. */
  | { readonly image: string; readonly name?: string | undefined };

export const pictureInputSchema: z.ZodType<PictureInput> = z.union([
  z.strictObject({ index: count }),
  z.strictObject({ feedback: count }),
  z.strictObject({ difference: count }),
  z.strictObject({ image: z.base64().min(1), name: words.optional() }),
]);

/** A picture and the class that it must have. */
export interface WishInput {
  readonly picture: PictureInput;
  /** A class by number or name. */
  readonly target: number | string;
  /** Augmented views of it that must follow, too; default 0. */
  readonly views?: number | undefined;
  /** Nats by which the target must lead; default 0. */
  readonly margin?: number | undefined;
}

export const wishInputSchema: z.ZodType<WishInput> = z.strictObject({
  picture: pictureInputSchema,
  target: z.union([count, z.string().min(1).max(1000)]),
  views: count.optional(),
  margin: z.number().min(0).optional(),
});

/** `by`: who does it. Left out where tokens are used, as a token names its person. */
interface Person {
  readonly by?: string | undefined;
}

const person = { by: words.optional() };

export interface ProposeRequest extends Person {
  readonly wishes: readonly WishInput[];
  readonly why: string;
}

export const proposeSchema: z.ZodType<ProposeRequest> = z.strictObject({
  wishes: z.array(wishInputSchema).min(1).max(1000),
  why: words,
  ...person,
});

export interface ReasonRequest extends Person {
  readonly why: string;
}

export const reasonSchema: z.ZodType<ReasonRequest> = z.strictObject({ why: words, ...person });

export interface ApproveRequest extends ReasonRequest {
  readonly repairs: readonly string[];
}

export const approveSchema: z.ZodType<ApproveRequest> = z.strictObject({
  repairs: z.array(repairName).min(1).max(1000),
  why: words,
  ...person,
});

export interface RetireRequest extends ReasonRequest {
  readonly testImages?: number | undefined;
}

export const retireSchema: z.ZodType<RetireRequest> = z.strictObject({ why: words, testImages, ...person });

/** What wishes, or repairs that were proposed, would do together with all that is approved. */
export interface PreviewRequest {
  readonly wishes?: readonly WishInput[] | undefined;
  readonly repairs?: readonly string[] | undefined;
}

export const previewRequestSchema: z.ZodType<PreviewRequest> = z
  .strictObject({
    wishes: z.array(wishInputSchema).max(1000).optional(),
    repairs: z.array(repairName).max(1000).optional(),
  })
  .refine(({ wishes = [], repairs = [] }) => wishes.length + repairs.length > 0, 'expected a wish or a repair');
