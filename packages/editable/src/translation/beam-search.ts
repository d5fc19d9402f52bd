/** Beam search as fairseq's SequenceGenerator has it: finished translations go to a bank; full, it ends its sentence. */
import { noGrad, scope, type Tensor, threads, withThreads } from '@editable/torch';
import { EditableError } from '../errors.js';
import type { TransformerSpec, TranslationModel } from '../models/transformer/index.js';
import { bestContinuations, type Candidate } from './candidates.js';
import { type DecoderWeights, decoderWeights } from './decoder-weights.js';
import { Decoding } from './decoding.js';
import {
  type EncodedBatch,
  type EncodedSources,
  encodeBatch,
  type Sentence,
  type SourceBatchOptions,
  sourceBatches,
} from './source-batches.js';

export interface Translation {
  /** Token numbers, `end` at the end. */
  readonly tokens: Sentence;
  /** log p of all tokens over length^lengthPenalty: what translations are ordered by. */
  readonly score: number;
  /** log p of each token, the end's too. */
  readonly tokenScores: readonly number[];
}

export interface BeamOptions extends SourceBatchOptions {
  /** Unfinished translations that are followed, and finished ones that are asked for; default 5. */
  readonly beam?: number;
  /** Scores are divided by the length, `end` counted, to this power: 0 leaves them, above 1 favours long ones; default 1. */
  readonly lengthPenalty?: number;
  /** Tokens before `end`, at most; default 200. */
  readonly maxLength?: number;
  /** The same for each token of the source, its `end` counted, plus ten: fairseq's usual 1.2. Default: `maxLength` alone. */
  readonly maxRatio?: number;
  /** After each batch: sentences done, of how many. */
  readonly onProgress?: (done: number, total: number) => void;
}

/**
 * The `beam` best translations of each source, best first. The model is run without dropout, and left as it was.
 *
 * @throws EditableError INVALID_ARGUMENT for options out of range or a source that is none; NOT_FINITE
 * @example beamSearch(model, spec, [[14, 9, 301, 2]], { beam: 5 })[0][0].tokens
 */
export function beamSearch(
  model: TranslationModel,
  spec: TransformerSpec,
  sources: readonly Sentence[] | EncodedSources,
  options: BeamOptions = {},
): Translation[][] {
  const { beam = 5, lengthPenalty = 1, maxLength = 200, maxRatio = Number.POSITIVE_INFINITY, onProgress } = options;
  const search = { beam, lengthPenalty, maxLength, maxRatio };
  checkOptions(search, spec);
  return scope(() => {
    const weights = noGrad(() => decoderWeights(model, spec, maxLength));
    const found: Translation[][] = [];
    let done = 0;
    const decode = (batch: EncodedBatch): void => {
      const translated = withThreads(decodingThreads(weights, batch, beam), () => searchBatch(weights, batch, search));
      for (const [i, translations] of translated.entries()) found[batch.indices[i] as number] = translations;
      done += batch.indices.length;
      onProgress?.(done, 'batches' in sources ? sources.count : sources.length);
    };
    if ('batches' in sources) sources.batches.forEach(decode);
    else
      for (const indices of sourceBatches(sources, options))
        scope(() => decode(encodeBatch(model, spec, sources, indices)));
    return found;
  });
}

/** The widest beam of a vocabulary: half of the continuations that are looked at may end. */
export const widestBeam = ({ targetVocabulary }: Pick<TransformerSpec, 'targetVocabulary'>): number =>
  Math.ceil(targetVocabulary / 2) - 2;

/** Translations that a target must beat: the paper's 32, or as many as a very small vocabulary has. */
export const usualAlternatives = (spec: Pick<TransformerSpec, 'targetVocabulary'>): number =>
  Math.min(32, widestBeam(spec));

function checkOptions({ beam, lengthPenalty, maxLength, maxRatio }: Search, spec: TransformerSpec): void {
  const widest = widestBeam(spec);
  const refused = (expected: string, received: number): EditableError =>
    new EditableError('INVALID_ARGUMENT', `beamSearch: expected ${expected}, received ${received}.`);
  if (!Number.isInteger(beam) || beam < 1 || beam > widest) throw refused(`a beam from 1 to ${widest}`, beam);
  if (!Number.isFinite(lengthPenalty)) throw refused('a finite length penalty', lengthPenalty);
  if (!Number.isInteger(maxLength) || maxLength < 1) throw refused('a greatest length of at least 1', maxLength);
  if (!(maxRatio >= 0)) throw refused('a greatest ratio of at least 0', maxRatio);
}

/**
 * Multiplications a step below which one thread is faster: a step is some fifty calls, and each wakes the others. On two
 * hyperthreads of one core 2 threads took 1.2 times as long at 3e8 and 7e8, 1.07 times at 3e9.
 */
const multiplicationsForThreads = 5e8;

function decodingThreads({ layers, output }: DecoderWeights, { memory }: EncodedBatch, beam: number): number {
  const read = layers.flatMap(({ own, ownOut, query, memoryOut, fc1, fc2 }) => [
    own,
    ownOut,
    query,
    memoryOut,
    fc1,
    fc2,
  ]);
  const perRow = [...read, output].reduce((sum, { weight }) => sum + weight.numel, 0);
  return (memory.shape[0] as number) * beam * perRow < multiplicationsForThreads ? 1 : threads();
}

/** A translation that goes on, or with `end` is finished. */
interface Path {
  readonly tokens: readonly number[];
  /** log p up to and with each token. */
  readonly scores: readonly number[];
  /** Places of the tokens read so far in the sentence's pool. */
  readonly ancestors: readonly number[];
}

interface Search {
  readonly beam: number;
  readonly lengthPenalty: number;
  readonly maxLength: number;
  readonly maxRatio: number;
}

/** Tokens that a translation may have beside its share of the source's. */
const alwaysAllowed = 10;

/** Tokens before `end` for each sentence of a batch. */
const limitsOf = (padding: Tensor, { maxLength, maxRatio }: Search): readonly number[] =>
  Array.from(padding.logicalNot().sum([1]).data() as BigInt64Array, (length) =>
    Math.min(maxLength, Math.floor(maxRatio * Number(length)) + alwaysAllowed),
  );

function searchBatch(weights: DecoderWeights, { memory, padding }: EncodedBatch, search: Search): Translation[][] {
  const { end } = weights.special;
  const banks: Translation[][] = Array.from({ length: memory.shape[0] as number }, () => []);
  const limits = limitsOf(padding, search);
  using decoding = new Decoding(weights, memory, padding);
  // Sentences in the decoding, by their place in the batch, each with as many paths.
  let sentences: readonly number[] = [...banks.keys()];
  let paths: readonly (readonly Path[])[] = sentences.map(() => [{ tokens: [], scores: [], ancestors: [] }]);
  for (let step = 0; ; step++) {
    const width = (paths[0] as Path[]).length;
    const before = decoding.used;
    const rows = paths.flat();
    const candidates = scope(() => {
      const logits = decoding.advance(
        rows.map(({ tokens, ancestors }) => ({ token: tokens.at(-1) ?? end, ancestors })),
      );
      const atLimit = sentences.map((sentence) => step === limits[sentence]);
      return continuations(logits, rows, { weights, search, step, atLimit });
    });
    paths = candidates.map((own, i) => {
      const bank = banks[sentences[i] as number] as Translation[];
      const extended = own.map(({ row, token, score }) => {
        const { tokens, scores, ancestors } = rows[row] as Path;
        return {
          tokens: [...tokens, token],
          scores: [...scores, score],
          ancestors: [...ancestors, before + (row % width)],
        };
      });
      for (const path of extended.slice(0, search.beam))
        if (path.tokens.at(-1) === end && bank.length < search.beam) bank.push(finished(path, search));
      return extended.filter(({ tokens }) => tokens.at(-1) !== end).slice(0, search.beam);
    });
    const open = [...paths.keys()].filter((i) => (banks[sentences[i] as number] as Translation[]).length < search.beam);
    if (open.length === 0) break;
    ({ sentences, paths } = tidied(decoding, { sentences, paths, open, step }));
  }
  return banks.map((bank) => bank.sort((a, b) => b.score - a.score));
}

interface Step {
  readonly weights: DecoderWeights;
  readonly search: Search;
  readonly step: number;
  /** Of each sentence: nothing but the end may come. */
  readonly atLimit: readonly boolean[];
}

/** The 2 × beam likeliest continuations of each sentence: twice as many, as half of them may end. */
function continuations(
  logits: Tensor,
  rows: readonly Path[],
  { weights, search, step, atLimit }: Step,
): readonly (readonly Candidate[])[] {
  const { end, padding } = weights.special;
  const logProbabilities = logits.logSoftmax(1);
  const so = rows.map(({ scores }) => scores.at(-1) ?? 0);
  const ended = atLimit.includes(true) ? endings(logProbabilities.select(1, end), end, so, atLimit.length) : [];
  if (!atLimit.includes(false)) return ended;
  logProbabilities.select(1, padding).fill_(Number.NEGATIVE_INFINITY);
  if (step === 0) logProbabilities.select(1, end).fill_(Number.NEGATIVE_INFINITY);
  const count = 2 * search.beam;
  const found = bestContinuations(logProbabilities, so, { sentences: atLimit.length, count });
  // Others follow the ends, so that the sentence keeps its place among the rows until it is taken out.
  const after = (own: readonly Candidate[]): readonly Candidate[] => own.filter(({ token }) => token !== end);
  return found.map((own, i) => (atLimit[i] ? [...(ended[i] as readonly Candidate[]), ...after(own)] : own));
}

/** Every path of each sentence with its end. `ofEnd`: its log p in each row. */
function endings(
  ofEnd: Tensor,
  end: number,
  scores: readonly number[],
  sentences: number,
): readonly (readonly Candidate[])[] {
  const values = ofEnd.to('float64').data() as Float64Array;
  const all = scores.map((score, row) => ({ score: score + (values[row] as number), row, token: end }));
  const width = scores.length / sentences;
  return Array.from({ length: sentences }, (_, i) =>
    all.slice(i * width, (i + 1) * width).sort((a, b) => b.score - a.score),
  );
}

function finished({ tokens, scores }: Path, { lengthPenalty }: Search): Translation {
  const tokenScores = scores.map((score, i) => score - (scores[i - 1] ?? 0));
  return { tokens, tokenScores, score: (scores.at(-1) as number) / tokens.length ** lengthPenalty };
}

interface Frontier {
  /** In the decoding, by their place in the batch. */
  readonly sentences: readonly number[];
  /** As many for each of them. */
  readonly paths: readonly (readonly Path[])[];
}

/** Steps between two looks at how much of the pools is still needed. */
const look = 8;

/**
 * The same search without finished sentences and without places that no path descends from, once it pays: a copy of what
 * is kept costs about as much as a step. `open`: those of the sentences that are not finished.
 */
function tidied(
  decoding: Decoding,
  { sentences, paths, open, step }: Frontier & { readonly open: readonly number[]; readonly step: number },
): Frontier {
  const fewer = 4 * open.length <= 3 * sentences.length;
  if (!fewer && step % look !== 0) return { sentences, paths };
  const chosen = fewer ? open : [...sentences.keys()];
  const live = chosen.map((i) => [...new Set((paths[i] as Path[]).flatMap(({ ancestors }) => ancestors))]);
  const kept = Math.max(...live.map(({ length }) => length));
  if (!fewer && 4 * kept > 3 * decoding.used) return { sentences, paths };
  const filled = live.map((own) => [...own, ...Array<number>(kept - own.length).fill(own[0] as number)]);
  decoding.keep(chosen, filled);
  return {
    sentences: chosen.map((i) => sentences[i] as number),
    paths: chosen.map((i, at) => moved(paths[i] as Path[], live[at] as number[])),
  };
}

/** The paths once the places `live` stand in this order. */
function moved(paths: readonly Path[], live: readonly number[]): readonly Path[] {
  const places = new Map(live.map((place, at) => [place, at]));
  return paths.map((path) => ({ ...path, ancestors: path.ancestors.map((place) => places.get(place) as number) }));
}
