/** How well a translation model does at an epoch's end, on sentences that it was not trained on. */
import { exchange, type ProcessGroup } from '@editable/torch';
import type { ParallelCorpus } from '../data/parallel-corpus.js';
import { fairseqTokens, type TransformerSpec, type TranslationModel } from '../models/transformer/index.js';
import { alone, rangeOf } from '../sharing/share.js';
import type { SentenceCodec } from '../translation/sentence-codec.js';
import { bleuOf, translate, validationLoss } from '../translation/translate.js';

export interface Validation {
  /** Mean −log p of a token, in nats. */
  readonly loss: number;
  /** Of greedy translations. */
  readonly bleu: number;
}

/** What one process found on its sentences. */
interface Found {
  readonly texts: readonly string[];
  readonly loss: number;
  readonly tokens: number;
}

// A model of the first epochs repeats itself to the greatest length that it is allowed.
const maxRatio = 1.2;

/** Validates a model; the processes of a group, which all call it, share the sentences. */
export function validationOf(
  { valid }: ParallelCorpus,
  codec: SentenceCodec,
  spec: TransformerSpec,
  group?: ProcessGroup,
): (model: TranslationModel) => Validation {
  const own = valid.slice(...rangeOf(valid.length, group ?? alone));
  const pairs = own.map(({ source, target }) => ({
    source: codec.encode(source, 'source'),
    target: codec.encode(target, 'target'),
  }));
  const tokens = pairs.reduce((sum, { target }) => sum + target.length, 0);
  const sources = own.map(({ source }) => source);
  const { padding } = spec.special ?? fairseqTokens;
  return (model) => {
    const translations = translate({ model, spec, codec }, sources, { beam: 1, maxRatio });
    const found: Found = {
      texts: translations.map(({ text }) => text),
      loss: pairs.length === 0 ? 0 : validationLoss({ model }, pairs, { padding }),
      tokens,
    };
    const { texts, loss } = group === undefined ? found : together(group, found);
    return { loss, bleu: bleuOf({ codec }, texts, valid).score };
  };
}

function together(group: ProcessGroup, found: Found): Pick<Found, 'texts' | 'loss'> {
  const all = exchange(group, JSON.stringify(found)).map((text) => JSON.parse(text) as Found);
  const tokens = all.reduce((sum, each) => sum + each.tokens, 0);
  const loss = all.reduce((sum, each) => sum + each.loss * each.tokens, 0) / tokens;
  return { loss, texts: all.flatMap((each) => each.texts) };
}
