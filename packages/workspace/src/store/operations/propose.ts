/** Wishes: made by anyone, approved by a second person with a reason. */
import { invalid, WorkspaceError } from '../../errors.js';
import { inputOf, type Picture, probabilitiesOf, ranked } from '../../pictures/picture.js';
import { type StoredRepair, statusOf } from '../state.js';
import { reason, type Store, short } from '../store.js';
import type { Bench } from '../store-base.js';
import { repairId, type Wish } from '../wish.js';

export interface Proposal {
  readonly picture: Pick<Picture, 'pixels' | 'index' | 'file'>;
  /** The class that it must have. */
  readonly target: number;
  readonly views?: number | undefined;
  readonly margin?: number | undefined;
  readonly by: string;
  readonly why: string;
}

/**
 * Keeps the picture and the wish. One that was retired is proposed anew.
 *
 * @throws WorkspaceError INVALID_ARGUMENT for a class or a reason that cannot be; REFUSED where it is there already
 */
export function propose({ store, opened }: Bench, proposal: Proposal): StoredRepair {
  const { picture, target, views = 0, margin = 0, by } = proposal;
  const why = reason(proposal.why);
  const { classes, normalization } = opened.run.config;
  const targetName = classes[target];
  if (targetName === undefined)
    throw invalid('target', `expected a class from 0 to ${classes.length - 1}, received ${target}.`);
  if (!Number.isInteger(views) || views < 0 || views > 1000)
    throw invalid('views', `expected a whole number from 0 to 1000, received ${views}.`);
  if (!(margin >= 0 && Number.isFinite(margin)))
    throw invalid('margin', `expected a number of at least 0, received ${margin}.`);
  using input = inputOf(picture, opened.dataset, normalization, opened.device);
  const [predicted] = ranked(probabilitiesOf(opened.model, input), classes);
  const kept = store.files.keepPicture(picture.pixels);
  const wish: Wish = { picture: kept, target, views, margin };
  const id = repairId(wish);
  const { index, file } = picture;
  const source = { index, file, targetName, predicted: predicted as NonNullable<typeof predicted> };
  store.append(by, (state) => {
    const before = state.repairs.get(id);
    if (before !== undefined && before.retired === null) {
      throw new WorkspaceError(
        'REFUSED',
        `${short(id)} is ${statusOf(state, before)} already: ${before.proposed.by} proposed it on ${before.proposed.at.slice(0, 10)}.`,
      );
    }
    return [{ kind: 'proposed', repair: id, wish, source, why }];
  });
  return store.repair(id);
}

/** One repair, by a second person. @throws as `approveAll` does */
export const approve = (
  store: Store,
  name: string,
  deed: { readonly by: string; readonly why: string },
): StoredRepair => approveAll(store, [name], deed)[0] as StoredRepair;

/**
 * All of them or none.
 *
 * @throws WorkspaceError REFUSED for the person who proposed one, and for a repair that is not proposed
 */
export function approveAll(
  store: Store,
  names: readonly string[],
  { by, why }: { readonly by: string; readonly why: string },
): readonly StoredRepair[] {
  const ids = [...new Set(names.map((name) => store.repair(name).id))];
  const because = reason(why);
  store.append(by, (state) =>
    ids.map((id) => {
      const repair = state.repairs.get(id) as StoredRepair;
      if (repair.approved !== null || repair.retired !== null) {
        throw new WorkspaceError(
          'REFUSED',
          `${short(id)} is ${statusOf(state, repair)}; only a proposed repair is approved.`,
        );
      }
      if (samePerson(repair.proposed.by, by)) {
        throw new WorkspaceError(
          'REFUSED',
          `${short(id)} was proposed by ${repair.proposed.by}; a second person has to approve it.`,
        );
      }
      return { kind: 'approved', repair: id, why: because } as const;
    }),
  );
  return ids.map((id) => store.repair(id));
}

const samePerson = (a: string, b: string): boolean => a.trim().toLocaleLowerCase() === b.trim().toLocaleLowerCase();
