export { fairseqWeights, sizesOfWeights } from './fairseq-weights.js';
export { iwsltSizes, smallSizes, type TransformerOptions, type TransformerSizes } from './options.js';
export { fairseqTokens, previousTokens, type SpecialTokens, type TokenPair } from './tokens.js';
export {
  type DecoderState,
  type EncoderState,
  Transformer,
  type TranslationModel,
  type TranslationState,
} from './transformer.js';
export * from './transformers.js';
