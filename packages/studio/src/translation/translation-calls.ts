/** What a thread with a translation model is asked. */

export interface TranslatorData {
  readonly run: string;
  readonly patches: readonly string[];
  readonly device: string;
  readonly threads: number;
}

export interface TranslatorAbout {
  /** Hash of the weights, patches applied. */
  readonly version: string;
  /** Languages, as their files' names end: "de", "en". */
  readonly source: string;
  readonly target: string;
}

export interface TranslateCall {
  readonly sentences: readonly string[];
  readonly beam: number;
  readonly lengthPenalty: number;
}

export interface Translation {
  readonly text: string;
  readonly score: number;
}
