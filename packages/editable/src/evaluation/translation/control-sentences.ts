/** The curvature of a translation model from training sentences: how it translates them is what repairs keep. */
import { createHash } from 'node:crypto';
import type { TextPair } from '../../data/parallel-corpus.js';
import { stream } from '../../data/random.js';
import { drawnSequences } from '../../editing/curvature/answers.js';
import { type CurvatureOf, withSettling } from '../../editing/curvature/curvature.js';
import {
  disposeFactors,
  KroneckerCurvature,
  type KroneckerFactors,
  kroneckerFactors,
} from '../../editing/curvature/kronecker.js';
import { oncePerNames } from '../../editing/curvature/once-per-names.js';
import { firstStageOf } from '../../editing/layers.js';
import { ControlLocality } from '../../editing/locality.js';
import { EditableError } from '../../errors.js';
import type { Sharing } from '../../sharing/share.js';
import { controlPairs } from '../../translation/control-pairs.js';
import type { SentencePair } from '../../translation/scoring.js';
import type { Translator } from '../../translation/translate.js';

export interface ControlSentencesOptions {
  /** Default 1,000, or all where there are fewer. */
  readonly sentences?: number | undefined;
  readonly seed?: number;
}

/**
 * λ relative to the mean of F's diagonal. Six edits of a Multi30k model, judged on 150 validation sentences, the edited ones
 * among them: 0.43, 0.40, 0.37 and 0.33 BLEU at 1e-2, 1e-3, 1e-4 and 1e-5, in 4.5, 5.3, 5.7 and 5.7 steps; below 1e-4 the gain
 * is within the spread of edits.
 */
export const translationDamping = 1e-4;
/** Fewer say too little about a model to keep its translations. */
const fewestSentences = 10;
/** A longer one costs as much as several. */
const longest = 100;
/** Answers drawn for each control sentence, every token of them from the model's own p. */
const draws = 2;

/** Sentence pairs drawn from a training text: token numbers. */
export class ControlSentences {
  readonly pairs: readonly SentencePair[];
  readonly #translator: Pick<Translator, 'codec'>;
  readonly #text: readonly TextPair[];
  readonly #seed: number;

  /** @throws EditableError INVALID_ARGUMENT for fewer than 10 sentences, or more than there are */
  constructor(
    translator: Pick<Translator, 'codec'>,
    text: readonly TextPair[],
    { sentences = Math.min(1000, text.length), seed = 0 }: ControlSentencesOptions = {},
  ) {
    if (!Number.isInteger(sentences) || sentences < fewestSentences || sentences > text.length) {
      throw new EditableError(
        'INVALID_ARGUMENT',
        `curvature: expected from ${fewestSentences} to ${text.length} control sentences, received ${sentences}; a few hundred serve.`,
      );
    }
    const { codec } = translator;
    this.#translator = translator;
    this.#text = text;
    this.#seed = seed;
    this.pairs = [...stream(seed, 'control-sentences').sample(text.length, sentences).sort()]
      .map((at) => text[at] as TextPair)
      .map(({ source, target }) => ({
        source: codec.encode(source, 'source'),
        target: codec.encode(target, 'target'),
      }))
      .filter(({ source, target }) => Math.min(source.length, target.length) > 1)
      .filter(({ source, target }) => Math.max(source.length, target.length) <= longest);
  }

  /** So many of the same text. */
  as(sentences: number): ControlSentences {
    return new ControlSentences(this.#translator, this.#text, { sentences, seed: this.#seed });
  }

  /** How many the text has. */
  get available(): number {
    return this.#text.length;
  }

  /** Two equal ones give equal curvatures of a model. */
  get hash(): string {
    return createHash('sha256').update(JSON.stringify(this.pairs)).digest('hex');
  }
}

/** Kronecker factors of some parameters of a translation model; of a group or a share, see `Sharing`. */
export function sentenceFactors(
  { model, spec }: Pick<Translator, 'model' | 'spec'>,
  { pairs }: ControlSentences,
  names: readonly string[],
  { group, share = group }: Sharing = {},
): KroneckerFactors {
  const answers = drawnSequences(stream(0, 'control-answers'), { draws });
  const from = firstStageOf(model, names);
  const batches = controlPairs(model, spec, pairs, { from, share, onSkipped: answers.skip });
  return kroneckerFactors(model, batches, { names, answers, group });
}

/** The curvature of any of the model's parameters, computed when first asked for. */
export function sentenceCurvature(
  translator: Pick<Translator, 'model' | 'spec'>,
  control: ControlSentences,
  { damping = translationDamping }: { readonly damping?: number } = {},
): CurvatureOf {
  return oncePerNames((names) => {
    const factors = sentenceFactors(translator, control, names);
    try {
      return new KroneckerCurvature(factors, { damping, control: control.hash });
    } finally {
      disposeFactors(factors.layers);
    }
  });
}

/** Sentences that settling looks at, unless told; one step looks at `settledPerStep` of them, the next at others. */
const settledSentences = 4000;
const settledPerStep = 250;
/** Of the model's log-probabilities of them, which are kept, in bytes; sentences beyond that are left out. */
const settledMemory = 2 * 2 ** 30;

/**
 * `base`, whose repairs settle: once they hold, up to `steps` steps reduce the divergence from the model's own probabilities
 * of the tokens of control sentences, of which F is an approximation, along the repairs' boundary. `sentences`: of the same
 * text as `control`; default 4,000, or as many as there are, or as 2 GiB of log-probabilities allow.
 */
export function settledSentenceCurvature(
  base: CurvatureOf,
  { model, spec }: Pick<Translator, 'model' | 'spec'>,
  control: ControlSentences,
  { steps, sentences = settledSentences }: { readonly steps: number; readonly sentences?: number | undefined },
): CurvatureOf {
  if (steps === 0) return base;
  return oncePerNames((names) => {
    const curvature = base(names);
    const tokens = control.pairs.reduce((sum, { target }) => sum + target.length, 0);
    const fitting = Math.floor(((settledMemory / (4 * spec.targetVocabulary)) * control.pairs.length) / tokens);
    const own = control.as(Math.max(fewestSentences, Math.min(sentences, fitting, control.available)));
    const batches = controlPairs(model, spec, own.pairs, { from: firstStageOf(model, names) });
    const groups = Math.ceil(own.pairs.length / settledPerStep);
    return withSettling(curvature, { locality: new ControlLocality(model, batches, { names, groups }), steps });
  });
}
