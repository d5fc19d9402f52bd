/** What a store's events add up to: a pure function, so that a state can never be half-changed. */
import type { JournalEntry, Solver, StoreEvent } from './events.js';
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

export interface StoreState {
  /** Entries of the journal that it is of. */
  readonly seq: number;
  readonly bases: ReadonlyMap<string, StoredBase>;
  /** The newest base: wishes are solved on it. */
  readonly base: string | null;
  /** In the order in which they were first proposed. */
  readonly repairs: ReadonlyMap<string, StoredRepair>;
  readonly releases: ReadonlyMap<string, StoredRelease>;
  /** The release that is served; null: the base as it is. */
  readonly active: string | null;
}

export type RepairStatus = 'proposed' | 'approved' | 'active' | 'retired';

export const emptyState: StoreState = {
  seq: 0,
  bases: new Map(),
  base: null,
  repairs: new Map(),
  releases: new Map(),
  active: null,
};

export const stateOf = (entries: readonly JournalEntry[]): StoreState => entries.reduce(after, emptyState);

export function after(state: StoreState, { seq, by, at, event }: JournalEntry): StoreState {
  return { ...state, ...changed(state, event, { by, at }), seq };
}

function changed(
  { bases, repairs, releases }: StoreState,
  event: StoreEvent,
  who: { readonly by: string; readonly at: string },
): Partial<StoreState> {
  switch (event.kind) {
    case 'base': {
      const { base, solver, from } = event;
      return { base, bases: new Map([...bases, [base, { base, solver, from, ...who }]]) };
    }
    case 'proposed': {
      const { repair: id, wish, source, why } = event;
      const repair = { id, wish, source, proposed: { ...who, why }, approved: null, retired: null };
      return { repairs: new Map([...repairs, [id, repair]]) };
    }
    case 'approved':
      return { repairs: changedRepair(repairs, event.repair, { approved: { ...who, why: event.why } }) };
    case 'retired':
      return { repairs: changedRepair(repairs, event.repair, { retired: { ...who, why: event.why } }) };
    case 'released': {
      const { kind: _, release: id, ...rest } = event;
      return { releases: new Map([...releases, [id, { id, ...rest, ...who }]]) };
    }
    case 'activated':
      return { active: event.release };
  }
}

const changedRepair = (
  repairs: StoreState['repairs'],
  id: string,
  change: Partial<StoredRepair>,
): StoreState['repairs'] => {
  const before = repairs.get(id);
  return before === undefined ? repairs : new Map([...repairs, [id, { ...before, ...change }]]);
};

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
