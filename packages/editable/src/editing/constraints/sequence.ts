/**
 * A translation (section 4.4): l_e = max over alternatives of the mean log p(token) − the target's, clipped at 0. With a
 * margin m the target must lead by m nats a token.
 */
import { mapTree, stack, type Tensor, tensor } from '@editable/torch';
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

/** A source, the translation it must have, and those that this must beat. */
export interface SequenceDemand extends SentencePair {
  readonly alternatives: readonly Sentence[];
}

/**
 * The target must be at least as likely, by the mean over its tokens, as each alternative; those that are the target itself
 * are left out. The input has a row for the target and one for each alternative, and must live as long as the constraint.
 *
 * @throws EditableError INVALID_ARGUMENT where no alternative is left
 */
export function sequence(
  pair: SentencePair,
  alternatives: readonly Sentence[],
  options: SequenceOptions = {},
): Constraint<TokenPair> {
  const { means, ...made } = sequencesOf([{ ...pair, alternatives }], options);
  return { ...made, ranking: { margin: options.margin ?? 0, scores: means } };
}

/**
 * Several at once, such as a sentence and noised forms of it: the loss is the sum of what each lacks. Success is judged on the
 * first. @throws as `sequence`
 */
export function sequences(demands: readonly SequenceDemand[], options: SequenceOptions = {}): Constraint<TokenPair> {
  const { means: _, ...made } = sequencesOf(demands, options);
  return made;
}

function sequencesOf(
  demands: readonly SequenceDemand[],
  { margin = 0, padding = fairseqTokens.padding }: SequenceOptions,
): Constraint<TokenPair> & { readonly means: (logits: Tensor, examples: readonly number[]) => Tensor } {
  const groups = demands.map(rowsOf);
  const rows = groups.flat();
  const sources = demands.flatMap(({ source }, i) => (groups[i] as readonly Sentence[]).map(() => source));
  const targets = (examples: readonly number[], device: Tensor['device']): Tensor => {
    const padded = paddedRows(rows, padding, device);
    return examples.length === rows.length
      ? padded
      : padded.indexSelect(0, tensor(BigInt64Array.from(examples, BigInt), { device }));
  };
  /** Mean log p of a token, [examples] */
  const means = (logits: Tensor, examples: readonly number[]): Tensor =>
    // Made anew: the input that the constraint was given may be gone by then.
    meanLogProbabilities(logits, targets(examples, logits.device), padding);
  /** [demands] */
  const lacks = (logits: Tensor): Tensor =>
    stack(
      means(logits, [...rows.keys()])
        .splitWithSizes(groups.map(({ length }) => length))
        .map((own) =>
          own
            .narrow(0, 1, (own.shape[0] as number) - 1)
            .amax()
            .sub(own.select(0, 0)),
        ),
    );
  return {
    input: { source: paddedRows(sources, padding), target: paddedRows(rows, padding) },
    means,
    loss: (logits) => lacks(logits).add(margin).relu().sum(),
    holds: (logits) => lacks(logits).select(0, 0).item() <= 0,
    asks: JSON.stringify({ rows, margin }),
  };
}

/** The target, and the alternatives that are not it. */
function rowsOf({ target, alternatives }: SequenceDemand): readonly Sentence[] {
  const others = alternatives.filter((each) => each.join() !== target.join());
  if (others.length > 0) return [target, ...others];
  throw new EditableError(
    'INVALID_ARGUMENT',
    `sequence: expected alternatives to the target, received ${alternatives.length}, none of them different from it.`,
  );
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
