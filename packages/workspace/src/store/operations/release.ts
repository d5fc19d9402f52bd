/** Releases: the wanted repairs solved from the base and measured, kept for ever under the hash of what they are. */

import { setImmediate as turn } from 'node:timers/promises';
import { isDeepStrictEqual } from 'node:util';
import { threads, versions } from '@editable/torch';
import { modelHash } from 'editable';
import { WorkspaceError } from '../../errors.js';
import { goOn, type JobOptions, tell } from '../../job-events.js';
import { measureEffect } from '../measure-effect.js';
import { changedTensors, encodeRelease, type Release, readRelease, withTensors } from '../release-file.js';
import { type SolvedSet, solveSet, type WishedPicture } from '../solve-set.js';
import { type StoredBase, type StoredRelease, type StoredRepair, type StoreState, wantedRepairs } from '../state.js';
import { type Store, short } from '../store.js';
import type { Bench } from '../store-base.js';

export interface ReleaseOptions {
  readonly by: string;
  /** Measure on a random sample of so many test pictures; left out: all that are repaired nowhere. */
  readonly testImages?: number | undefined;
}

export interface ReleasedSet {
  readonly stored: StoredRelease;
  readonly release: Release;
}

/**
 * Solves every approved repair together and keeps the result. What is served does not change.
 *
 * @throws WorkspaceError REFUSED where that is what is served already; CONFLICT naming the repairs that cannot be had together, or
 * where the store changed meanwhile
 */
export async function makeRelease(bench: Bench, options: ReleaseOptions, job: JobOptions = {}): Promise<ReleasedSet> {
  const { state } = bench.store;
  const wanted = wantedRepairs(state);
  requireNewest(state, bench.base);
  requireNews(bench, wanted);
  return releaseOf(bench, wanted, options, job);
}

/** Another process may have moved the repairs to a retrained network while this one opened the base. */
function requireNewest({ base }: StoreState, { base: opened }: StoredBase): void {
  if (base === opened) return;
  throw new WorkspaceError(
    'CONFLICT',
    `${short(opened)} is not the newest base any more, ${short(base ?? '')} is; open that one.`,
  );
}

function requireNews({ store, base: { base, solver } }: Bench, wanted: readonly StoredRepair[]): void {
  const { active, unrepaired, releases } = store.state;
  const served = active === null ? { base: unrepaired, repairs: [] } : releases.get(active);
  if (served?.base !== base || served?.repairs.join() !== wanted.map(({ id }) => id).join()) return;
  // The same set is solved otherwise where the store was told so since.
  if (active !== null && !isDeepStrictEqual(readRelease(store.files, active).release.solver, solver)) return;
  throw new WorkspaceError(
    'REFUSED',
    active === null
      ? 'no repair is approved, so a release would be the base as it is; propose and approve one first.'
      : `${short(active)} is active and holds exactly the repairs that are approved; propose, approve or retire one first.`,
  );
}

/** What a set of repairs would do: solved and measured as for a release, and not kept. */
export async function previewRelease(
  bench: Bench,
  repairs: readonly StoredRepair[],
  { testImages }: Pick<ReleaseOptions, 'testImages'> = {},
  job: JobOptions = {},
): Promise<Release> {
  return (await prepare(bench, repairs, { parent: bench.store.state.active, by: '', testImages }, job)).release;
}

/** A release of some repairs on the bench's base, which need not be the newest one. @throws as `makeRelease` does */
export async function releaseOf(
  bench: Bench,
  repairs: readonly StoredRepair[],
  { by, testImages }: ReleaseOptions,
  job: JobOptions = {},
): Promise<ReleasedSet> {
  const { store, base } = bench;
  const { active: parent, base: newest } = store.state;
  const { release, bytes } = await prepare(bench, repairs, { parent, by, testImages }, job);
  const id = store.files.keepRelease(bytes);
  store.append(by, (state) => {
    requireUnchanged(state, { newest, parent, repairs });
    const { repairs: ids, result } = release;
    return state.releases.has(id)
      ? []
      : [{ kind: 'released', release: id, parent, base: base.base, repairs: ids, result }];
  });
  return { stored: store.release(id), release };
}

interface Prepared {
  readonly release: Release;
  readonly bytes: Uint8Array;
}

async function prepare(
  bench: Bench,
  repairs: readonly StoredRepair[],
  { parent, by, testImages }: ReleaseOptions & { readonly parent: string | null },
  job: JobOptions,
): Promise<Prepared> {
  const { opened, base, curvature } = bench;
  const { solver } = base;
  goOn(job);
  const wished = wishedPictures(bench, repairs);
  const solved = solveSet(opened, wished, { solver, curvature });
  requireMet(solved, bench.store);
  await turn();
  tell(job, { kind: 'repair', done: repairs.length, total: repairs.length });
  const tensors = changedTensors(opened.model, solved.model, solved.changed);
  const result = modelHash(solved.model);
  // Measured as it will be loaded, not as it was solved.
  const { config } = opened.run;
  const repaired = withTensors(opened.model, tensors, { config, expected: result });
  const effect = measureEffect(
    opened,
    repaired,
    [...tensors.keys()],
    { repairs: wished, testImages, seed: solver.seed },
    job,
  );
  const release: Release = {
    base: base.base,
    parent,
    repairs: wished.map(({ id }) => id),
    solver,
    changed: [...tensors.keys()],
    result,
    effect,
    steps: solved.steps,
    seconds: solved.seconds,
    by,
    at: new Date().toISOString(),
    environment: { node: process.versions.node, libtorch: versions().torch, threads: threads() },
  };
  return { release, bytes: encodeRelease(release, tensors) };
}

/** Each wish with its picture, from the store. */
export const wishedPictures = (
  { store }: Pick<Bench, 'store'>,
  repairs: readonly Pick<StoredRepair, 'id' | 'wish'>[],
): readonly WishedPicture[] => repairs.map(({ id, wish }) => ({ id, wish, pixels: store.files.picture(wish.picture) }));

export function requireMet({ unmet, conflicts }: SolvedSet, store: Store): void {
  if (unmet.length === 0) return;
  // A wish that is only previewed is in no store.
  const { repairs } = store.state;
  const named = (id: string): string => {
    const repair = repairs.get(id);
    return repair === undefined ? short(id) : asked(repair);
  };
  const [first] = conflicts;
  throw new WorkspaceError(
    'CONFLICT',
    first === undefined
      ? `${unmet.length} of the repairs cannot be had together with the others: ${unmet.slice(0, 5).map(named).join(', ')}; retire them, or allow more layers in a new base.`
      : `${named(first[0])} and ${named(first[1])} cannot hold together; retire one of them.`,
  );
}

/** "fe12ab34cd (test image 12 as Sneaker)" */
export const asked = ({ id, source }: StoredRepair): string =>
  `${short(id)} (${source.index === null ? (source.file ?? 'a picture') : `test image ${source.index}`} as ${source.targetName})`;

/** @throws WorkspaceError CONFLICT where another process changed what this one started from */
function requireUnchanged(
  state: StoreState,
  started: {
    readonly newest: string | null;
    readonly parent: string | null;
    readonly repairs: readonly StoredRepair[];
  },
): void {
  const gone = started.repairs.find(({ id }) => {
    const now = state.repairs.get(id);
    return now === undefined || now.approved === null || now.retired !== null;
  });
  if (state.base === started.newest && state.active === started.parent && gone === undefined) return;
  throw new WorkspaceError(
    'CONFLICT',
    `while this release was solved, another process ${gone === undefined ? 'changed what is served' : `retired ${short(gone.id)}`}; nothing was changed, make the release again.`,
  );
}
