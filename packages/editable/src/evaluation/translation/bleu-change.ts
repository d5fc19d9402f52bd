/**
 * How an edit changes a corpus' BLEU: on every sentence, or from some. BLEU is no mean over sentences, but what it counts of
 * them adds up: the sum after the edit is that before and N/n times the change of n sentences drawn without replacement.
 */
import { addBleuStatistics, type BleuStatistics, bleuOfStatistics, noStatistics } from '@editable/text';
import { type RandomStream, stream } from '../../data/random.js';
import type { TranslationModel } from '../../models/transformer/index.js';
import type { TranslationTestSet } from './translation-test-set.js';

export interface BleuChange {
  readonly bleuAfter: number;
  /** BLEU before minus BLEU after: above 0 where the edit does harm. */
  readonly drawdown: number;
  /** Of the drawdown, by a bootstrap over the sentences drawn; 0 where every sentence was translated. */
  readonly standardError: number;
  /** Sentences translated. */
  readonly judged: number;
  /** Share of the judged sentences whose translation is another. */
  readonly changed: number;
}

/** The change where nothing is translated otherwise. */
export const unchangedBleu = ({ bleu }: TranslationTestSet): BleuChange => ({
  bleuAfter: bleu,
  drawdown: 0,
  standardError: 0,
  judged: 0,
  changed: 0,
});

/** Every sentence is translated again. */
export const exactBleuChange = (test: TranslationTestSet, model: TranslationModel): BleuChange => {
  const positions = [...Array(test.count).keys()];
  return changeOf(test, { certain: [], drawn: differences(test, positions, test.translate(model)) }, 0);
};

export interface SampledBleuOptions {
  /** Sentences are drawn, so many at a time, until drawdown's standard error is at most this. */
  readonly standardError: number;
  readonly seed: number;
  /** Of the edit: each has sentences of its own, so that errors of edits are independent. */
  readonly position: number;
  /** The edited sentence, which changes more than others and is always translated. */
  readonly edited?: number;
}

/** Sentences translated between two looks at the error. */
const chunk = 100;
/** Fewer changed sentences say too little about the error. */
const fewestChanged = 5;
const resamples = 200;

/** From as many sentences, drawn in random order, as the asked standard error needs. */
export function sampledBleuChange(
  test: TranslationTestSet,
  model: TranslationModel,
  { standardError, seed, position, edited }: SampledBleuOptions,
): BleuChange {
  const order = [...stream(seed, 'judged-sentences', position).permutation(test.count)].filter((at) => at !== edited);
  const certain = edited === undefined ? [] : differences(test, [edited], test.translate(model, [edited]));
  let drawn: Difference[] = [];
  while (drawn.length < order.length) {
    const next = order.slice(drawn.length, drawn.length + chunk);
    drawn = [...drawn, ...differences(test, next, test.translate(model, next))];
    if (drawn.filter(({ changed }) => changed).length < fewestChanged) continue;
    const error = bootstrapError(test, { certain, drawn }, stream(seed, 'bleu-bootstrap', position, drawn.length));
    if (error <= standardError) return changeOf(test, { certain, drawn }, error);
  }
  return changeOf(test, { certain, drawn }, 0);
}

interface Difference {
  readonly statistics: BleuStatistics;
  readonly changed: boolean;
}

function differences(
  test: TranslationTestSet,
  positions: readonly number[],
  translations: readonly (readonly number[])[],
): Difference[] {
  return positions.map((at, i) => {
    const after = translations[i] as readonly number[];
    const changed = after.join() !== test.translations[at]?.join();
    if (!changed) return { statistics: noStatistics, changed };
    return { statistics: minus(test.statisticsOf(at, after), test.statistics[at] as BleuStatistics), changed };
  });
}

/** Sentences that were looked at in any case, and those drawn from the others. */
interface Judged {
  readonly certain: readonly Difference[];
  readonly drawn: readonly Difference[];
}

function changeOf(test: TranslationTestSet, { certain, drawn }: Judged, standardError: number): BleuChange {
  const weight = weightOf(test, { certain, drawn });
  const bleuAfter = bleuAfterOf(test, addBleuStatistics(sumOf(certain), times(sumOf(drawn), weight)));
  const changes = (of: readonly Difference[]): number => of.filter(({ changed }) => changed).length;
  return {
    bleuAfter,
    drawdown: test.bleu - bleuAfter,
    standardError,
    judged: certain.length + drawn.length,
    changed: (changes(certain) + weight * changes(drawn)) / test.count,
  };
}

/** Sentences that each drawn one stands for. */
const weightOf = (test: TranslationTestSet, { certain, drawn }: Judged): number =>
  drawn.length === 0 ? 0 : (test.count - certain.length) / drawn.length;

const sumOf = (of: readonly Difference[]): BleuStatistics =>
  of.reduce((total, { statistics }) => addBleuStatistics(total, statistics), noStatistics);

const bleuAfterOf = (test: TranslationTestSet, change: BleuStatistics): number =>
  bleuOfStatistics(addBleuStatistics(test.sum, change)).score;

/** Standard deviation of BLEU after over resamples of the sentences drawn, smaller the more of all there are among them. */
function bootstrapError(test: TranslationTestSet, { certain, drawn }: Judged, random: RandomStream): number {
  const known = sumOf(certain);
  const weight = weightOf(test, { certain, drawn });
  const moved = drawn.filter(({ changed }) => changed);
  const scores = Array.from({ length: resamples }, () => {
    let sum = noStatistics;
    for (let i = 0; i < drawn.length; i++) {
      // Those that did not change add nothing.
      const at = random.int(drawn.length);
      if (at < moved.length) sum = addBleuStatistics(sum, (moved[at] as Difference).statistics);
    }
    return bleuAfterOf(test, addBleuStatistics(known, times(sum, weight)));
  });
  const mean = scores.reduce((total, each) => total + each, 0) / resamples;
  const variance = scores.reduce((total, each) => total + (each - mean) ** 2, 0) / (resamples - 1);
  return Math.sqrt(variance * (1 - drawn.length / (test.count - certain.length)));
}

const minus = (a: BleuStatistics, b: BleuStatistics): BleuStatistics => addBleuStatistics(a, times(b, -1));

const times = (statistics: BleuStatistics, by: number): BleuStatistics => ({
  matches: statistics.matches.map((each) => each * by),
  totals: statistics.totals.map((each) => each * by),
  hypothesisLength: statistics.hypothesisLength * by,
  referenceLength: statistics.referenceLength * by,
});
