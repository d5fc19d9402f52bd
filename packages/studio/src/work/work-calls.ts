/** What a work thread is asked, and what it answers: the store's operations, as plain data. */
import type {
  Budget,
  CheckReport,
  Conflicts,
  Exported,
  ExportFormat,
  JobEvent,
  JournalEntry,
  Moved,
  NarrowingPreview,
  ReleaseDiff,
  StoredRelease,
  StoredRepair,
  Verification,
} from '@editable/workspace';
import type { MistakesOf } from '../api/mistakes.js';

export interface WorkData {
  readonly store: string;
  readonly device: string;
  readonly dataDir: string | undefined;
  readonly control: string | undefined;
}

/** A picture by the number of a test image, or its [C, H, W] bytes. */
export type WorkPicture = { readonly index: number } | { readonly pixels: Uint8Array; readonly name: string | null };

export interface WorkWish {
  readonly picture: WorkPicture;
  readonly target: number | string;
  readonly views: number | undefined;
  readonly margin: number | undefined;
}

interface By {
  readonly by: string;
}
interface TestImages {
  readonly testImages: number | undefined;
}

/** Every call by its name: what goes in and what comes out. */
export interface WorkCalls {
  readonly describe: {
    readonly input: null;
    readonly result: { readonly dataset: string; readonly testImages: number };
  };
  readonly propose: {
    readonly input: By & { readonly why: string; readonly wishes: readonly WorkWish[] };
    readonly result: readonly StoredRepair[];
  };
  readonly approve: {
    readonly input: By & { readonly why: string; readonly repairs: readonly string[] };
    readonly result: readonly StoredRepair[];
  };
  readonly activate: {
    readonly input: By & {
      readonly release: string;
      readonly why: string | undefined;
      readonly override: string | undefined;
    };
    readonly result: StoredRelease;
  };
  readonly rollback: {
    readonly input: By & { readonly why: string; readonly to: string | undefined };
    readonly result: StoredRelease | null;
  };
  readonly retire: {
    readonly input: By & TestImages & { readonly repair: string; readonly why: string };
    readonly result: { readonly repair: StoredRepair; readonly release: string | null };
  };
  readonly move: {
    readonly input: By & TestImages & { readonly run: string; readonly controlImages: number | undefined };
    readonly result: Omit<Moved, 'released'> & { readonly release: string };
  };
  readonly release: { readonly input: By & TestImages; readonly result: { readonly release: string } };
  /** Some of what previews need is made before one is asked for; `more`: call again for the rest. */
  readonly prepare: { readonly input: null; readonly result: { readonly more: boolean } };
  readonly preview: {
    readonly input: { readonly wishes: readonly WorkWish[]; readonly repairs: readonly string[] };
    readonly result: NarrowingPreview;
  };
  readonly check: {
    readonly input: By & TestImages & { readonly release: string; readonly budget: Budget };
    readonly result: CheckReport;
  };
  readonly conflicts: { readonly input: null; readonly result: Conflicts };
  readonly diff: {
    readonly input: TestImages & { readonly from: string; readonly to: string };
    readonly result: ReleaseDiff;
  };
  readonly export: {
    readonly input: { readonly release: string; readonly format: ExportFormat; readonly path: string };
    readonly result: Exported;
  };
  readonly verify: { readonly input: null; readonly result: Verification };
  /** The newest first. */
  readonly log: {
    readonly input: { readonly before: number; readonly limit: number };
    readonly result: readonly JournalEntry[];
  };
  readonly mistakes: {
    readonly input: { readonly of: string; readonly split: 'test' | 'validation' };
    readonly result: MistakesOf;
  };
  readonly picture: {
    readonly input: { readonly split: 'test' | 'validation'; readonly index: number };
    readonly result: { readonly pixels: Uint8Array };
  };
}

export type WorkName = keyof WorkCalls;

/** What a call tells on its way. */
export type WorkNote =
  | { readonly kind: 'event'; readonly event: JobEvent }
  | { readonly kind: 'preview'; readonly preview: NarrowingPreview };
