/** Text for translation: plain strings and arrays in and out; knows nothing of tensors or editing. */
export * from './bleu/index.js';
export * from './bpe/index.js';
export { TextError, type TextErrorCode } from './errors.js';
export * from './moses/index.js';
