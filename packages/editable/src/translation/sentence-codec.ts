/** From a sentence as people write it to a model's token numbers and back: Moses' tokens, byte pairs, one vocabulary for both. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import {
  BpeEncoder,
  checkMergesHash,
  countSymbols,
  decodeBpe,
  detokenize,
  formatMerges,
  formatVocabulary,
  type Language,
  learnMerges,
  lowercase,
  type Merges,
  mergesHash,
  normalizePunctuation,
  parseMerges,
  parseVocabulary,
  readMerges,
  readVocabulary,
  tokenize,
  Vocabulary,
} from '@editable/text';
import { writeFileAtomically } from '@editable/torch';
import type { CorpusLanguages, TextPair } from '../data/parallel-corpus.js';
import { EditableError } from '../errors.js';
import type { Sentence } from './source-batches.js';

export interface TextSettings extends CorpusLanguages {
  /** moses: sentences as people write them, German or English; none: tokens with spaces between, as they are. */
  readonly tokenization: 'moses' | 'none';
  readonly lowercase: boolean;
  /** Byte-pair merges to learn from both languages together. */
  readonly merges: number;
}

/** By which a run knows its merges and its vocabulary. */
export interface CodecHashes {
  readonly mergesHash: string;
  readonly vocabularyHash: string;
}

/** Files of a run's folder. */
export const codecFiles = { merges: 'bpe.codes', vocabulary: 'dict.txt' } as const;

/** A sentence of more words than this is more likely a file without line breaks. */
export const mostWords = 1000;

/** Sentences to token numbers and back, as one run reads and writes them. */
export class SentenceCodec {
  readonly settings: TextSettings;
  readonly merges: Merges;
  readonly vocabulary: Vocabulary;
  readonly #encoder: BpeEncoder;

  constructor(settings: TextSettings, merges: Merges, vocabulary: Vocabulary) {
    this.settings = settings;
    this.merges = merges;
    this.vocabulary = vocabulary;
    this.#encoder = new BpeEncoder(merges, { vocabulary: new Set(vocabulary.symbols) });
  }

  /** Learns merges and vocabulary from sentences of both languages, the sources first. @throws TextError for a text without pairs */
  static learn(settings: TextSettings, pairs: readonly TextPair[]): SentenceCodec {
    const sides = (['source', 'target'] as const).flatMap((side) =>
      pairs.map((pair) => wordsOf(pair[side], settings[side], settings)),
    );
    const merges = learnMerges(sides, { merges: settings.merges });
    const encoder = new BpeEncoder(merges);
    const pieces = countSymbols(sides.map((words) => encoder.encode(words)));
    return new SentenceCodec(settings, merges, Vocabulary.ofCounts(pieces));
  }

  get hashes(): CodecHashes {
    return { mergesHash: mergesHash(this.merges), vocabularyHash: this.vocabulary.hash() };
  }

  /** A sentence's words with spaces between, as the merges take them. */
  words(sentence: string, side: 'source' | 'target'): string {
    return wordsOf(sentence, this.settings[side], this.settings);
  }

  /** Token numbers, `end` at the end; characters that training never met become `unknown`. */
  encode(sentence: string, side: 'source' | 'target'): number[] {
    return this.vocabulary.encode(this.#encoder.encodeTokens(this.words(sentence, side).split(' ')));
  }

  /** As `encode`. @throws TextError UNKNOWN_SYMBOL naming what the vocabulary lacks */
  encodeKnown(sentence: string, side: 'source' | 'target'): number[] {
    return this.vocabulary.encodeKnown(this.#encoder.encodeTokens(this.words(sentence, side).split(' ')), side);
  }

  /** A translation as people write it. */
  decode(tokens: Sentence): string {
    const words = decodeBpe(this.vocabulary.decode(tokens).join(' '));
    const { tokenization, target } = this.settings;
    return tokenization === 'none' ? words : detokenize(words, { language: target as Language });
  }
}

function wordsOf(sentence: string, language: string, { tokenization, lowercase: lower }: TextSettings): string {
  const text = lower ? lowercase(sentence) : sentence;
  if (tokenization === 'none') return text.trim().replace(/\s+/g, ' ');
  const own = { language: language as Language }; // both check it
  return tokenize(normalizePunctuation(text, own), own).trim();
}

/** Merges and vocabulary as text, in subword-nmt's and fairseq's formats. */
export interface CodecText {
  readonly merges: string;
  readonly vocabulary: string;
}

/** What `codecOf` makes the same codec of. */
export const codecText = ({ merges, vocabulary }: SentenceCodec): CodecText => ({
  merges: formatMerges(merges),
  vocabulary: formatVocabulary(vocabulary),
});

/** The codec that the text is of. @throws TextError where it is none */
export const codecOf = (settings: TextSettings, { merges, vocabulary }: CodecText): SentenceCodec =>
  new SentenceCodec(settings, parseMerges(merges), parseVocabulary(vocabulary));

/** Keeps merges and vocabulary in a run's folder, in subword-nmt's and fairseq's formats. */
export function saveCodec(folder: string, codec: SentenceCodec): void {
  const { merges, vocabulary } = codecText(codec);
  writeFileAtomically(join(folder, codecFiles.merges), merges);
  writeFileAtomically(join(folder, codecFiles.vocabulary), vocabulary);
}

/** @throws EditableError INVALID_RUN, TextError WRONG_MERGES where the folder's files are absent or another model's */
export function loadCodec(folder: string, settings: TextSettings, expected: CodecHashes): SentenceCodec {
  const [mergesFile, vocabularyFile] = [join(folder, codecFiles.merges), join(folder, codecFiles.vocabulary)];
  for (const file of [mergesFile, vocabularyFile]) {
    if (!existsSync(file))
      throw new EditableError(
        'INVALID_RUN',
        `${folder} lacks ${file.slice(folder.length + 1)}, without which its model cannot read text.`,
      );
  }
  const merges = readMerges(mergesFile);
  checkMergesHash(merges, expected.mergesHash, folder);
  const vocabulary = readVocabulary(vocabularyFile);
  if (vocabulary.hash() !== expected.vocabularyHash) {
    throw new EditableError(
      'INVALID_RUN',
      `${vocabularyFile} is not the vocabulary that the run was trained with; use the file that was kept with it.`,
    );
  }
  return new SentenceCodec(settings, merges, vocabulary);
}
