/** A store's journal in SQLite: entries are added in transactions, synced before they are acknowledged, and chained by hashes. */
import { existsSync } from 'node:fs';
import { dirname } from 'node:path';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import { WorkspaceError, writeProblem } from '../errors.js';
import { eventSchema, type JournalEntry, type StoreEvent } from './events.js';
import { after, emptyState, type StoreState } from './state.js';
import { sha256 } from './wish.js';

/** How long one process waits for another that is writing. */
const patience = 10_000;
const version = 1;

const columns = 'seq, at, by, event, hash';
/** What the first entry's hash follows. */
const origin = sha256('editable store');

export class Journal implements Disposable {
  readonly #path: string;
  readonly #database: DatabaseSyncInstance;
  #state: StoreState = emptyState;
  #last = origin;

  /** @throws WorkspaceError INVALID_STORE, DAMAGED_STORE or BUSY */
  constructor(path: string, { create = false }: { readonly create?: boolean } = {}) {
    this.#path = path;
    if (!create && !existsSync(path))
      throw new WorkspaceError('INVALID_STORE', `${path} is not there: make a store first.`);
    this.#database = this.#trying(() => new DatabaseSync(path));
    this.#trying(() => {
      // A reader never waits for a writer, and a commit is on the disk before it returns.
      this.#database.exec(`PRAGMA busy_timeout = ${patience}; PRAGMA journal_mode = WAL; PRAGMA synchronous = FULL;`);
      this.#prepare(create);
    });
  }

  #prepare(create: boolean): void {
    const { user_version: found } = this.#database.prepare('PRAGMA user_version').get() as { user_version: number };
    if (found === version) return;
    if (found !== 0 || !create) {
      throw new WorkspaceError(
        'INVALID_STORE',
        `${this.#path} is not the journal of a store that this version can read (${version}), received version ${found}.`,
      );
    }
    this.#database.exec(`BEGIN IMMEDIATE;
CREATE TABLE IF NOT EXISTS journal (
  seq INTEGER PRIMARY KEY, at TEXT NOT NULL, by TEXT NOT NULL, event TEXT NOT NULL, hash TEXT NOT NULL UNIQUE
) STRICT;
PRAGMA user_version = ${version};
COMMIT;`);
  }

  /** As it is now, with what other processes have added. */
  get state(): StoreState {
    return this.#take(this.#read(this.#state.seq, this.#last));
  }

  /** Every entry, from the first. @throws WorkspaceError DAMAGED_STORE where one was changed or is missing */
  entries(): readonly JournalEntry[] {
    return this.#read(0, origin);
  }

  /** The last entries before one, the newest first; of those before them only the last one's hash is read. */
  latest(before: number, limit: number): readonly JournalEntry[] {
    const newest = this.#trying(() =>
      this.#database
        .prepare(`SELECT ${columns} FROM journal WHERE seq < ? ORDER BY seq DESC LIMIT ?`)
        .all(before, limit + 1),
    ) as unknown as readonly Row[];
    const rows = [...newest].reverse();
    const [first, ...rest] = rows;
    const entries =
      first === undefined || rows.length <= limit
        ? this.#checked(rows, { seq: 0, hash: origin })
        : this.#checked(rest, first);
    return [...entries].reverse();
  }

  /**
   * Adds what `decide` makes of the state, in one transaction: no other process writes in between. Once it returns, the entries
   * survive a crash.
   */
  append(by: string, decide: (state: StoreState) => readonly StoreEvent[]): StoreState {
    this.#trying(() => this.#database.exec('BEGIN IMMEDIATE'));
    try {
      const at = new Date().toISOString();
      const insert = this.#database.prepare('INSERT INTO journal (seq, at, by, event, hash) VALUES (?, ?, ?, ?, ?)');
      let { seq } = this.state;
      let last = this.#last;
      const added: JournalEntry[] = [];
      for (const event of decide(this.#state)) {
        const text = JSON.stringify(eventSchema.parse(event));
        seq += 1;
        last = chained(last, { seq, at, by, text });
        this.#trying(() => insert.run(seq, at, by, text, last));
        added.push({ seq, at, by, event, hash: last });
      }
      this.#trying(() => this.#database.exec('COMMIT'));
      return this.#take(added);
    } catch (error) {
      if (this.#database.isTransaction) this.#database.exec('ROLLBACK');
      throw error;
    }
  }

  #take(entries: readonly JournalEntry[]): StoreState {
    this.#state = after(this.#state, entries);
    this.#last = entries.at(-1)?.hash ?? this.#last;
    return this.#state;
  }

  #read(from: number, before: string): readonly JournalEntry[] {
    const rows = this.#trying(() =>
      this.#database.prepare(`SELECT ${columns} FROM journal WHERE seq > ? ORDER BY seq`).all(from),
    ) as unknown as readonly Row[];
    return this.#checked(rows, { seq: from, hash: before });
  }

  /** Rows that follow an entry. */
  #checked(rows: readonly Row[], { seq, hash }: Pick<Row, 'seq' | 'hash'>): readonly JournalEntry[] {
    let last = hash;
    return rows.map((row, i) => {
      last = chained(last, { ...row, text: row.event });
      if (row.seq !== seq + i + 1 || row.hash !== last) throw this.#damaged(row.seq);
      return { ...row, event: this.#parsed(row) };
    });
  }

  #parsed({ seq, event }: Row): StoreEvent {
    try {
      return eventSchema.parse(JSON.parse(event));
    } catch {
      throw this.#damaged(seq);
    }
  }

  #damaged(seq: number): WorkspaceError {
    return new WorkspaceError(
      'DAMAGED_STORE',
      `${this.#path}: entry ${seq} of the journal is not what was written, or one before it is missing; take the store from a backup.`,
    );
  }

  #trying<Result>(work: () => Result): Result {
    try {
      return work();
    } catch (cause) {
      if (cause instanceof WorkspaceError) throw cause;
      const problem = writeProblem(cause, dirname(this.#path));
      if (problem !== cause) throw problem;
      const { message } = cause as Error;
      if (/locked|busy/i.test(message)) {
        throw new WorkspaceError(
          'BUSY',
          `${this.#path}: another process has been writing to the store for ${patience / 1000} seconds; try again.`,
          { cause },
        );
      }
      throw new WorkspaceError('DAMAGED_STORE', `${this.#path} cannot be used as a journal: ${message}.`, { cause });
    }
  }

  /** Closes its files. */
  [Symbol.dispose](): void {
    this.#database.close();
  }
}

interface Row {
  readonly seq: number;
  readonly at: string;
  readonly by: string;
  readonly event: string;
  readonly hash: string;
}

const chained = (
  last: string,
  { seq, at, by, text }: { readonly seq: number; readonly at: string; readonly by: string; readonly text: string },
): string => sha256(JSON.stringify([last, seq, at, by, text]));
