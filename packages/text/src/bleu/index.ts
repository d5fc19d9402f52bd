export * from './bleu.js';
export * from './bootstrap.js';
export type { BleuOptions, BleuScoring, BleuSmoothing, BleuTokenization } from './options.js';
export * from './signature.js';
export {
  addBleuStatistics,
  type BleuStatistics,
  bleuStatistics,
  noStatistics,
  type References,
  subtractBleuStatistics,
  sumBleuStatistics,
} from './statistics.js';
export type { BleuTokenizer } from './tokenizers.js';
