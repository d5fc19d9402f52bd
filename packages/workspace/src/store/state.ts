/** What a store's events add up to: a pure function, so that a state can never be half-changed. */
import type { JournalEntry, Solver, StoreEvent } from './events.js';
import type { Checked } from './gate.js';
import type { Source, Wish } from './wish.js';

/** Who did something, when, and why. */
export interface Deed {
  readonly by: string;
  readonly at: string;
  readonly why: string;
}

export interface StoredRepair {
  readonly id: string;
  readonly wish: Wish;
  readonly source: Source;
  readonly proposed: Deed;
  readonly approved: Deed | null;
  readonly retired: Deed | null;
}

export interface StoredRelease {
  readonly id: string;
  readonly parent: string | null;
  readonly base: string;
  /** Ascending. */
  readonly repairs: readonly string[];
  /** Hash of the repaired model. */
  readonly result: string;
  readonly by: string;
  readonly at: string;
}

export interface StoredBase {
  readonly base: string;
  readonly solver: Solver;
  /** The run that it was taken from. */
  readonly from: string;
  readonly by: string;
  readonly at: string;
}

/** The last check of a release. */
export interface StoredCheck extends Checked {
  readonly by: string;
  readonly at: string;
}

export interface StoreState {
  /** Entries of the journal that it is of. */
  readonly seq: number;
  readonly bases: ReadonlyMap<string, StoredBase>;
  /** The newest base: wishes are solved on it. */
  readonly base: string | null;
  /** What is served as it is where no release is active: the first base, whatever others came since. */
  readonly unrepaired: string | null;
  /** In the order in which they were first proposed. */
  readonly repairs: ReadonlyMap<string, StoredRepair>;
  readonly releases: ReadonlyMap<string, StoredRelease>;
  /** By release. */
  readonly checks: ReadonlyMap<string, StoredCheck>;
  /** The release that is served; null: `unrepaired`. */
  readonly active: string | null;
}

export type RepairStatus = 'proposed' | 'approved' | 'active' | 'retired';

export const emptyState: StoreState = {
  seq: 0,
  bases: new Map(),
  base: null,
  unrepaired: null,
  repairs: new Map(),
  releases: new Map(),
  checks: new Map(),
  active: null,
};

/** The state after some more entries; the one before stays as it was. */
export function after(state: StoreState, entries: readonly JournalEntry[]): StoreState {
  if (entries.length === 0) return state;
  const next: Growing = {
    ...state,
    bases: new Map(state.bases),
    repairs: new Map(state.repairs),
    releases: new Map(state.releases),
    checks: new Map(state.checks),
  };
  for (const { seq, by, at, event } of entries) {
    apply(next, event, { by, at });
    next.seq = seq;
  }
  return next;
}

interface Growing extends StoreState {
  seq: number;
  base: string | null;
  unrepaired: string | null;
  active: string | null;
  readonly bases: Map<string, StoredBase>;
  readonly repairs: Map<string, StoredRepair>;
  readonly releases: Map<string, StoredRelease>;
  readonly checks: Map<string, StoredCheck>;
}

function apply(state: Growing, event: StoreEvent, who: { readonly by: string; readonly at: string }): void {
  switch (event.kind) {
    case 'base': {
      const { base, solver, from } = event;
      state.bases.set(base, { base, solver, from, ...who });
      state.base = base;
      state.unrepaired ??= base;
      return;
    }
    case 'proposed': {
      const { repair: id, wish, source, why } = event;
      state.repairs.set(id, { id, wish, source, proposed: { ...who, why }, approved: null, retired: null });
      return;
    }
    case 'approved':
      change(state, event.repair, { approved: { ...who, why: event.why } });
      return;
    case 'retired':
      change(state, event.repair, { retired: { ...who, why: event.why } });
      return;
    case 'released': {
      const { kind: _, release: id, ...rest } = event;
      state.releases.set(id, { id, ...rest, ...who });
      return;
    }
    case 'checked': {
      const { kind: _, release, ...found } = event;
      state.checks.set(release, { ...found, ...who });
      return;
    }
    case 'activated':
      state.active = event.release;
  }
}

function change({ repairs }: Growing, id: string, what: Partial<StoredRepair>): void {
  const before = repairs.get(id);
  if (before !== undefined) repairs.set(id, { ...before, ...what });
}

/** Active is what is served, even where it was retired since: it leaves with the next release. */
export function statusOf(state: StoreState, repair: StoredRepair): RepairStatus {
  if (servedRepairs(state).has(repair.id)) return 'active';
  if (repair.retired !== null) return 'retired';
  return repair.approved === null ? 'proposed' : 'approved';
}

/** What is served now. */
export const servedRepairs = ({ active, releases }: StoreState): ReadonlySet<string> =>
  new Set(active === null ? [] : releases.get(active)?.repairs);

/** What the next release holds: every repair that was approved and not retired, in ascending order. */
export const wantedRepairs = ({ repairs }: StoreState): readonly StoredRepair[] =>
  [...repairs.values()]
    .filter(({ approved, retired }) => approved !== null && retired === null)
    .sort((a, b) => (a.id < b.id ? -1 : 1));
