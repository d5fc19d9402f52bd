/** Sources of like length together, through the encoder once. */
import { noGrad, scope, type Tensor, tensor } from '@editable/torch';
import { EditableError } from '../errors.js';
import { fairseqTokens, type TransformerSpec, type TranslationModel } from '../models/transformer/index.js';

/** Token numbers of a sentence, with `end` at the end. */
export type Sentence = readonly number[];

export interface EncodedBatch {
  /** Which of the sources these are, in the batch's order. */
  readonly indices: readonly number[];
  /** [sentences, source time, dim] */
  readonly memory: Tensor;
  /** bool [sentences, source time] */
  readonly padding: Tensor;
}

/** What the encoder made of sources: may be decoded many times by models that differ in the decoder alone. */
export interface EncodedSources {
  readonly count: number;
  readonly batches: readonly EncodedBatch[];
}

export interface SourceBatchOptions {
  /** Source tokens a batch, padding counted; default 512. */
  readonly batchTokens?: number;
}

/**
 * Runs the encoder over sources, batch by batch, sorted by length.
 *
 * @throws EditableError INVALID_ARGUMENT for a source that is empty, does not close with `end` or has unknown numbers
 */
export function encodeSources(
  model: TranslationModel,
  spec: TransformerSpec,
  sources: readonly Sentence[],
  options: SourceBatchOptions = {},
): EncodedSources {
  const batches = sourceBatches(sources, options).map((indices) => encodeBatch(model, spec, sources, indices));
  return { count: sources.length, batches };
}

/** Positions of sources, the longest first, so that each batch takes at most so many tokens, padding counted. */
export function sourceBatches(
  sources: readonly Sentence[],
  { batchTokens = 512 }: SourceBatchOptions = {},
): number[][] {
  const lengthOf = (at: number): number => (sources[at] as Sentence).length;
  const order = [...sources.keys()].sort((a, b) => lengthOf(b) - lengthOf(a) || a - b);
  const batches: number[][] = [];
  for (const at of order) {
    const last = batches.at(-1);
    if (last !== undefined && (last.length + 1) * lengthOf(last[0] as number) <= batchTokens) last.push(at);
    else batches.push([at]);
  }
  return batches;
}

/** The encoder's output on some of the sources. */
export function encodeBatch(
  model: TranslationModel,
  spec: TransformerSpec,
  sources: readonly Sentence[],
  indices: readonly number[],
): EncodedBatch {
  const { special = fairseqTokens, sourceVocabulary } = spec;
  const device = model.parameters.values().next().value?.device ?? 'cpu';
  for (const at of indices) checkSentence(sources[at] as Sentence, `source ${at}`, sourceVocabulary, spec);
  return scope(() =>
    noGrad(() => {
      const source = paddedRows(
        indices.map((at) => sources[at] as Sentence),
        special.padding,
        device,
      );
      const to = model.stages.findIndex(({ name }) => name === 'decoder.embed_tokens');
      const { output } = model.call({ source, target: source }, { to });
      return { indices, memory: output.hidden, padding: output.padding };
    }),
  );
}

/** Sentences as one int64 [sentences, longest], filled up with padding. */
export function paddedRows(rows: readonly Sentence[], padding: number, device = 'cpu'): Tensor {
  const time = Math.max(...rows.map(({ length }) => length));
  const values = new BigInt64Array(rows.length * time).fill(BigInt(padding));
  for (const [i, row] of rows.entries()) for (const [j, token] of row.entries()) values[i * time + j] = BigInt(token);
  return tensor(values, { shape: [rows.length, time], device });
}

/** @throws EditableError INVALID_ARGUMENT naming the sentence, where it has no tokens, unknown ones or no `end` */
export function checkSentence(
  sentence: Sentence,
  name: string,
  vocabulary: number,
  { special: { end } = fairseqTokens }: Pick<TransformerSpec, 'special'>,
): void {
  const wrong = sentence.find((token) => !Number.isInteger(token) || token < 0 || token >= vocabulary);
  if (sentence.length > 0 && sentence.at(-1) === end && wrong === undefined) return;
  const received =
    wrong !== undefined ? `the number ${wrong}` : sentence.length === 0 ? 'no tokens' : `${sentence.at(-1)} at the end`;
  throw new EditableError(
    'INVALID_ARGUMENT',
    `${name}: expected token numbers from 0 to ${vocabulary - 1} that close with ${end}, received ${received}.`,
  );
}
