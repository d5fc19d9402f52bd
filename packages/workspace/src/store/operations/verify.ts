/** Whether a store is what was written: its journal, and every file that the journal names. */
import { WorkspaceError } from '../../errors.js';
import { goOn, type JobOptions } from '../../job-events.js';
import { readRelease } from '../release-file.js';
import type { StoredRelease } from '../state.js';
import type { Store } from '../store.js';
import { checkBase } from '../store-base.js';

export interface Verification {
  readonly ok: boolean;
  readonly entries: number;
  readonly bases: number;
  readonly repairs: number;
  readonly releases: number;
  /** A sentence each. */
  readonly problems: readonly string[];
  /** Files that nothing names: of operations that were cut short. They do no harm. */
  readonly unused: readonly string[];
}

/** Reads everything. A damaged store is a result, not an error. */
export function verifyStore(store: Store, job: JobOptions = {}): Verification {
  const problems: string[] = [];
  const trying = (work: () => void): void => {
    goOn(job);
    try {
      work();
    } catch (error) {
      problems.push((error as Error).message);
    }
  };
  let entries = 0;
  trying(() => {
    entries = store.entries.length;
  });
  if (problems.length > 0) return { ok: false, entries, bases: 0, repairs: 0, releases: 0, problems, unused: [] };
  const { bases, repairs, releases } = store.state;
  for (const base of bases.values()) trying(() => checkBase(store, base));
  const pictures = new Set([...repairs.values()].map(({ wish }) => wish.picture));
  for (const picture of pictures) trying(() => store.files.picture(picture));
  for (const release of releases.values()) trying(() => checkRelease(store, release));
  const present = store.files.present();
  const unused = [
    ...present.pictures.filter((name) => !pictures.has(name)).map((name) => `pictures/${name}`),
    ...present.releases.filter((name) => !releases.has(name)).map((name) => `releases/${name}.safetensors`),
  ];
  const counts = { entries, bases: bases.size, repairs: repairs.size, releases: releases.size };
  return { ok: problems.length === 0, ...counts, problems, unused };
}

/** That the file says what the journal says. */
function checkRelease(store: Store, { id, base, parent, repairs, result }: StoredRelease): void {
  const { release } = readRelease(store.files, id);
  const [file, journal] = [release, { base, parent, repairs, result }].map((each) =>
    JSON.stringify([each.base, each.parent, each.repairs, each.result]),
  );
  if (file === journal) return;
  throw new WorkspaceError(
    'DAMAGED_STORE',
    `${store.files.releasePath(id)} is of another release than the journal says.`,
  );
}
