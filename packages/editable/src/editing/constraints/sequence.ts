/**
 * A translation (section 4.4): l_e = max over alternatives of the mean log p(token) − the target's, clipped at 0. With a
 * margin m the target must lead by m nats a token.
 */
import { mapTree, type Tensor } from '@editable/torch';
import { EditableError } from '../../errors.js';
import {
  fairseqTokens,
  type TokenPair,
  type TransformerSpec,
  type TranslationModel,
} from '../../models/transformer/index.js';
import {
  beamSearch,
  meanLogProbabilities,
  paddedRows,
  type Sentence,
  type SentencePair,
} from '../../translation/index.js';
import type { Constraint } from '../constraint.js';

export interface SequenceOptions {
  /** Nats a token by which the target must lead while the edit goes on; success is judged without it. */
  readonly margin?: number;
  /** The number of padding; default: fairseq's. */
  readonly padding?: number;
}

/**
 * The target must be at least as likely, by the mean over its tokens, as each alternative; those that are the target itself
 * are left out. The input has a row for the target and one for each alternative, and must live as long as the constraint.
 *
 * @throws EditableError INVALID_ARGUMENT where no alternative is left
 */
export function sequence(
  { source, target }: SentencePair,
  alternatives: readonly Sentence[],
  { margin = 0, padding = fairseqTokens.padding }: SequenceOptions = {},
): Constraint<TokenPair> {
  const others = alternatives.filter((each) => each.join() !== target.join());
  if (others.length === 0) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `sequence: expected alternatives to the target, received ${alternatives.length}, none of them different from it.`,
    );
  }
  const rows = [target, ...others];
  const lack = (logits: Tensor): Tensor => {
    // Made anew: the input that the constraint was given may be gone by then.
    const means = meanLogProbabilities(logits, paddedRows(rows, padding, logits.device), padding);
    return means.narrow(0, 1, others.length).amax().sub(means.select(0, 0));
  };
  return {
    input: {
      source: paddedRows(
        rows.map(() => source),
        padding,
      ),
      target: paddedRows(rows, padding),
    },
    loss: (logits) => lack(logits).add(margin).relu(),
    holds: (logits) => lack(logits).item() <= 0,
    asks: JSON.stringify({ rows, margin }),
  };
}

/** The same against the `beam` best translations of the model as it is; the paper's 32. */
export function sequenceAgainstBeam(
  model: TranslationModel,
  spec: TransformerSpec,
  pair: SentencePair,
  { beam = 32, margin = 0 }: { readonly beam?: number; readonly margin?: number } = {},
): Constraint<TokenPair> {
  const [found = []] = beamSearch(model, spec, [pair.source], { beam });
  const alternatives = found.map(({ tokens }) => tokens);
  const { padding } = spec.special ?? fairseqTokens;
  const made = sequence(pair, alternatives, { margin, padding });
  const device = model.parameters.values().next().value?.device ?? 'cpu';
  return device === 'cpu' ? made : { ...made, input: mapTree(made.input, (leaf) => leaf.to(device)) };
}
