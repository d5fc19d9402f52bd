/** Options of training a translation model; what is left out is `defaultTranslationTraining`'s, or `smallTransformer`'s. */
import { UsageError } from '../errors.js';
import { choice, number, text, toggle, wholeNumber } from './kinds.js';
import { type OptionTable, optionName } from './table.js';

export interface TranslationFlags {
  readonly source: string | undefined;
  readonly target: string | undefined;
  readonly tokenization: 'moses' | 'none' | undefined;
  readonly keepCase: boolean;
  readonly merges: number | undefined;
  readonly encoderLayers: number | undefined;
  readonly decoderLayers: number | undefined;
  readonly dim: number | undefined;
  readonly feedForward: number | undefined;
  readonly heads: number | undefined;
  readonly dropout: number | undefined;
  readonly batchTokens: number | undefined;
  readonly labelSmoothing: number | undefined;
  readonly warmUp: number | undefined;
  readonly cooldown: number | undefined;
  readonly maxRatio: number | undefined;
  readonly averageEpochs: number | undefined;
  readonly editNormalization: 'tokens' | 'none' | undefined;
}

const language = text('language', "the ending of a language's files, as in train.de", /^[A-Za-z][\w-]*$/);
const size = wholeNumber({ min: 1 });

export const translationOptions: OptionTable<TranslationFlags> = {
  source: { kind: language, description: 'translation: the language to translate from, de of train.de' },
  target: { kind: language, description: 'translation: the language to translate to, en of train.en' },
  tokenization: {
    kind: choice(['moses', 'none']),
    description:
      'translation: moses for sentences as people write them, none for tokens with spaces between (default: moses)',
  },
  keepCase: { kind: toggle, default: false, description: 'translation: do not write everything in lower case' },
  merges: { kind: size, description: 'translation: byte pairs learned from both languages together (default: 4000)' },
  encoderLayers: { kind: size, description: 'translation: layers of the encoder (default: 3)' },
  decoderLayers: { kind: size, description: 'translation: layers of the decoder (default: 3)' },
  dim: { kind: size, description: 'translation: width of embeddings and layers (default: 192)' },
  feedForward: { kind: size, description: 'translation: width within the feed-forward parts (default: 384)' },
  heads: { kind: size, description: 'translation: attention heads (default: 4)' },
  dropout: { kind: number({ min: 0, max: 0.99 }), description: 'translation: (default: 0.2)' },
  batchTokens: { kind: size, description: 'translation: tokens a step, padding included (default: 3500)' },
  labelSmoothing: {
    kind: number({ min: 0, max: 0.99 }),
    description: 'translation: share of the target that the whole vocabulary has (default: 0.1)',
  },
  warmUp: {
    kind: wholeNumber(),
    description: 'translation: steps in which the learning rate rises; then it falls with their root (default: 600)',
  },
  cooldown: {
    kind: number({ min: 0, max: 1 }),
    description: 'translation: share of the steps, at the end, in which it falls to 0 besides (default: 0.3)',
  },
  maxRatio: {
    kind: number({ min: 1 }),
    description: "translation: leave out pairs whose lengths differ by more (default: none; IWSLT14's recipe: 1.5)",
  },
  averageEpochs: {
    kind: size,
    description: 'translation: the model is the mean of those of the last so many epochs (default: 1)',
  },
  editNormalization: {
    kind: choice(['tokens', 'none']),
    description:
      "translation: c-edit and c-loc are divided by a batch's tokens, as in the authors' code, or are what they say (default: tokens)",
  },
};

/** Options of the other task would be ignored: that is a slip. @throws UsageError naming the first one that was given */
export function refuseTranslationFlags(flags: TranslationFlags): void {
  const given = Object.keys(translationOptions).find((name) => {
    const value = flags[name as keyof TranslationFlags];
    return value !== undefined && value !== false;
  });
  if (given !== undefined) throw new UsageError(`${optionName(given)}: expected with --task translation only.`);
}

/** What the natural editor keeps of a translation model. */
export interface SentenceControlFlags {
  readonly controlSentences: number | undefined;
}

export const sentenceControlOptions: OptionTable<SentenceControlFlags> = {
  controlSentences: {
    kind: wholeNumber({ min: 10 }),
    description:
      'translation: so many training sentences, whose translations the natural editor keeps (default: those that the run has, else 1000)',
  },
};
