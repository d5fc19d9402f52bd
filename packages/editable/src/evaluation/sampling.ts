/**
 * The drawdown of one repair from a stratified sample of the judged images, with its standard error (Cochran, Sampling
 * Techniques, 1977, chapter 5). Strata are the predicted classes, each cut into bands by the margin of the prediction:
 * repairs change narrow predictions first, and those of a few classes.
 */
import { stream } from '../data/index.js';
import type { BasePredictions, Repair } from './repairer.js';

export interface SampledChange {
  /** Change of error: exact where everything was judged, else an unbiased estimate. */
  readonly drawdown: number;
  readonly standardError: number;
  readonly judged: number;
  readonly flips: number;
  /** Right answers that turn wrong; an estimate. */
  readonly negativeFlips: number;
}

export interface SamplingOptions {
  /** Half-width of the 95 % interval of one repair's drawdown. */
  readonly precision: number;
}

/** Upper ends of the bands of margin within a predicted class, as shares of its images, the narrowest margin first. */
const bandEnds = [0.03, 0.1, 0.3, 1];
/** Of so many predicted classes and more, their images are put together: strata would be too many for a pilot. */
const mostClasses = 20;
/** Images of each stratum that are judged first, to learn where changes are. */
const pilotSize = 4;
/** Images that the assumption is worth that a stratum changes as its class and its band together suggest. */
const priorWeight = 4;

/** Images of one predicted class and one band of margins. */
interface Cell {
  readonly group: number;
  readonly band: number;
  readonly images: Uint32Array;
}

/** Strata of the judged images: by the class that the model gives, and by how sure it is. */
export class SamplingPlan {
  readonly base: BasePredictions;
  readonly labels: Int32Array;
  readonly precision: number;
  readonly cells: readonly Cell[];

  constructor(base: BasePredictions, labels: Int32Array, { precision }: SamplingOptions) {
    this.base = base;
    this.labels = labels;
    this.precision = precision;
    const margins = marginsOf(base);
    this.cells = groupsOf(base.classes).flatMap((images, group) => {
      const order = Uint32Array.from(images).sort((a, b) => margins[a]! - margins[b]! || a - b);
      const ends = bandEnds.map((share) => Math.round(share * order.length));
      return ends
        .map((end, band) => ({ group, band, images: order.slice(band === 0 ? 0 : ends[band - 1], end) }))
        .filter((cell) => cell.images.length > 0);
    });
  }
}

/** Log-probability of the predicted class less that of the next: how far a prediction is from turning. */
function marginsOf({ classes, probabilities }: BasePredictions): Float64Array {
  const count = probabilities.length / classes.length;
  return Float64Array.from(classes, (predicted, i) => {
    const row = probabilities.subarray(i * count, (i + 1) * count);
    let rival = 0;
    for (let label = 0; label < count; label++) if (label !== predicted) rival = Math.max(rival, row[label]!);
    return Math.log(row[predicted]! + 1e-12) - Math.log(rival + 1e-12);
  });
}

/** Positions of the images by predicted class. */
function groupsOf(classes: Int32Array): number[][] {
  const byClass = new Map<number, number[]>();
  for (const [i, predicted] of classes.entries()) {
    const own = byClass.get(predicted);
    if (own === undefined) byClass.set(predicted, [i]);
    else own.push(i);
  }
  return byClass.size < mostClasses ? [...byClass.values()] : [[...classes.keys()]];
}

export interface SampleOptions {
  readonly seed: number;
  /** The repair's number in its evaluation: each has a sample of its own. */
  readonly position: number;
}

/**
 * Judges a pilot from every stratum, then as many more of each as the precision needs by what the pilot showed. The
 * estimate is unbiased whatever the pilot showed: the pilot's images count as themselves, the others stand for the rest.
 */
export function judgeBySample(
  plan: SamplingPlan,
  repair: Pick<Repair, 'judge'>,
  { seed, position }: SampleOptions,
): SampledChange {
  const random = stream(seed, 'judge', position);
  const strata = plan.cells.map(({ group, band, images }) => {
    const order = random.permutation(images.length);
    return new Stratum(
      Uint32Array.from(order, (at) => images[at]!),
      group,
      band,
    );
  });
  const judge = (sizes: readonly number[]): void => judgeMore(plan, repair, strata, sizes);
  judge(strata.map(() => pilotSize));
  const total = plan.labels.length;
  judge(allocation(strata, ((plan.precision * total) / 1.96) ** 2));
  const variance = sum(smoothedRates(strata).map((rate, h) => strata[h]!.variance(rate)));
  return {
    drawdown: sum(strata.map((stratum) => stratum.total(stratum.changes))) / total,
    standardError: Math.sqrt(variance) / total,
    judged: sum(strata.map((stratum) => stratum.changes.length)),
    flips: sum(strata.map((stratum) => stratum.total(stratum.flips))),
    negativeFlips: sum(strata.map((stratum) => stratum.total(stratum.changes.map((change) => Number(change > 0))))),
  };
}

/** Images of like risk in random order; the first ones are judged. */
class Stratum {
  readonly images: Uint32Array;
  readonly group: number;
  readonly band: number;
  /** Of each judged image: its error after less before. */
  readonly changes: number[] = [];
  /** Of each judged image: 1 where its class changed. */
  readonly flips: number[] = [];
  #pilot = 0;

  constructor(images: Uint32Array, group: number, band: number) {
    this.images = images;
    this.group = group;
    this.band = band;
  }

  add(change: number, flip: number): void {
    this.changes.push(change);
    this.flips.push(flip);
  }

  endPilot(): void {
    if (this.#pilot === 0) this.#pilot = this.changes.length;
  }

  /** Images beyond the pilot. */
  get rest(): number {
    return this.images.length - this.#pilot;
  }

  /** Estimate of the sum of `values` over all images, from those of the judged ones. */
  total(values: readonly number[]): number {
    const [pilot, sampled] = [values.slice(0, this.#pilot), values.slice(this.#pilot)];
    return sum(pilot) + (sampled.length === 0 ? 0 : (this.rest * sum(sampled)) / sampled.length);
  }

  /** Of `total`, where a share `rate` of images changes. */
  variance(rate: number): number {
    const sampled = this.changes.length - this.#pilot;
    return sampled === 0 ? 0 : this.rest ** 2 * (1 / sampled - 1 / this.rest) * rate;
  }
}

function judgeMore(
  plan: SamplingPlan,
  repair: Pick<Repair, 'judge'>,
  strata: readonly Stratum[],
  sizes: readonly number[],
): void {
  const owners = new Map<number, Stratum>();
  for (const [h, stratum] of strata.entries()) {
    const from = stratum.changes.length;
    for (const image of stratum.images.subarray(from, from + sizes[h]!)) owners.set(image, stratum);
  }
  const positions = [...owners.keys()].sort((a, b) => a - b);
  if (positions.length === 0) return;
  const after = repair.judge(positions);
  const { labels, base } = plan;
  const found = new Map(positions.map((image, i) => [image, after[i]!]));
  for (const [image, stratum] of owners) {
    const [label, before, now] = [labels[image]!, base.classes[image]!, found.get(image)!];
    stratum.add(Number(now !== label) - Number(before !== label), Number(now !== before));
  }
  for (const stratum of strata) stratum.endPilot();
}

/** Sizes of the main samples (Neyman's allocation, capped) so that the estimate's variance is at most `variance`. */
function allocation(strata: readonly Stratum[], variance: number): number[] {
  const rates = smoothedRates(strata);
  const whole = new Set<number>();
  for (;;) {
    const open = [...strata.keys()].filter((h) => !whole.has(h));
    const weight = (h: number): number => strata[h]!.rest * Math.sqrt(rates[h]!);
    const allowed = variance + sum(open.map((h) => strata[h]!.rest * rates[h]!));
    const scale = sum(open.map(weight)) / allowed;
    const full = open.filter((h) => weight(h) * scale >= strata[h]!.rest);
    for (const h of full) whole.add(h);
    if (full.length > 0) continue;
    return strata.map(({ rest }, h) =>
      whole.has(h) ? rest : Math.min(rest, Math.max(1, Math.ceil(weight(h) * scale))),
    );
  }
}

/** Share of images that change, for each stratum; a few images can show none, so its class and its band have a say. */
function smoothedRates(strata: readonly Stratum[]): number[] {
  const all = rateOf(strata);
  const byGroup = ratesBy(strata, ({ group }) => group);
  const byBand = ratesBy(strata, ({ band }) => band);
  return strata.map((stratum) => {
    const prior = Math.min((byGroup.get(stratum.group)! * byBand.get(stratum.band)!) / all, 1);
    const { length } = stratum.changes;
    return (sum(stratum.changes.map(Math.abs)) + priorWeight * prior) / (length + priorWeight);
  });
}

function ratesBy(strata: readonly Stratum[], keyOf: (stratum: Stratum) => number): Map<number, number> {
  const keys = new Set(strata.map(keyOf));
  return new Map([...keys].map((key) => [key, rateOf(strata.filter((stratum) => keyOf(stratum) === key))]));
}

const rateOf = (strata: readonly Stratum[]): number =>
  (sum(strata.map(({ changes }) => sum(changes.map(Math.abs)))) + 0.5) /
  (sum(strata.map(({ changes }) => changes.length)) + 1);

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
