/** From a sentence as people write it to a model's token numbers and back: Moses' tokens, byte pairs, a vocabulary. */
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

export type Side = 'source' | 'target';

/** Of each language; one for both where they were joined. */
export type Vocabularies = Readonly<Record<Side, Vocabulary>>;

/** Files of a run's folder: two vocabularies that are not joined stand under their languages' names, as fairseq has them. */
export const codecFiles = { merges: 'bpe.codes', vocabulary: 'dict.txt' } as const;

const vocabularyFile = (language: string): string => `dict.${language}.txt`;

/** A sentence of more words than this is more likely a file without line breaks. */
export const mostWords = 1000;

/** Sentences to token numbers and back, as one run reads and writes them. */
export class SentenceCodec {
  readonly settings: TextSettings;
  readonly merges: Merges;
  readonly vocabularies: Vocabularies;
  readonly #encoders: Readonly<Record<Side, BpeEncoder>>;

  /** `vocabulary`: one for both languages, or one for each. */
  constructor(settings: TextSettings, merges: Merges, vocabulary: Vocabulary | Vocabularies) {
    this.settings = settings;
    this.merges = merges;
    this.vocabularies =
      vocabulary instanceof Vocabulary ? { source: vocabulary, target: vocabulary } : { ...vocabulary };
    const encoderOf = ({ symbols }: Vocabulary): BpeEncoder => new BpeEncoder(merges, { vocabulary: new Set(symbols) });
    const source = encoderOf(this.vocabularies.source);
    this.#encoders = { source, target: this.joined ? source : encoderOf(this.vocabularies.target) };
  }

  /** Both languages have one vocabulary. */
  get joined(): boolean {
    return this.vocabularies.source === this.vocabularies.target;
  }

  /** Learns merges and vocabulary from sentences of both languages, the sources first. @throws TextError for a text without pairs */
  static learn(settings: TextSettings, pairs: readonly TextPair[]): SentenceCodec {
    const words = sides.flatMap((side) => pairs.map((pair) => wordsOf(pair[side], settings[side], settings)));
    const merges = learnMerges(words, { merges: settings.merges });
    const encoder = new BpeEncoder(merges);
    const pieces = countSymbols(words.map((sentence) => encoder.encode(sentence)));
    return new SentenceCodec(settings, merges, Vocabulary.ofCounts(pieces));
  }

  get hashes(): CodecHashes {
    return { mergesHash: mergesHash(this.merges), vocabularyHash: hashOf(this.vocabularies) };
  }

  /** A sentence's words with spaces between, as the merges take them. */
  words(sentence: string, side: Side): string {
    return wordsOf(sentence, this.settings[side], this.settings);
  }

  /** Token numbers, `end` at the end; characters that training never met become `unknown`. */
  encode(sentence: string, side: Side): number[] {
    return this.vocabularies[side].encode(this.#pieces(sentence, side));
  }

  /** As `encode`. @throws TextError UNKNOWN_SYMBOL naming what the vocabulary lacks */
  encodeKnown(sentence: string, side: Side): number[] {
    return this.vocabularies[side].encodeKnown(this.#pieces(sentence, side), side);
  }

  /** A translation as people write it. */
  decode(tokens: Sentence): string {
    const words = decodeBpe(this.vocabularies.target.decode(tokens).join(' '));
    const { tokenization, target } = this.settings;
    return tokenization === 'none' ? words : detokenize(words, { language: target as Language });
  }

  #pieces(sentence: string, side: Side): string[] {
    return this.#encoders[side].encodeTokens(this.words(sentence, side).split(' '));
  }
}

const sides: readonly Side[] = ['source', 'target'];

const isOne = (hash: string): boolean => !hash.includes('-');

/** A joined vocabulary's own; else both, with a dash between. */
const hashOf = ({ source, target }: Vocabularies): string =>
  source === target ? source.hash() : `${source.hash()}-${target.hash()}`;

function wordsOf(sentence: string, language: string, { tokenization, lowercase: lower }: TextSettings): string {
  const text = lower ? lowercase(sentence) : sentence;
  if (tokenization === 'none') return text.trim().replace(/\s+/g, ' ');
  const own = { language: language as Language }; // both check it
  return tokenize(normalizePunctuation(text, own), own).trim();
}

/** Merges and vocabulary as text, in subword-nmt's and fairseq's formats. */
export interface CodecText {
  readonly merges: string;
  /** One for both languages, or the source's and the target's. */
  readonly vocabularies: readonly string[];
}

/** What `codecOf` makes the same codec of. */
export const codecText = ({ merges, vocabularies, joined }: SentenceCodec): CodecText => ({
  merges: formatMerges(merges),
  vocabularies: (joined ? sides.slice(1) : sides).map((side) => formatVocabulary(vocabularies[side])),
});

/** The codec that the text is of. @throws TextError where it is none */
export function codecOf(settings: TextSettings, { merges, vocabularies }: CodecText): SentenceCodec {
  const [first, second] = vocabularies.map((text) => parseVocabulary(text)) as [Vocabulary, Vocabulary?];
  return new SentenceCodec(
    settings,
    parseMerges(merges),
    second === undefined ? first : { source: first, target: second },
  );
}

/** Keeps merges and vocabulary in a run's folder, in subword-nmt's and fairseq's formats. */
export function saveCodec(folder: string, codec: SentenceCodec): void {
  const { merges, vocabularies } = codecText(codec);
  writeFileAtomically(join(folder, codecFiles.merges), merges);
  const names = vocabularyNames(codec.settings, codec.joined);
  for (const [at, text] of vocabularies.entries()) writeFileAtomically(join(folder, names[at] as string), text);
}

const vocabularyNames = ({ source, target }: CorpusLanguages, joined: boolean): readonly string[] =>
  joined ? [codecFiles.vocabulary] : [vocabularyFile(source), vocabularyFile(target)];

/** @throws EditableError INVALID_RUN, TextError WRONG_MERGES where the folder's files are absent or another model's */
export function loadCodec(folder: string, settings: TextSettings, expected: CodecHashes): SentenceCodec {
  const mergesFile = join(folder, codecFiles.merges);
  const files = vocabularyNames(settings, isOne(expected.vocabularyHash)).map((name) => join(folder, name));
  for (const file of [mergesFile, ...files]) {
    if (!existsSync(file))
      throw new EditableError(
        'INVALID_RUN',
        `${folder} lacks ${file.slice(folder.length + 1)}, without which its model cannot read text.`,
      );
  }
  const merges = readMerges(mergesFile);
  checkMergesHash(merges, expected.mergesHash, folder);
  const [first, second = first] = files.map((file) => readVocabulary(file)) as [Vocabulary, Vocabulary?];
  const vocabularies = { source: first, target: second };
  if (hashOf(vocabularies) !== expected.vocabularyHash) {
    throw new EditableError(
      'INVALID_RUN',
      `${files.join(' or ')} is not the vocabulary that the run was trained with; use the file that was kept with it.`,
    );
  }
  return new SentenceCodec(settings, merges, vocabularies);
}
