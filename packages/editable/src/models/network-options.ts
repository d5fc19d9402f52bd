import type { ExtraLayerSize } from './extra-layer.js';

/** Sizes that every network takes. */
export interface NetworkOptions {
  readonly inChannels?: number;
  readonly classes?: number;
  /** Of an extra layer before the last one (section 4.3); left out: there is none. */
  readonly extra?: ExtraLayerSize;
}
