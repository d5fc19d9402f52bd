/** What is served: a release, exchanged as a whole; the way back is as exact as the way forth. */
import { WorkspaceError } from '../../errors.js';
import type { JobOptions } from '../../job-events.js';
import { whyNotActivated } from '../gate.js';
import { readRelease } from '../release-file.js';
import type { StoredBase, StoredRelease, StoredRepair, StoreState } from '../state.js';
import { wantedRepairs } from '../state.js';
import { reason, type Store, short } from '../store.js';
import type { Bench } from '../store-base.js';
import { type ReleasedSet, type ReleaseOptions, releaseOf } from './release.js';

export interface ActivateOptions {
  readonly by: string;
  readonly why?: string | undefined;
  /** Why it shall be served without a check that passed: the journal keeps it. */
  readonly override?: string | undefined;
}

/**
 * Serves a release from now on. Its file is read whole before anything changes.
 *
 * @throws WorkspaceError NOT_FOUND; DAMAGED_STORE; REFUSED where it is active already, or its last check did not pass and nothing
 * overrides that
 */
export function activate(store: Store, name: string, { by, why, override }: ActivateOptions): StoredRelease {
  const because = why === undefined ? '' : reason(why);
  const overridden = override === undefined ? {} : { override: reason(override) };
  const { id } = store.release(name);
  const { release } = readRelease(store.files, id);
  store.append(by, (state) => {
    const { active } = state;
    if (active === id) throw new WorkspaceError('REFUSED', `${short(id)} is active already.`);
    if (override === undefined) requireChecked(state, id, release.effect.data.images);
    return [{ kind: 'activated', release: id, from: active, rollBack: false, why: because, ...overridden }];
  });
  return store.release(id);
}

function requireChecked({ checks }: StoreState, id: string, images: number): void {
  const problem = whyNotActivated(checks.get(id), images);
  if (problem === null) return;
  throw new WorkspaceError(
    'REFUSED',
    `${short(id)} ${problem}: expected a check that passed before it is served; check it, or override that with a reason.`,
  );
}

/**
 * Serves an earlier release again, to the bit; left out: the parent of the active one. null: the base as it is.
 *
 * @throws WorkspaceError REFUSED where nothing is active, or what is named is no earlier one
 */
export function rollBack(
  store: Store,
  { by, why, to }: { readonly by: string; readonly why: string; readonly to?: string | undefined },
): StoredRelease | null {
  const because = reason(why);
  const wanted = to === undefined || to === 'base' ? undefined : store.release(to).id;
  const state = store.append(by, ({ active, releases }) => {
    if (active === null) throw new WorkspaceError('REFUSED', 'no release is active; the base is served as it is.');
    const earlier = ancestors(releases, active);
    const target = to === 'base' ? null : (wanted ?? earlier[0] ?? null);
    if (target !== null && !earlier.includes(target)) {
      throw new WorkspaceError(
        'REFUSED',
        `${short(target)} is not among the releases that ${short(active)} comes from; activate it instead.`,
      );
    }
    if (target !== null) readRelease(store.files, target);
    return [{ kind: 'activated', release: target, from: active, rollBack: true, why: because }];
  });
  return state.active === null ? null : store.release(state.active);
}

/** The parent, its parent, and so on. */
export function ancestors(releases: ReadonlyMap<string, StoredRelease>, id: string): readonly string[] {
  const found: string[] = [];
  for (let at = releases.get(id)?.parent ?? null; at !== null; at = releases.get(at)?.parent ?? null) found.push(at);
  return found;
}

export interface RetireOptions extends ReleaseOptions {
  readonly why: string;
}

/** The release without the repair, now active; null where it was not served. */
export interface Retired {
  readonly repair: StoredRepair;
  readonly released: ReleasedSet | null;
}

/**
 * Ends one repair. Where it is served, the set without it is solved from the base, and that release served in its place; the
 * others stay in force. `benchOn` is asked only then, for the base that is served: a retrained one may wait beside it.
 *
 * @throws WorkspaceError REFUSED where it is retired already; as `makeRelease` does
 */
export async function retire(
  store: Store,
  name: string,
  { why, by, testImages }: RetireOptions,
  benchOn: (base: StoredBase) => Promise<Bench>,
  job: JobOptions = {},
): Promise<Retired> {
  const repair = store.repair(name);
  const { id } = repair;
  const because = reason(why);
  const served = store.statusOf(repair) === 'active';
  if (repair.retired !== null) {
    throw new WorkspaceError(
      'REFUSED',
      served ? `${short(id)} is retired and leaves with the next release.` : `${short(id)} is retired already.`,
    );
  }
  const retired = { kind: 'retired', repair: id, why: because } as const;
  if (!served) {
    store.append(by, (state) => {
      requireNotRetired(state.repairs.get(id));
      return [retired];
    });
    return { repair: store.repair(id), released: null };
  }
  const before = store.release('active');
  // Those that are served: what was approved since is another matter.
  const others = wantedRepairs(store.state).filter((each) => each.id !== id && before.repairs.includes(each.id));
  const released = await releaseOf(await servedBench(store, before, benchOn), others, { by, testImages }, job);
  store.append(by, (state) => {
    requireNotRetired(state.repairs.get(id));
    if (state.active !== before.id) {
      throw new WorkspaceError('CONFLICT', 'another process changed what is served; nothing was retired, do it again.');
    }
    return [
      retired,
      { kind: 'activated', release: released.stored.id, from: state.active, rollBack: false, why: because },
    ];
  });
  return { repair: store.repair(id), released };
}

async function servedBench(
  store: Store,
  { base }: StoredRelease,
  benchOn: (base: StoredBase) => Promise<Bench>,
): Promise<Bench> {
  const bench = await benchOn(store.state.bases.get(base) as StoredBase);
  if (bench.base.base === base) return bench;
  throw new WorkspaceError(
    'INVALID_ARGUMENT',
    `expected the base that is served, ${short(base)}, received ${short(bench.base.base)}.`,
  );
}

function requireNotRetired(repair: StoredRepair | undefined): void {
  if (repair?.retired == null) return;
  throw new WorkspaceError('REFUSED', `${short(repair.id)} is retired already, by ${repair.retired.by}.`);
}
