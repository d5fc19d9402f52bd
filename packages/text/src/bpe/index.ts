export * from './encoder.js';
export { type LearnMergesOptions, learnMerges } from './learn.js';
export * from './merges.js';
