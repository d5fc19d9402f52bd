/** Sentence pairs whose translation repairs should keep, for a model's curvature: batches without padding. */
import { noGrad, scope, type Tree } from '@editable/torch';
import { EditableError } from '../errors.js';
import type { TransformerSpec, TranslationModel } from '../models/transformer/index.js';
import { alone, rangeOf, type Share } from '../sharing/share.js';
import type { SentencePair } from './scoring.js';
import { checkSentence, paddedRows } from './source-batches.js';

export interface ControlPairsOptions {
  /** The first stage that is edited. */
  readonly from: number;
  /** Pairs a batch, at most; default 32. */
  readonly batchSize?: number;
  /** Only its batches. */
  readonly share?: Share | undefined;
  /** For each batch before this share: its pairs, and the tokens of their targets. */
  readonly onSkipped?: (pairs: number, time: number) => void;
}

/**
 * What stage `from` of the model receives of the pairs, batch by batch, each of pairs of the same two lengths: padding would
 * count as positions of a layer. Each batch is freed when the next is asked for.
 *
 * @throws EditableError INVALID_ARGUMENT for no pairs, or a sentence with unknown numbers, or that does not close with `end`
 */
export function* controlPairs(
  model: TranslationModel,
  spec: TransformerSpec,
  pairs: readonly SentencePair[],
  { from, batchSize = 32, share = alone, onSkipped = () => {} }: ControlPairsOptions,
): Generator<Tree> {
  if (pairs.length === 0) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      'curvature: expected pairs of sentences, received none; a few hundred serve.',
    );
  }
  for (const [i, { source, target }] of pairs.entries()) {
    checkSentence(source, `source ${i}`, spec.sourceVocabulary, spec);
    checkSentence(target, `target ${i}`, spec.targetVocabulary, spec);
  }
  const device = model.parameters.values().next().value?.device;
  const batches = ofEqualLengths(pairs, batchSize);
  const [first, end] = rangeOf(batches.length, share);
  for (const { length, 0: pair } of batches.slice(0, first)) onSkipped(length, (pair as SentencePair).target.length);
  for (const batch of batches.slice(first, end)) {
    const received = scope(() => {
      const rows = (side: keyof SentencePair) =>
        paddedRows(
          batch.map((pair) => pair[side]),
          0,
          device,
        );
      return noGrad(() => model.call({ source: rows('source'), target: rows('target') }, { to: from }).output);
    });
    try {
      yield received;
    } finally {
      for (const leaf of Object.values(received)) leaf.dispose();
    }
  }
}

function ofEqualLengths(pairs: readonly SentencePair[], most: number): SentencePair[][] {
  const open = new Map<string, SentencePair[]>();
  const batches: SentencePair[][] = [];
  for (const pair of pairs) {
    const key = `${pair.source.length} ${pair.target.length}`;
    const last = open.get(key);
    if (last !== undefined && last.length < most) {
      last.push(pair);
      continue;
    }
    const batch = [pair];
    open.set(key, batch);
    batches.push(batch);
  }
  return batches;
}
