/**
 * Text for translation: plain strings and arrays in and out; knows nothing of tensors or editing.
 *
 * @module @editable/text
 */
export * from './bleu/index.js';
export * from './bpe/index.js';
export * from './clean-corpus.js';
export { TextError, type TextErrorCode } from './errors.js';
export * from './moses/index.js';
export * from './noise.js';
export * from './parallel-text.js';
export type { RandomSource } from './random.js';
export { parseLines } from './text-file.js';
export * from './token-batches.js';
export * from './vocabulary.js';
export * from './word-diff.js';
