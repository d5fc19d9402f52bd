/** The store's state as documents. */
import { statSync } from 'node:fs';
import {
  ancestors,
  type Release,
  readRelease,
  type Store,
  type StoredRepair,
  type StoreState,
  statusOf,
  whyNotActivated,
} from '@editable/workspace';
import type { ReleaseDocument, ReleaseState } from '../api/releases.js';
import type { RepairDocument } from '../api/repairs.js';
import { notFound } from '../errors.js';

/** The store's documents; what a release says of itself is read once, as it never changes. */
export class Documents {
  readonly #store: Store;
  readonly #releases = new Map<string, { readonly release: Release; readonly bytes: number }>();

  constructor(store: Store) {
    this.#store = store;
  }

  repair(repair: StoredRepair): RepairDocument {
    return this.repairs([repair])[0] as RepairDocument;
  }

  repairs(repairs: Iterable<StoredRepair>): readonly RepairDocument[] {
    const { state } = this.#store;
    const { active } = state;
    const standings = new Map(
      active === null ? [] : this.#kept(active).release.effect.repairs.map((each) => [each.repair, each]),
    );
    return [...repairs].map((repair) => ({
      ...repair,
      status: statusOf(state, repair),
      standing: standings.get(repair.id) ?? null,
    }));
  }

  release(id: string, candidate: string | undefined): ReleaseDocument {
    const { release, bytes } = this.#kept(id);
    const { state } = this.#store;
    const found = state.checks.get(id);
    const check =
      found === undefined ? null : { ...found, admits: whyNotActivated(found, release.effect.data.images) === null };
    return { ...release, id, state: releaseState(state, id, candidate), bytes, check };
  }

  #kept(id: string): { readonly release: Release; readonly bytes: number } {
    const { files } = this.#store;
    const kept = this.#releases.get(id) ?? {
      release: readRelease(files, id).release,
      bytes: statSync(files.releasePath(id)).size,
    };
    this.#releases.set(id, kept);
    return kept;
  }
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
