/** What is asked of the worker threads that read photographs, and what they answer: plain data. */
import type { MessagePort } from 'node:worker_threads';
import type { ResizeAndCrop } from './photograph.js';
import type { RandomState } from './random.js';
import type { RandomResizedCrop } from './random-resized-crop.js';

/** The crop in the middle of each, or a crop for the random state of each; nothing: each is only decoded. */
export type WantedCrops =
  | { readonly kind: 'centre'; readonly preprocessing: ResizeAndCrop }
  | {
      readonly kind: 'random';
      readonly crop: RandomResizedCrop;
      readonly side: number;
      readonly states: readonly RandomState[];
    }
  | { readonly kind: 'nothing' };

export interface PhotographWork {
  readonly id: number;
  readonly paths: readonly string[];
  readonly crops: WantedCrops;
  /** Whether the hash of each file is wanted. */
  readonly hash: boolean;
  /** Shared by all threads: the position that is taken next. */
  readonly next: Int32Array;
  /** Of one who waits and cannot take messages: where the answer goes, and what is set to 1 then. */
  readonly waiting?: { readonly port: MessagePort; readonly done: Int32Array };
}

/** What came of one photograph. */
export interface PhotographResult {
  readonly position: number;
  /** [3, side, side] */
  readonly pixels?: Uint8Array;
  /** SHA-256 of the file's bytes, 64 hexadecimal digits. */
  readonly hash?: string;
  /** Why it cannot be read, a sentence. */
  readonly problem?: string;
}

/** One thread's part of the work. */
export interface PhotographAnswer {
  readonly id: number;
  readonly results: readonly PhotographResult[];
  /** What went wrong that is no photograph's fault. */
  readonly failure?: string;
}
