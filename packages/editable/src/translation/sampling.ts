/** Translations drawn from a model, token by token from the whole vocabulary. */
import { noGrad, scope, type Tensor, tensor } from '@editable/torch';
import type { RandomStream } from '../data/random.js';
import { EditableError } from '../errors.js';
import type { TransformerSpec, TranslationModel } from '../models/transformer/index.js';
import type { Translation } from './beam-search.js';
import { type DecoderWeights, decoderWeights } from './decoder-weights.js';
import { Decoding } from './decoding.js';
import { drawn } from './drawn-tokens.js';
import {
  type EncodedBatch,
  encodeBatch,
  type Sentence,
  type SourceBatchOptions,
  sourceBatches,
} from './source-batches.js';

export interface SampledTranslationOptions extends SourceBatchOptions {
  /** τ: logits are divided by it; default 1. */
  readonly temperature?: number;
  /** Tokens before `end`, at most; default 200. */
  readonly maxLength?: number;
  /** The random numbers of each source, by its position: one a token. */
  readonly streamOf: (source: number) => RandomStream;
}

/**
 * One translation of each source, drawn from softmax(logits / τ); name a source several times for several. Padding cannot
 * come, nor `end` at once. `tokenScores` and `score`, their mean, are the model's own log-probabilities, without τ.
 *
 * @throws EditableError INVALID_ARGUMENT for options out of range or a source that is none; NOT_FINITE
 * @example sampleTranslations(model, spec, sources, { temperature: 1.2, streamOf: (i) => stream(seed, 'targets', i) })
 */
export function sampleTranslations(
  model: TranslationModel,
  spec: TransformerSpec,
  sources: readonly Sentence[],
  options: SampledTranslationOptions,
): Translation[] {
  const { temperature = 1, maxLength = 200, streamOf } = options;
  if (!(temperature > 0 && Number.isFinite(temperature)) || !Number.isInteger(maxLength) || maxLength < 1) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `sampleTranslations: expected a temperature above 0 and a greatest length of at least 1, received ${temperature} and ${maxLength}.`,
    );
  }
  return scope(() => {
    const weights = noGrad(() => decoderWeights(model, spec, maxLength));
    const found: Translation[] = [];
    for (const indices of sourceBatches(sources, options)) {
      const streams = indices.map(streamOf);
      const draws = scope(() => {
        const batch = encodeBatch(model, spec, sources, indices);
        return sampleBatch(weights, batch, { temperature, maxLength, streams });
      });
      for (const [i, each] of draws.entries()) found[indices[i] as number] = each;
    }
    return found;
  });
}

interface Draws {
  readonly temperature: number;
  readonly maxLength: number;
  readonly streams: readonly RandomStream[];
}

function sampleBatch(weights: DecoderWeights, { memory, padding }: EncodedBatch, draws: Draws): Translation[] {
  const { end } = weights.special;
  const made = draws.streams.map(() => ({ tokens: [] as number[], tokenScores: [] as number[] }));
  using decoding = new Decoding(weights, memory, padding);
  let open = [...made.keys()];
  for (let step = 0; open.length > 0; step++) {
    const rows = open.map((at) => ({ token: made[at]?.tokens.at(-1) ?? end, ancestors: [...Array(step).keys()] }));
    const { tokens, scores } = scope(() =>
      noGrad(() => next(decoding.advance(rows), weights, { ...draws, open, step })),
    );
    for (const [i, at] of open.entries()) {
      made[at]?.tokens.push(tokens[i] as number);
      made[at]?.tokenScores.push(scores[i] as number);
    }
    const going = [...open.keys()].filter((i) => tokens[i] !== end);
    if (going.length < open.length && going.length > 0) {
      const places = [...Array(decoding.used).keys()];
      decoding.keep(
        going,
        going.map(() => places),
      );
    }
    open = going.map((i) => open[i] as number);
  }
  return made.map((each) => ({ ...each, score: mean(each.tokenScores) }));
}

function next(
  logits: Tensor,
  { special: { end, padding } }: DecoderWeights,
  { temperature, maxLength, streams, open, step }: Draws & { readonly open: readonly number[]; readonly step: number },
): { readonly tokens: readonly number[]; readonly scores: readonly number[] } {
  const logProbabilities = logits.logSoftmax(1);
  const uniform = open.map((at) => (streams[at] as RandomStream).float());
  const allowed = logits.clone();
  allowed.select(1, padding).fill_(Number.NEGATIVE_INFINITY);
  if (step === 0) allowed.select(1, end).fill_(Number.NEGATIVE_INFINITY);
  const tokens = step === maxLength ? open.map(() => end) : drawn(allowed.div(temperature), uniform);
  const index = tensor(BigInt64Array.from(tokens, BigInt), { device: logits.device }).unsqueeze(1);
  const scores = logProbabilities.gather(1, index).squeeze(1).to('float64').data() as Float64Array;
  return { tokens, scores: [...scores] };
}

const mean = (values: readonly number[]): number => values.reduce((sum, each) => sum + each, 0) / values.length;
