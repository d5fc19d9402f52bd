/** What the repairs of a base have cost so far, what more of them will, and when to train it anew. */
import { invalid } from '../errors.js';
import { type Drift, driftOf, type Forecast, firstAbove, forecastAt } from './budget-forecast.js';
import { type Budget, usualBudget } from './gate.js';
import { type Release, readRelease } from './release-file.js';
import { wantedRepairs } from './state.js';
import type { Store } from './store.js';

/** One release of the newest base, as it was measured when it was made. */
export interface BudgetPoint {
  readonly release: string;
  readonly at: string;
  readonly repairs: number;
  /** Of them, how many hold. */
  readonly inForce: number;
  readonly drawdown: number;
  /** 95 %, over the pictures judged. */
  readonly drawdownInterval: readonly [low: number, high: number];
  /** Share of the pictures judged that were right before and are wrong now. */
  readonly negativeFlips: number;
  /** Share of unseen views that follow; null without repairs. */
  readonly generality: number | null;
  /** Pictures judged. */
  readonly images: number;
}

/** One of the quantities that the budget limits. */
export interface BudgetForecast {
  readonly limit: number;
  /** Mean cost of a repair; null without a release that holds one. */
  readonly perRepair: number | null;
  /** After further repairs, the nearest first; empty without a release that holds one. */
  readonly ahead: readonly Forecast[];
  /** Number of repairs at which the limit is passed: as expected, and at the earliest (upper end of the interval); null: not foreseen. */
  readonly passed: { readonly expected: number | null; readonly earliest: number | null };
}

export type RetrainAdvice =
  /** No release holds a repair. */
  | 'unknown'
  /** The limit is not passed within the repairs looked ahead, not even at the upper end of the interval. */
  | 'room'
  /** It may be. */
  | 'soon'
  /** It is passed, or repairs do not hold. */
  | 'now';

export interface BudgetReport {
  readonly base: string;
  readonly budget: Pick<Budget, 'drawdown' | 'negativeFlips'>;
  /** The oldest first. */
  readonly points: readonly BudgetPoint[];
  /** Repairs that the next release holds. */
  readonly wanted: number;
  /** Repairs up to which the forecast looks. */
  readonly until: number;
  readonly drawdown: BudgetForecast;
  readonly negativeFlips: BudgetForecast;
  readonly advice: RetrainAdvice;
  /** The advice in one sentence. */
  readonly because: string;
}

export interface BudgetOptions {
  readonly budget?: Pick<Budget, 'drawdown' | 'negativeFlips'> | undefined;
  /** Further repairs to look ahead; left out: as many again as the largest release holds, and those that wait, at least 10. */
  readonly ahead?: number | undefined;
}

/** Numbers of repairs at which a forecast is told. */
const told = 10;

/** Reads every release of the newest base: nothing is computed anew. @throws WorkspaceError INVALID_ARGUMENT; DAMAGED_STORE */
export function budgetOf(store: Store, { budget = usualBudget, ahead }: BudgetOptions = {}): BudgetReport {
  if (ahead !== undefined && !(Number.isInteger(ahead) && ahead >= 1))
    throw invalid('ahead', `expected a whole number of at least 1, received ${ahead}.`);
  const { base } = store.base;
  const { state } = store;
  const releases = [...state.releases.values()].filter((each) => each.base === base);
  const points = releases.map(({ id }) => pointOf(id, readRelease(store.files, id).release));
  const wanted = wantedRepairs(state).length;
  const largest = Math.max(0, ...points.map(({ repairs }) => repairs));
  const until = largest + (ahead ?? Math.max(10, largest, wanted - largest));
  const forecastOf = (value: (point: BudgetPoint) => number, limit: number): BudgetForecast =>
    forecast(driftOf(points.map((point) => ({ repairs: point.repairs, value: value(point) }))), { limit, until });
  const drawdown = forecastOf((point) => point.drawdown, budget.drawdown);
  const negativeFlips = forecastOf((point) => point.negativeFlips, budget.negativeFlips);
  const { drawdown: most, negativeFlips: mostFlips } = budget;
  const limits = { drawdown: most, negativeFlips: mostFlips };
  return {
    base,
    budget: limits,
    points,
    wanted,
    until,
    drawdown,
    negativeFlips,
    ...adviceOf(points, { limits, until, drawdown, negativeFlips }),
  };
}

function pointOf(release: string, { at, repairs, effect }: Release): BudgetPoint {
  const { drawdown, drawdownInterval, negativeFlips, generality, data } = effect;
  return {
    release,
    at,
    repairs: repairs.length,
    inForce: effect.repairs.filter(({ holds }) => holds).length,
    drawdown,
    drawdownInterval,
    negativeFlips: negativeFlips.length / Math.max(1, data.images),
    generality,
    images: data.images,
  };
}

function forecast(drift: Drift | null, { limit, until }: { limit: number; until: number }): BudgetForecast {
  if (drift === null) return { limit, perRepair: null, ahead: [], passed: { expected: null, earliest: null } };
  const { repairs } = drift.last;
  const counts = Array.from({ length: told }, (_, i) => repairs + Math.ceil(((until - repairs) * (i + 1)) / told));
  return {
    limit,
    perRepair: drift.perRepair,
    ahead: [...new Set(counts)].map((each) => forecastAt(drift, each)),
    passed: {
      expected: firstAbove(drift, limit, { value: ({ expected }) => expected, most: until }),
      earliest: firstAbove(drift, limit, { value: ({ expected, interval }) => interval?.[1] ?? expected, most: until }),
    },
  };
}

interface Judged {
  readonly limits: Pick<Budget, 'drawdown' | 'negativeFlips'>;
  readonly until: number;
  readonly drawdown: BudgetForecast;
  readonly negativeFlips: BudgetForecast;
}

function adviceOf(points: readonly BudgetPoint[], judged: Judged): Pick<BudgetReport, 'advice' | 'because'> {
  const last = points.at(-1);
  if (last === undefined || last.repairs === 0)
    return { advice: 'unknown', because: 'No release of this base holds a repair yet, so nothing can be foreseen.' };
  const lost = last.repairs - last.inForce;
  if (lost > 0)
    return { advice: 'now', because: `${lost} of the ${last.repairs} repairs of the newest release do not hold.` };
  const limited = [
    ['drawdown', last.drawdown, judged.limits.drawdown, judged.drawdown.passed.earliest],
    [
      'right answers turned wrong',
      last.negativeFlips,
      judged.limits.negativeFlips,
      judged.negativeFlips.passed.earliest,
    ],
  ] as const;
  const over = limited.find(([, value, limit]) => value > limit);
  if (over !== undefined) {
    const [name, value, limit] = over;
    return {
      advice: 'now',
      because: `The newest release is over budget: ${name} ${percent(value)}, at most ${percent(limit)}.`,
    };
  }
  const [first] = limited.filter((each) => each[3] !== null).sort((a, b) => (a[3] ?? 0) - (b[3] ?? 0));
  if (first === undefined)
    return {
      advice: 'room',
      because: `Up to ${judged.until} repairs, the budget is not foreseen to be passed.${judged.drawdown.ahead[0]?.interval === null ? ' That is by a single release, so without an interval.' : ''}`,
    };
  return {
    advice: 'soon',
    because: `At ${first[3]} repairs the budget may be passed: ${first[0]}, at most ${percent(first[2])}.`,
  };
}

const percent = (share: number): string => `${(100 * share).toFixed(2)} %`;
