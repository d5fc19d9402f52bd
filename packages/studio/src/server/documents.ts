/** The store's state as documents. */
import { statSync } from 'node:fs';
import { ancestors, readRelease, type Store, type StoredRepair, type StoreState, statusOf } from '@editable/workspace';
import type { ReleaseDocument, ReleaseState } from '../api/releases.js';
import type { RepairDocument } from '../api/repairs.js';
import type { BudgetPoint } from '../api/serving.js';
import { notFound } from '../errors.js';

export function repairDocument(store: Store, repair: StoredRepair, state: StoreState = store.state): RepairDocument {
  const status = statusOf(state, repair);
  const standing = status === 'active' && state.active !== null ? store.standing(state.active, repair.id) : null;
  return { ...repair, status, standing };
}

/** All of them, with the active release read once. */
export function repairDocuments(store: Store, repairs: Iterable<StoredRepair>): readonly RepairDocument[] {
  const { state } = store;
  const standings = new Map(
    state.active === null
      ? []
      : readRelease(store.files, state.active).release.effect.repairs.map((each) => [each.repair, each]),
  );
  return [...repairs].map((repair) => ({
    ...repair,
    status: statusOf(state, repair),
    standing: standings.get(repair.id) ?? null,
  }));
}

export function releaseDocument(store: Store, id: string, candidate: string | undefined): ReleaseDocument {
  const { release } = readRelease(store.files, id);
  return {
    ...release,
    id,
    state: releaseState(store.state, id, candidate),
    bytes: statSync(store.files.releasePath(id)).size,
  };
}

function releaseState({ active, releases }: StoreState, id: string, candidate: string | undefined): ReleaseState {
  if (id === active) return 'active';
  if (id === candidate) return 'candidate';
  return active !== null && ancestors(releases, active).includes(id) ? 'earlier' : 'kept';
}

/** By its name; null for the base as it is. @throws StudioError NOT_FOUND */
export function releaseIdOf(store: Store, name: string): string | null {
  const { active } = store.state;
  if (name === 'base' || (name === 'active' && active === null)) return null;
  return store.release(name).id;
}

/** @throws StudioError NOT_FOUND for the base, of which there is no release */
export function ownReleaseId(store: Store, name: string): string {
  const id = releaseIdOf(store, name);
  if (id !== null) return id;
  throw notFound('the base is served as it is: expected a release by its hash.');
}

export function budgetPoint({ id, at, effect, repairs }: ReleaseDocument): BudgetPoint {
  const { drawdown, drawdownInterval, negativeFlips, data, generality } = effect;
  const held = effect.repairs.filter(({ holds }) => holds).length;
  return {
    release: id,
    at,
    repairs: repairs.length,
    drawdown,
    drawdownInterval,
    negativeFlips: negativeFlips.length,
    images: data.images,
    generality,
    held: repairs.length === 0 ? 1 : held / repairs.length,
  };
}
