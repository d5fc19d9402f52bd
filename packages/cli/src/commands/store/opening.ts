/** A store opened for one command, and closed however that ends. */
import type { Bench, Store, StoredBase } from '@editable/workspace';
import type { Console } from '../../console/console.js';
import { shown } from '../../console/job-display.js';
import type { BenchFlags } from '../../options/store.js';

export async function withStore<Result>(
  folder: string | undefined,
  work: (store: Store) => Promise<Result> | Result,
): Promise<Result> {
  const { Store } = await import('@editable/workspace');
  using store = Store.open(folder as string);
  return await work(store);
}

/** Its newest base, or the one that a release is of. */
export async function openBenchFor(
  store: Store,
  flags: BenchFlags,
  console: Console,
  base?: StoredBase,
): Promise<Bench> {
  const { openBench } = await import('@editable/workspace');
  return shown(console, (job) => openBench(store, { ...flags, ...(base === undefined ? {} : { base }) }, job));
}

/** "base" is the base as it is; else a release by the beginning of its name, or "active". */
export const releaseNamed = (store: Store, word: string): string | null =>
  word === 'base' || (word === 'active' && store.state.active === null) ? null : store.release(word).id;

/** The base that a release is of. */
export const baseOf = (store: Store, release: string | null): StoredBase =>
  release === null ? store.base : (store.state.bases.get(store.release(release).base) ?? store.base);
