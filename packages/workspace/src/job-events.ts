/** How far a job is, as events; and the signal by which its caller ends it between two steps. All of it plain data. */
import type { CardStage, EditorChoice, Validation } from 'editable';
import { WorkspaceError } from './errors.js';

/** Means over an epoch's steps. */
export interface EpochSummary {
  readonly epoch: number;
  readonly loss: number;
  readonly base: number;
  readonly edit: number;
  readonly locality: number;
  readonly accuracy: number;
  readonly successRate: number;
  readonly editorSteps: number;
}

/** An epoch of a training of a translation model. */
export interface TranslationEpoch {
  readonly epoch: number;
  readonly epochs: number;
  /** Mean over the epoch's steps. */
  readonly loss: number;
  /** Share of the target tokens that were right. */
  readonly accuracy: number;
  /** Means over the epoch's edits; null in plain training, which makes none. */
  readonly edits: Pick<EpochSummary, 'edit' | 'locality' | 'successRate' | 'editorSteps'> | null;
  /** null: the epoch is not at its end. */
  readonly validation: Validation | null;
}

interface Counted {
  readonly done: number;
  readonly total: number;
}

export type JobEvent =
  /** Photographs read. */
  | ({ readonly kind: 'decoding' } & Counted)
  /** Photographs that could not be read and were left out: a sentence each. */
  | { readonly kind: 'skipped'; readonly photographs: readonly string[] }
  /** Control images that the curvature has seen. */
  | ({ readonly kind: 'curvature' } & Counted)
  /** Steps of a training. */
  | ({ readonly kind: 'training'; readonly loss: number } & Counted)
  | { readonly kind: 'epoch'; readonly summary: EpochSummary; readonly epochs: number }
  | { readonly kind: 'translation-epoch'; readonly summary: TranslationEpoch }
  /** Byte pairs are being learned from the training text. */
  | { readonly kind: 'byte-pairs'; readonly merges: number }
  /** Sentences translated. */
  | ({ readonly kind: 'translating' } & Counted)
  /** An interrupted training goes on after this step. */
  | { readonly kind: 'resumed'; readonly folder: string; readonly step: number; readonly steps: number }
  | { readonly kind: 'finished-before'; readonly folder: string }
  /** Editor settings tried. `stage`: of a comparison of all editors. */
  | ({
      readonly kind: 'trial';
      readonly stage: CardStage | null;
      readonly editor: EditorChoice;
      readonly drawdown: number;
    } & Counted)
  /** Independent edits of an evaluation. */
  | ({ readonly kind: 'edit' } & Counted)
  /** Repairs of a set. */
  | ({ readonly kind: 'repair' } & Counted);

export type JobEventKind = JobEvent['kind'];

export interface JobOptions {
  /** Called with every event of the job, in order. */
  readonly onEvent?: ((event: JobEvent) => void) | undefined;
  /** Honoured between two steps; the job then ends with a WorkspaceError CANCELLED, and what it wrote is whole. */
  readonly signal?: AbortSignal | undefined;
}

/** Passes an event on. @throws WorkspaceError CANCELLED where the caller has asked the job to stop */
export function tell({ onEvent, signal }: JobOptions, event: JobEvent): void {
  onEvent?.(event);
  goOn({ signal });
}

/** @throws WorkspaceError CANCELLED where the caller has asked the job to stop */
export function goOn({ signal }: Pick<JobOptions, 'signal'>): void {
  if (signal?.aborted !== true) return;
  throw new WorkspaceError(
    'CANCELLED',
    'The job was cancelled; what it had written is whole, and the same job continues or starts again.',
    { cause: signal.reason },
  );
}
