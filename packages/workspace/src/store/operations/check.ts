/** The gate: whether a release may be served. Every repair is re-tested, its cost is held against a budget, its files are read. */
import { modelHash } from 'editable';
import { goOn, type JobOptions } from '../../job-events.js';
import { type Budget, usualBudget } from '../gate.js';
import { measureEffect } from '../measure-effect.js';
import type { Effect, RepairStanding } from '../release-file.js';
import { type Store, short } from '../store.js';
import { type Bench, loadRelease } from '../store-base.js';
import { asked, wishedPictures } from './release.js';

/** One test of the gate. */
export interface CheckCase {
  readonly group: 'files' | 'repairs' | 'views' | 'budget';
  readonly name: string;
  readonly passed: boolean;
  /** What was found, and where it failed what was expected. */
  readonly found: string;
}

export interface CheckReport {
  readonly passed: boolean;
  readonly release: string | null;
  readonly base: string;
  readonly budget: Budget;
  readonly cases: readonly CheckCase[];
  /** Measured now; null where the files could not be used. */
  readonly effect: Effect | null;
  readonly seconds: number;
}

export interface CheckOptions {
  /** null: the base as it is. */
  readonly id: string | null;
  readonly budget?: Budget | undefined;
  readonly testImages?: number | undefined;
}

/** A release that may not be served is a result, not an error. */
export function checkRelease(
  bench: () => Bench | Promise<Bench>,
  options: CheckOptions & { readonly base: string },
  job: JobOptions = {},
): Promise<CheckReport> {
  return new Check(options, job).run(bench);
}

/** Keeps in the journal what a check found: `activate` asks for one that passed. The base as it is needs none. */
export function recordCheck(
  store: Store,
  { release, passed, budget, effect }: CheckReport,
  { by }: { readonly by: string },
): void {
  if (release === null) return;
  store.append(by, () => [{ kind: 'checked', release, passed, budget, images: effect?.data.images ?? 0 }]);
}

class Check {
  readonly #cases: CheckCase[] = [];
  readonly #started = performance.now();
  readonly #options: CheckOptions & { readonly base: string };
  readonly #job: JobOptions;

  constructor(options: CheckOptions & { readonly base: string }, job: JobOptions) {
    this.#options = options;
    this.#job = job;
  }

  async run(open: () => Bench | Promise<Bench>): Promise<CheckReport> {
    const { id } = this.#options;
    const loaded = await this.#load(open);
    if (loaded === undefined) return this.#report(null);
    goOn(this.#job);
    const { bench, model, release } = loaded;
    const repairs = (release?.repairs ?? []).map((name) => bench.store.repair(name));
    const effect = measureEffect(
      bench.opened,
      model,
      release?.changed ?? [],
      { repairs: wishedPictures(bench, repairs), testImages: this.#options.testImages, seed: bench.base.solver.seed },
      this.#job,
    );
    for (const [i, standing] of effect.repairs.entries()) {
      const repair = repairs[i] as (typeof repairs)[number];
      this.#testRepair(
        asked(repair),
        standing,
        release?.effect.repairs.find(({ repair: of }) => of === standing.repair),
      );
    }
    this.#testBudget(effect);
    this.#add(
      'files',
      'model',
      modelHash(model) === (release?.result ?? bench.base.base),
      id === null ? 'the base as it is' : `gives the model it was measured as`,
    );
    return this.#report(effect);
  }

  /** Files that cannot be used are the finding. */
  async #load(
    open: () => Bench | Promise<Bench>,
  ): Promise<({ readonly bench: Bench } & ReturnType<typeof loadRelease>) | undefined> {
    const { id } = this.#options;
    const name = id === null ? 'base' : `release ${short(id)}`;
    try {
      const bench = await open();
      const loaded = loadRelease(bench, id);
      this.#add('files', name, true, 'every file has the hash that the journal names');
      return { bench, ...loaded };
    } catch (error) {
      if ((error as { code?: string }).code === 'CANCELLED') throw error;
      this.#add('files', name, false, (error as Error).message);
      return undefined;
    }
  }

  #testRepair(name: string, now: RepairStanding, then: RepairStanding | undefined): void {
    const { holds, lead, following, unseenViews } = now;
    this.#add(
      'repairs',
      name,
      holds,
      `${holds ? 'leads' : 'the target should lead, and is behind'} by ${Math.abs(lead).toFixed(2)} nats`,
    );
    const { generality } = this.#options.budget ?? usualBudget;
    const least = generality === undefined ? Math.max(0, (then?.following ?? 0) - 1) : generality * unseenViews;
    this.#add(
      'views',
      name,
      following >= least,
      `${following} of ${unseenViews} unseen views follow, at least ${Number(least.toFixed(1))} have to`,
    );
  }

  #testBudget({ drawdown, drawdownInterval: [low, high], negativeFlips, data: { images } }: Effect): void {
    const budget = this.#options.budget ?? usualBudget;
    const share = negativeFlips.length / Math.max(1, images);
    const points = (rate: number): string => `${(100 * rate).toFixed(2)} %`;
    this.#add(
      'budget',
      'drawdown',
      drawdown <= budget.drawdown,
      `${points(drawdown)} (95 % interval ${points(low)} to ${points(high)}) on ${images} test images, at most ${points(budget.drawdown)} allowed`,
    );
    this.#add(
      'budget',
      'negative flips',
      share <= budget.negativeFlips,
      `${negativeFlips.length} right answers turned wrong, ${points(share)}, at most ${points(budget.negativeFlips)} allowed`,
    );
  }

  #add(group: CheckCase['group'], name: string, passed: boolean, found: string): void {
    this.#cases.push({ group, name, passed, found });
  }

  #report(effect: Effect | null): CheckReport {
    const { id, base, budget = usualBudget } = this.#options;
    return {
      passed: this.#cases.every(({ passed }) => passed),
      release: id,
      base,
      budget,
      cases: this.#cases,
      effect,
      seconds: (performance.now() - this.#started) / 1000,
    };
  }
}
