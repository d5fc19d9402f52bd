/** Which repairs are in each other's way: those that contradict, and those that turn the same right answers wrong. */
import { setImmediate as turn } from 'node:timers/promises';
import { firstStageOf, TestSet } from 'editable';
import { type JobOptions, tell } from '../../job-events.js';
import { sameButForTarget, solveSet } from '../solve-set.js';
import { type StoredRepair, wantedRepairs } from '../state.js';
import type { Bench } from '../store-base.js';
import { wishedPictures } from './release.js';

export interface RepairCost {
  readonly repair: string;
  /** It holds where it is the only one. */
  readonly holds: boolean;
  /** Right answers that it alone turns wrong: positions in the test split. */
  readonly negativeFlips: readonly number[];
}

export interface Conflicts {
  /** Each wanted repair solved alone. */
  readonly alone: readonly RepairCost[];
  /** Pairs that cannot hold together. */
  readonly contradicting: readonly (readonly [string, string])[];
  /** Pairs that turn the same right answers wrong, those with the most in common first. */
  readonly overlapping: readonly {
    readonly repairs: readonly [string, string];
    readonly pictures: readonly number[];
  }[];
}

/** Solves each repair alone and all together: as many solutions as there are repairs. */
export async function conflictsOf(
  bench: Bench,
  repairs: readonly StoredRepair[] = wantedRepairs(bench.store.state),
  job: JobOptions = {},
): Promise<Conflicts> {
  const { opened, curvature, base } = bench;
  const { solver } = base;
  const wished = wishedPictures(bench, repairs);
  const { run, dataset, device, model } = opened;
  using test = new TestSet(dataset.split('test'), { normalization: run.config.normalization, device });
  const before = test.predict(model);
  const own = new Set(repairs.map(({ source }) => source.index));
  const alone: RepairCost[] = [];
  for (const each of wished) {
    const { model: repaired, changed, unmet } = solveSet(opened, [each], { solver, curvature });
    using activations = test.activations(model, changed.length === 0 ? 0 : firstStageOf(model, changed));
    const after = changed.length === 0 ? before : test.predict(repaired, activations);
    const negativeFlips = [...test.labels.keys()].filter(
      (at) => before[at] === test.labels[at] && after[at] !== before[at] && !own.has(at),
    );
    alone.push({ repair: each.id, holds: unmet.length === 0, negativeFlips });
    tell(job, { kind: 'repair', done: alone.length, total: wished.length });
    await turn();
  }
  const together = wished.length === 0 ? [] : solveSet(opened, wished, { solver, curvature }).conflicts;
  return {
    alone,
    contradicting: together.length > 0 ? together : sameButForTarget(wished),
    overlapping: overlapsOf(alone),
  };
}

function overlapsOf(costs: readonly RepairCost[]): Conflicts['overlapping'] {
  return costs
    .flatMap((a, i) =>
      costs.slice(i + 1).map((b) => ({
        repairs: [a.repair, b.repair] as const,
        pictures: a.negativeFlips.filter((at) => b.negativeFlips.includes(at)),
      })),
    )
    .filter(({ pictures }) => pictures.length > 0)
    .sort((a, b) => b.pictures.length - a.pictures.length);
}
