/**
 * How sure a BLEU score, or a difference of two, is: sentences are drawn anew with replacement (Koehn, "Statistical
 * Significance Tests for Machine Translation Evaluation", EMNLP 2004), as sacreBLEU does with its own random numbers.
 */
import { checkCount, TextError } from '../errors.js';
import { RandomNumbers } from '../random.js';
import { bleuOfStatistics } from './bleu.js';
import { type BleuScoring, checkBleuOptions } from './options.js';
import { type BleuStatistics, bleuOrder, sumBleuStatistics } from './statistics.js';

/** How many resamples (1,000 unless said), of which seed, and how BLEU is computed of each. */
export interface BootstrapOptions extends BleuScoring {
  readonly resamples?: number;
  readonly seed?: number;
  /** Share of the resamples that the interval holds. */
  readonly confidence?: number;
}

/** A score and where resampling puts it. */
export interface BootstrapInterval {
  /** Of the sentences as they are. */
  readonly score: number;
  /** Of the resamples. */
  readonly mean: number;
  readonly low: number;
  readonly high: number;
}

/** Two translations of the same sentences, compared. */
export interface PairedBootstrap {
  readonly baseline: BootstrapInterval;
  readonly system: BootstrapInterval;
  /** System minus baseline, on the same sentences in each resample. */
  readonly difference: BootstrapInterval;
  /** Of "the two are equally good", two-sided, as sacreBLEU's paired bootstrap test gives it. */
  readonly pValue: number;
}

/** The interval of a corpus' BLEU of the statistics of its sentences; the same seed gives the same interval. */
export function bootstrapBleu(sentences: readonly BleuStatistics[], options: BootstrapOptions = {}): BootstrapInterval {
  checkBootstrap('bootstrapBleu', sentences.length, options);
  const [scores] = resampledScores([sentences], options);
  return interval(scoreOf(sentences, options), scores!, options);
}

/** Compares two translations of the same sentences in the same order; throws `INVALID_ARGUMENT` for unequal lists. */
export function pairedBootstrapBleu(
  baseline: readonly BleuStatistics[],
  system: readonly BleuStatistics[],
  options: BootstrapOptions = {},
): PairedBootstrap {
  checkBootstrap('pairedBootstrapBleu', baseline.length, options);
  if (baseline.length !== system.length) {
    throw new TextError(
      'INVALID_ARGUMENT',
      `pairedBootstrapBleu: expected two lists of equal length, received ${baseline.length} and ${system.length}.`,
    );
  }
  const [before, after] = resampledScores([baseline, system], options) as [Float64Array, Float64Array];
  const differences = after.map((score, i) => score - before[i]!);
  const [from, to] = [scoreOf(baseline, options), scoreOf(system, options)];
  return {
    baseline: interval(from, before, options),
    system: interval(to, after, options),
    difference: interval(to - from, differences, options),
    pValue: pValue(differences, Math.abs(to - from)),
  };
}

const scoreOf = (sentences: readonly BleuStatistics[], options: BleuScoring): number =>
  bleuOfStatistics(sumBleuStatistics(sentences), options).score;

/** Scores of each list on the same resamples: sums over flat rows, since this is where the time goes. */
function resampledScores(
  lists: readonly (readonly BleuStatistics[])[],
  { resamples = 1000, seed = 12345, ...scoring }: BootstrapOptions,
): Float64Array[] {
  const length = lists[0]!.length;
  const rows = lists.map((sentences) => Float64Array.from(sentences.flatMap(rowOf)));
  const scores = lists.map(() => new Float64Array(resamples));
  const random = new RandomNumbers(seed, 'bleu-bootstrap');
  const drawn = new Uint32Array(length);
  for (let resample = 0; resample < resamples; resample++) {
    for (let i = 0; i < length; i++) drawn[i] = random.int(length);
    rows.forEach((row, which) => {
      scores[which]![resample] = bleuOfStatistics(summed(row, drawn), scoring).score;
    });
  }
  return scores;
}

const rowWidth = 2 * bleuOrder + 2;

const rowOf = (sentence: BleuStatistics): number[] => [
  ...sentence.matches,
  ...sentence.totals,
  sentence.hypothesisLength,
  sentence.referenceLength,
];

function summed(rows: Float64Array, drawn: Uint32Array): BleuStatistics {
  const sum = new Float64Array(rowWidth);
  for (const sentence of drawn) {
    for (let j = 0; j < rowWidth; j++) sum[j]! += rows[sentence * rowWidth + j]!;
  }
  return {
    matches: [...sum.subarray(0, bleuOrder)],
    totals: [...sum.subarray(bleuOrder, 2 * bleuOrder)],
    hypothesisLength: sum[rowWidth - 2]!,
    referenceLength: sum[rowWidth - 1]!,
  };
}

/** Percentiles of the resamples: with 1,000 of them and 95 %, the 26th from either end, as in sacreBLEU. */
function interval(score: number, resampled: Float64Array, { confidence = 0.95 }: BootstrapOptions): BootstrapInterval {
  const sorted = resampled.toSorted();
  // Rounded first: (1 − 0.95) / 2 is a little more than 1/40 in floating point.
  const cut = Math.floor(Number((((1 - confidence) / 2) * sorted.length).toFixed(9)));
  const mean = sorted.reduce((sum, value) => sum + value, 0) / sorted.length;
  return { score, mean, low: sorted[cut]!, high: sorted[sorted.length - 1 - cut]! };
}

/** How often the difference strays from its own mean by as much as it is from zero: 1 for a system and itself. */
function pValue(differences: Float64Array, observed: number): number {
  const sizes = differences.map(Math.abs);
  const mean = sizes.reduce((sum, size) => sum + size, 0) / sizes.length;
  const beyond = sizes.filter((size) => size - mean >= observed).length;
  return (beyond + 1) / (sizes.length + 1);
}

function checkBootstrap(caller: string, sentences: number, options: BootstrapOptions): void {
  checkBleuOptions(caller, options);
  checkCount(caller, 'resamples', options.resamples ?? 1000, 1);
  checkCount(caller, 'the number of sentences', sentences, 1);
  const { confidence = 0.95 } = options;
  if (confidence > 0 && confidence < 1) return;
  throw new TextError('INVALID_ARGUMENT', `${caller}: expected a confidence between 0 and 1, received ${confidence}.`);
}
