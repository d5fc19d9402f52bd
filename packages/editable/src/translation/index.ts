export * from './beam-search.js';
export * from './control-pairs.js';
export * from './label-smoothing.js';
export * from './sampling.js';
export * from './scoring.js';
export * from './sentence-codec.js';
export {
  type EncodedBatch,
  type EncodedSources,
  encodeSources,
  paddedRows,
  type Sentence,
  type SourceBatchOptions,
  sourceBatches,
} from './source-batches.js';
export * from './translate.js';
