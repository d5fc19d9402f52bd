/** All repairs on a retrained network: the runs that it may come from, and what came of it. */
import type { Moved } from '@editable/workspace';
import { z } from 'zod';
import { type ReleaseDocument, releaseSchema } from './releases.js';
import { standingSchema } from './repairs.js';
import { hash, testImages, words } from './words.js';

/** A folder's name: no path leaves the folder of the runs. */
export const runName: z.ZodType<string, string> = z.string().regex(/^(?!\.)[\w.-]{1,100}$/);

/** A run in the folder that the server was told of. */
export interface RunDocument {
  readonly name: string;
  /** As its configuration says: cifar-resnet18, torchscript, … */
  readonly network: string;
  /** It has the classes, the image size and the normalisation of what is served; else it wants a server of its own. */
  readonly fits: boolean;
}

export const runSchema: z.ZodType<RunDocument> = z.strictObject({
  name: z.string(),
  network: z.string(),
  fits: z.boolean(),
});

export interface MoveRequest {
  /** By its name in `/api/runs`. */
  readonly run: string;
  /** Images whose answers are kept; default 1,000. */
  readonly controlImages?: number | undefined;
  readonly testImages?: number | undefined;
  readonly by?: string | undefined;
}

export const moveRequestSchema: z.ZodType<MoveRequest> = z.strictObject({
  run: runName,
  controlImages: z.number().int().min(10).optional(),
  testImages,
  by: words.optional(),
});

export interface MovedDocument extends Omit<Moved, 'released'> {
  /** Every wanted repair on the new base; what is served does not change before it is activated. */
  readonly release: ReleaseDocument;
}

export const movedSchema: z.ZodType<MovedDocument> = z.strictObject({
  base: hash,
  from: hash.nullable(),
  standings: z.array(standingSchema),
  notNeeded: z.array(hash),
  release: releaseSchema,
});
