/** Sizes of a Transformer for translation. */
import { EditableError } from '../../errors.js';
import type { SpecialTokens } from './tokens.js';

export interface TransformerSizes {
  /** Width of embeddings and layers. */
  readonly dim: number;
  /** Width of the hidden layer of the feed-forward parts. */
  readonly feedForward: number;
  readonly heads: number;
  readonly encoderLayers: number;
  readonly decoderLayers: number;
  /** Of embeddings and of what each part of a layer gives. */
  readonly dropout: number;
  /** Of attention weights. */
  readonly attentionDropout: number;
  /** Of the hidden layer of the feed-forward parts. */
  readonly activationDropout: number;
  /** Which embeddings are one: the decoder's input and output, these and the encoder's (a joint vocabulary), or none. */
  readonly tied: 'decoder' | 'all' | 'none';
}

export interface TransformerOptions extends Partial<TransformerSizes> {
  readonly sourceVocabulary: number;
  readonly targetVocabulary: number;
  /** Default: fairseq's numbers. */
  readonly special?: SpecialTokens;
}

/** fairseq's transformer_iwslt_de_en (v0.8.0) with the dropout and tying of its published recipe. */
export const iwsltSizes: TransformerSizes = {
  dim: 512,
  feedForward: 1024,
  heads: 4,
  encoderLayers: 6,
  decoderLayers: 6,
  dropout: 0.3,
  attentionDropout: 0,
  activationDropout: 0,
  tied: 'decoder',
};

/** Of three million parameters with 4,000 merges: some ten thousand sentences on two cores in half an hour. */
export const smallSizes: TransformerSizes = {
  ...iwsltSizes,
  dim: 192,
  feedForward: 384,
  encoderLayers: 3,
  decoderLayers: 3,
  dropout: 0.2,
  tied: 'all',
};

// A larger number is a slip, and would end in an allocation that fails.
const largest = {
  dim: 8192,
  feedForward: 32_768,
  heads: 128,
  encoderLayers: 100,
  decoderLayers: 100,
  sourceVocabulary: 1_000_000,
  targetVocabulary: 1_000_000,
};

/** @throws EditableError INVALID_ARGUMENT naming the first size that is out of range or does not fit the others */
export function checkTransformer(options: TransformerSizes & TransformerOptions): void {
  for (const [name, most] of Object.entries(largest)) {
    const value = options[name as keyof typeof largest];
    const least = name === 'dim' || name.endsWith('Vocabulary') ? 4 : 1;
    if (!Number.isInteger(value) || value < least || value > most)
      throw refused(`${name} to be a whole number from ${least} to ${most}`, value);
  }
  for (const name of ['dropout', 'attentionDropout', 'activationDropout'] as const)
    if (!(options[name] >= 0 && options[name] < 1)) throw refused(`${name} from 0 to below 1`, options[name]);
  const { dim, heads, tied, sourceVocabulary, targetVocabulary } = options;
  if (dim % heads !== 0) throw refused(`a dim that ${heads} heads divide evenly`, dim);
  if (!['decoder', 'all', 'none'].includes(tied)) throw refused('tied to be decoder, all or none', tied);
  if (tied === 'all' && sourceVocabulary !== targetVocabulary)
    throw refused('one joint vocabulary where all embeddings are tied', `${sourceVocabulary} and ${targetVocabulary}`);
}

const refused = (expected: string, received: unknown): EditableError =>
  new EditableError('INVALID_ARGUMENT', `transformer: expected ${expected}, received ${received}.`);
