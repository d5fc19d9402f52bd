export * from './detokenize.js';
export type { Language } from './language.js';
export * from './lowercase.js';
export * from './normalize-punctuation.js';
export * from './special-characters.js';
export * from './tokenize.js';
