/**
 * A store of repairs and releases: a folder with a journal in SQLite, bases, pictures and releases by their hashes. Several
 * processes may work on one; a crash at any moment loses nothing that was acknowledged.
 */
import { existsSync } from 'node:fs';
import { WorkspaceError } from '../errors.js';
import type { JournalEntry, StoreEvent } from './events.js';
import { Journal } from './journal.js';
import { type RepairStanding, readRelease } from './release-file.js';
import { type StoredBase, type StoredRelease, type StoredRepair, type StoreState, statusOf } from './state.js';
import { StoreFiles } from './store-files.js';
import { words } from './wish.js';

/** One store, opened or made: its state, its journal and its files. Close it with `using`. */
export class Store implements Disposable {
  readonly folder: string;
  readonly files: StoreFiles;
  readonly #journal: Journal;

  private constructor(folder: string, create: boolean) {
    this.folder = folder;
    this.files = new StoreFiles(folder);
    if (create) this.files.make();
    else if (!existsSync(this.files.journal)) {
      throw new WorkspaceError(
        'INVALID_STORE',
        `${folder} is not a store: it holds no journal; make one with "editable store init".`,
      );
    }
    this.#journal = new Journal(this.files.journal, { create });
  }

  /** @throws WorkspaceError INVALID_STORE where the folder is none; DAMAGED_STORE */
  static open(folder: string): Store {
    return new Store(folder, false);
  }

  /** An empty one: `addBase` comes next. What is there already stays. */
  static create(folder: string): Store {
    return new Store(folder, true);
  }

  get state(): StoreState {
    return this.#journal.state;
  }

  get entries(): readonly JournalEntry[] {
    return this.#journal.entries();
  }

  /** At most `limit` entries before number `before`, the newest first. @throws WorkspaceError DAMAGED_STORE where they do not follow each other */
  latest({ before, limit }: { readonly before: number; readonly limit: number }): readonly JournalEntry[] {
    return this.#journal.latest(before, limit);
  }

  /** Adds what `decide` makes of the state that no other process can change meanwhile; on the disk once it returns. */
  append(by: string, decide: (state: StoreState) => readonly StoreEvent[]): StoreState {
    return this.#journal.append(person(by), decide);
  }

  /** @throws WorkspaceError INVALID_STORE before the first base */
  get base(): StoredBase {
    const { base, bases } = this.state;
    const found = base === null ? undefined : bases.get(base);
    if (found !== undefined) return found;
    throw new WorkspaceError('INVALID_STORE', `${this.folder} has no base yet; make it with "editable store init".`);
  }

  /** By its hash or the beginning of it. @throws WorkspaceError NOT_FOUND */
  repair(name: string): StoredRepair {
    return this.#named(name, this.state.repairs, 'repair');
  }

  /** By its hash or the beginning of it, or "active". @throws WorkspaceError NOT_FOUND */
  release(name: string): StoredRelease {
    const { active, releases } = this.state;
    if (name !== 'active') return this.#named(name, releases, 'release');
    if (active !== null) return this.#named(active, releases, 'release');
    throw new WorkspaceError('NOT_FOUND', `${this.folder}: no release is active; the base is served as it is.`);
  }

  #named<Item>(name: string, all: ReadonlyMap<string, Item>, what: string): Item {
    const found = [...all].filter(([id]) => id.startsWith(name.toLowerCase()) && name.length >= 4);
    const [only] = found;
    if (only !== undefined && found.length === 1) return only[1];
    throw new WorkspaceError(
      'NOT_FOUND',
      `expected a ${what} of ${this.folder} by at least 4 digits of its name, received ${JSON.stringify(name)}, which ${found.length === 0 ? 'is none' : `begins ${found.length} of them`}.`,
    );
  }

  /** How a repair stood in a release of which it is one. @throws WorkspaceError NOT_FOUND, DAMAGED_STORE */
  standing(release: string, repair: string): RepairStanding {
    const found = readRelease(this.files, release).release.effect.repairs.find((each) => each.repair === repair);
    if (found !== undefined) return found;
    throw new WorkspaceError('NOT_FOUND', `${short(repair)} is not in the release ${short(release)}.`);
  }

  /** Whether a repair is proposed, approved, active or retired now. */
  statusOf(repair: StoredRepair): ReturnType<typeof statusOf> {
    return statusOf(this.state, repair);
  }

  /** Closes its files. */
  [Symbol.dispose](): void {
    this.#journal[Symbol.dispose]();
  }
}

/** @throws WorkspaceError INVALID_ARGUMENT for a name that is empty or cannot be printed */
function person(by: string): string {
  const { success, data } = words.safeParse(by);
  if (success) return data;
  throw new WorkspaceError(
    'INVALID_ARGUMENT',
    `expected a name of printable letters, received ${JSON.stringify(by)}.`,
    {
      field: 'by',
    },
  );
}

/** @throws WorkspaceError INVALID_ARGUMENT for a reason that is empty or cannot be printed */
export function reason(why: string): string {
  const { success, data } = words.safeParse(why);
  if (success) return data;
  throw new WorkspaceError('INVALID_ARGUMENT', 'expected a reason, a short text that can be printed.', {
    field: 'why',
  });
}

/** A hash as people read and type it. */
export const short = (id: string): string => id.slice(0, 10);
