/**
 * What came in while the store's releases were served: feedback, differences of candidates, rollouts. In SQLite beside the journal;
 * not part of it, as nothing that is served depends on it.
 */
import { join } from 'node:path';
import { writeProblem } from '@editable/workspace';
import { DatabaseSync, type DatabaseSyncInstance } from '@photostructure/sqlite';
import type { DifferenceDocument, FeedbackDocument, RolloutDocument } from '../api/serving.js';
import { notFound, StudioError } from '../errors.js';

/** More than anybody looks through; the oldest go. */
const mostDifferences = 2000;
const mostFeedback = 10_000;

const tables = `
CREATE TABLE IF NOT EXISTS feedback (
  id INTEGER PRIMARY KEY AUTOINCREMENT, at TEXT NOT NULL, by TEXT NOT NULL, state TEXT NOT NULL,
  document TEXT NOT NULL, pixels BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS differences (
  id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL, pixels BLOB NOT NULL
) STRICT;
CREATE TABLE IF NOT EXISTS rollouts (id INTEGER PRIMARY KEY AUTOINCREMENT, document TEXT NOT NULL) STRICT;`;

interface FeedbackRow {
  readonly id: number;
  readonly at: string;
  readonly by: string;
  readonly state: string;
  readonly document: string;
}

export class Records implements Disposable {
  readonly #folder: string;
  readonly #database: DatabaseSyncInstance;

  constructor(folder: string) {
    this.#folder = folder;
    this.#database = new DatabaseSync(join(folder, 'serving.sqlite'));
    this.#database.exec(`PRAGMA busy_timeout = 2000; PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL;${tables}`);
  }

  /** @throws StudioError BUSY where too much is open already */
  addFeedback({ at, by, state, ...rest }: Omit<FeedbackDocument, 'id'>, pixels: Uint8Array): FeedbackDocument {
    if (this.openFeedback() >= mostFeedback)
      throw new StudioError('BUSY', `${mostFeedback} predictions wait to be looked at; dismiss some first.`);
    const id = this.#write('INSERT INTO feedback (at, by, state, document, pixels) VALUES (?, ?, ?, ?, ?)', [
      ...[at, by, state, JSON.stringify(rest)],
      pixels,
    ]);
    return this.feedback(id);
  }

  /** @throws StudioError NOT_FOUND */
  feedback(id: number): FeedbackDocument {
    const row = this.#database.prepare('SELECT id, at, by, state, document FROM feedback WHERE id = ?').get(id);
    if (row === undefined) throw notFound(`expected feedback by its number, received ${id}.`);
    return feedbackOf(row as FeedbackRow);
  }

  /** The newest first. */
  listFeedback(state?: FeedbackDocument['state']): readonly FeedbackDocument[] {
    const rows = this.#database
      .prepare(
        'SELECT id, at, by, state, document FROM feedback WHERE ? IS NULL OR state = ? ORDER BY id DESC LIMIT 1000',
      )
      .all(state ?? null, state ?? null);
    return (rows as FeedbackRow[]).map(feedbackOf);
  }

  openFeedback(): number {
    const { open } = this.#database.prepare("SELECT count(*) AS open FROM feedback WHERE state = 'open'").get() as {
      readonly open: number;
    };
    return open;
  }

  dismissFeedback(id: number): FeedbackDocument {
    this.feedback(id);
    this.#write("UPDATE feedback SET state = 'dismissed' WHERE id = ?", [id]);
    return this.feedback(id);
  }

  addDifference(difference: Omit<DifferenceDocument, 'id'>, pixels: Uint8Array): void {
    const id = this.#write('INSERT INTO differences (document, pixels) VALUES (?, ?)', [
      JSON.stringify(difference),
      pixels,
    ]);
    this.#write('DELETE FROM differences WHERE id <= ?', [id - mostDifferences]);
  }

  /** The newest first. */
  listDifferences(limit: number): readonly DifferenceDocument[] {
    const rows = this.#database.prepare('SELECT id, document FROM differences ORDER BY id DESC LIMIT ?').all(limit);
    return (rows as { readonly id: number; readonly document: string }[]).map(({ id, document }) => ({
      id,
      ...(JSON.parse(document) as Omit<DifferenceDocument, 'id'>),
    }));
  }

  /** [C, H, W] bytes. @throws StudioError NOT_FOUND */
  pixels(of: 'feedback' | 'differences', id: number): Uint8Array {
    const row = this.#database.prepare(`SELECT pixels FROM ${of} WHERE id = ?`).get(id);
    if (row === undefined) throw notFound(`expected a picture of ${of} by its number, received ${id}.`);
    return Uint8Array.from((row as { readonly pixels: Uint8Array }).pixels);
  }

  /** Keeps how a rollout stands; returns its number. */
  saveRollout(rollout: RolloutDocument, id?: number): number {
    const text = JSON.stringify(rollout);
    if (id === undefined) return this.#write('INSERT INTO rollouts (document) VALUES (?)', [text]);
    this.#write('UPDATE rollouts SET document = ? WHERE id = ?', [text, id]);
    return id;
  }

  /** The number of the row that was added last. @throws WorkspaceError NO_SPACE */
  #write(statement: string, values: readonly (string | number | Uint8Array)[]): number {
    try {
      return Number(this.#database.prepare(statement).run(...values).lastInsertRowid);
    } catch (error) {
      throw writeProblem(error, this.#folder);
    }
  }

  /** The latest one, as it was kept last. */
  lastRollout(): { readonly id: number; readonly rollout: RolloutDocument } | undefined {
    const row = this.#database.prepare('SELECT id, document FROM rollouts ORDER BY id DESC LIMIT 1').get();
    if (row === undefined) return undefined;
    const { id, document } = row as { readonly id: number; readonly document: string };
    return { id, rollout: JSON.parse(document) as RolloutDocument };
  }

  [Symbol.dispose](): void {
    this.#database.close();
  }
}

const feedbackOf = ({ document, ...row }: FeedbackRow): FeedbackDocument =>
  ({ ...row, ...(JSON.parse(document) as object) }) as FeedbackDocument;
