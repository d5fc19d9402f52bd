/** All repairs on a retrained network: solved anew from it, and which of them it no longer needs. */
import type { JobOptions } from '../../job-events.js';
import { goOn } from '../../job-events.js';
import type { OpenedModel } from '../../runs/open-model.js';
import { standingOf } from '../measure-effect.js';
import type { RepairStanding } from '../release-file.js';
import { wantedRepairs } from '../state.js';
import type { Store } from '../store.js';
import { type AddBaseOptions, addBase, type Bench } from '../store-base.js';
import { type ReleasedSet, type ReleaseOptions, releaseOf, wishedPictures } from './release.js';

export interface Moved {
  readonly base: string;
  readonly from: string | null;
  /** How each wanted repair stands on the retrained network as it is. */
  readonly standings: readonly RepairStanding[];
  /** Those that it has by itself, with as many unseen views as before: nobody has to ask for them any more. */
  readonly notNeeded: readonly string[];
  readonly released: ReleasedSet;
}

/**
 * Takes a retrained run as the newest base and solves every wanted repair on it. What is served does not change before the
 * release is activated. A repair that is not needed stays in the set, so that no other repair undoes it; retire it to drop it.
 * Metric and settling, where left out, are those of the base before.
 *
 * @throws as `makeRelease` does, with the new base already in the store
 */
export async function moveTo(
  store: Store,
  opened: OpenedModel,
  { testImages, metric, settle, ...options }: AddBaseOptions & ReleaseOptions,
  benchOn: () => Promise<Bench>,
  job: JobOptions = {},
): Promise<Moved> {
  const { base: from, bases } = store.state;
  const solver = bases.get(from ?? '')?.solver;
  const how = { metric: metric ?? solver?.metric, settle: settle ?? solver?.settle };
  const { base } = addBase(store, opened, { ...options, ...how }, job);
  const bench = await benchOn();
  const wanted = wantedRepairs(store.state);
  const standings = wishedPictures(bench, wanted).map((each) => {
    goOn(job);
    return standingOf(bench.opened, bench.opened.model, each, bench.base.solver.seed);
  });
  const notNeeded = standings
    .filter((each) => each.holds && each.following >= before(store, each))
    .map(({ repair }) => repair);
  const released = await releaseOf(bench, wanted, { by: options.by, testImages }, job);
  return { base, from, standings, notNeeded, released };
}

/** Unseen views that followed where it was last released; 0 where it never was. */
function before(store: Store, { repair }: RepairStanding): number {
  const last = [...store.state.releases.values()].reverse().find(({ repairs }) => repairs.includes(repair));
  return last === undefined ? 0 : store.standing(last.id, repair).following;
}
