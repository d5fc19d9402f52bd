/** What the inference thread is asked. */

export interface InferenceData {
  readonly store: string;
  readonly device: string;
  readonly threads: number;
  /** Each picture by itself, by the network as it stands: the same bits whatever it is asked together with. */
  readonly exact: boolean;
}

export interface LoadCall {
  /** null: the base as it is. */
  readonly release: string | null;
  readonly base: string;
}

export interface Loaded {
  readonly version: string;
  /** Numbers that the network gives for each picture. */
  readonly classes: number;
  /** Why lone pictures are not answered by an inference program, where they could be; null otherwise. */
  readonly unoptimized: string | null;
}

export interface RunCall {
  readonly version: string;
  /** [pictures, C, H, W] */
  readonly shape: readonly [number, number, number, number];
  readonly data: Float32Array<ArrayBuffer>;
}

export interface RunResult {
  /** [pictures, classes] */
  readonly logits: Float32Array<ArrayBuffer>;
}
