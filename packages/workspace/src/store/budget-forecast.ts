/**
 * What further repairs will cost, from what those so far did: a random walk with drift over the number of repairs. Each repair adds
 * a cost of its own to a curve that is measured on the same pictures, so the last release is where the forecast starts and its
 * uncertainty grows with the repairs to come. Point and variance are those of the drift method (Hyndman and Athanasopoulos,
 * "Forecasting: Principles and Practice", 3rd edition, sections 5.2 and 5.5), for steps of unequal length.
 */
import { reach95 } from './student-t.js';

/** A quantity after some repairs: at 0 of them it is 0. */
export interface CostPoint {
  readonly repairs: number;
  readonly value: number;
}

export interface Drift {
  /** Where it stands. */
  readonly last: CostPoint;
  /** Mean cost of a repair. */
  readonly perRepair: number;
  /** Standard deviation of one repair's cost; null where a single step tells nothing of it. */
  readonly deviation: number | null;
  /** Steps that it was estimated of. */
  readonly steps: number;
}

export interface Forecast {
  readonly repairs: number;
  readonly expected: number;
  /** 95 %; null where there is one step only. */
  readonly interval: readonly [low: number, high: number] | null;
}

/** Points with the same number of repairs count once, the last of them. null without a point beyond the base. */
export function driftOf(points: readonly CostPoint[]): Drift | null {
  const byCount = new Map([{ repairs: 0, value: 0 }, ...points].map((point) => [point.repairs, point]));
  const ordered = [...byCount.values()].sort((a, b) => a.repairs - b.repairs);
  const last = ordered.at(-1) as CostPoint;
  if (last.repairs === 0) return null;
  const origin = ordered[0] as CostPoint;
  const perRepair = (last.value - origin.value) / last.repairs;
  const increments = ordered.slice(1).map(({ repairs, value }, i) => {
    const before = ordered[i] as CostPoint;
    return { length: repairs - before.repairs, rise: value - before.value };
  });
  const steps = increments.length;
  const spread = increments.reduce((sum, { length, rise }) => sum + (rise - perRepair * length) ** 2 / length, 0);
  return { last, perRepair, deviation: steps < 2 ? null : Math.sqrt(spread / (steps - 1)), steps };
}

/** After so many repairs, at least as many as the last point has. */
export function forecastAt({ last, perRepair, deviation, steps }: Drift, repairs: number): Forecast {
  const ahead = Math.max(0, repairs - last.repairs);
  const expected = last.value + perRepair * ahead;
  if (deviation === null) return { repairs, expected, interval: null };
  const half = reach95(steps - 1) * deviation * Math.sqrt(ahead * (1 + ahead / last.repairs));
  return { repairs, expected, interval: [expected - half, expected + half] };
}

/** The first number of repairs at which `value` is above the limit; null where it is at none up to `most`. */
export function firstAbove(
  drift: Drift,
  limit: number,
  { value, most }: { readonly value: (forecast: Forecast) => number; readonly most: number },
): number | null {
  const above = (repairs: number): boolean => value(forecastAt(drift, repairs)) > limit;
  if (above(drift.last.repairs)) return drift.last.repairs;
  if (!above(most)) return null;
  let [below, beyond] = [drift.last.repairs, most];
  while (beyond - below > 1) {
    const middle = Math.floor((below + beyond) / 2);
    if (above(middle)) beyond = middle;
    else below = middle;
  }
  return beyond;
}
