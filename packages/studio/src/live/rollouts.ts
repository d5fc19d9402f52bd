/** The one rollout at a time: begun, resumed after a restart, ended by hand, by an alarm, or by what it led to. */
import { EventEmitter } from 'node:events';
import { short } from '@editable/workspace';
import type { DifferenceDocument, RolloutDocument, RolloutRequest, Served } from '../api/serving.js';
import type { LiveModel, Version } from './live-model.js';
import type { Records } from './records.js';
import { Rollout, type RolloutCounts, usualAlarm } from './rollout.js';

interface RolloutEvents {
  readonly changed: readonly [rollout: RolloutDocument];
  readonly alarm: readonly [text: string];
  /** What was counted or seen could not be kept. */
  readonly unsaved: readonly [error: Error];
  /** What is served fails too often: the way back is asked for. */
  readonly failing: readonly [served: Served, because: string];
}

/** As who the server acts by itself. */
export const server = 'editable serve';

export class Rollouts extends EventEmitter<{ -readonly [Name in keyof RolloutEvents]: [...RolloutEvents[Name]] }> {
  readonly #live: LiveModel;
  readonly #records: Records;
  #current: Rollout | undefined;
  #id: number | undefined;
  #saving: NodeJS.Timeout | undefined;
  #keeps = true;
  #servedCounts = { version: '', asked: 0, failed: 0, told: false };

  constructor(live: LiveModel, records: Records) {
    super();
    this.#live = live;
    this.#records = records;
    live.on('served', (served) => this.#afterSwap(served));
  }

  /** The one that runs, or ran last. */
  get document(): RolloutDocument | null {
    return this.#current?.document ?? this.#records.lastRollout()?.rollout ?? null;
  }

  /** The version that stands beside; undefined where none does. */
  get candidate(): string | undefined {
    return this.#runs ? this.#current?.candidate.version : undefined;
  }

  get #runs(): boolean {
    return this.#current !== undefined && this.#current.document.ended === null;
  }

  /** Whether and how the candidate takes part in a request. */
  forRequest(id: string): { readonly mode: RolloutDocument['mode']; readonly candidate: string } | undefined {
    const current = this.#current;
    if (current === undefined || !current.takes(id)) return undefined;
    return { mode: current.document.mode, candidate: current.candidate.version };
  }

  /** In place of one that runs. @throws where the candidate cannot be loaded */
  async start(candidate: Version, request: RolloutRequest, by: string): Promise<RolloutDocument> {
    await this.#live.hold(candidate);
    await this.end(by, 'another candidate took its place');
    this.#current = Rollout.begin(candidate, this.#live.served.release, request, by);
    this.#id = this.#records.saveRollout(this.#current.document);
    this.emit('changed', this.#current.document);
    return this.#current.document;
  }

  /** Goes on with what ran when the server stopped, where both sides are still the same. */
  async resume(versionOf: (release: string | null) => Version | undefined): Promise<void> {
    const last = this.#records.lastRollout();
    if (last === undefined || last.rollout.ended !== null) return;
    const candidate = versionOf(last.rollout.release);
    this.#id = last.id;
    this.#current = new Rollout(candidate ?? this.#live.served, last.rollout);
    if (candidate === undefined || last.rollout.beside !== this.#live.served.release) {
      this.#finish(server, 'what it stood beside, or it itself, is not there any more');
      return;
    }
    await this.#live.hold(candidate);
  }

  async end(by: string, because: string): Promise<RolloutDocument | null> {
    if (!this.#runs) return this.document;
    const { version } = (this.#current as Rollout).candidate;
    this.#finish(by, because);
    await this.#live.release(version);
    return this.document;
  }

  count(more: Partial<RolloutCounts>): void {
    const alarm = this.#current?.count(more) ?? null;
    if (alarm !== null) {
      this.emit('alarm', `The candidate ${short(this.candidate ?? '')} was taken back: ${alarm}.`);
      void this.end(server, alarm);
    } else if (this.#runs) this.#saveSoon();
  }

  keepDifference(difference: Omit<DifferenceDocument, 'id'>, pixels: Uint8Array): void {
    this.#keeping(() => this.#records.addDifference(difference, pixels));
  }

  /** Counts since what is served took its place. */
  countServed(version: string, failed: boolean): void {
    if (this.#servedCounts.version !== version) this.#servedCounts = { version, asked: 0, failed: 0, told: false };
    const counts = this.#servedCounts;
    counts.asked += 1;
    counts.failed += failed ? 1 : 0;
    const { served } = this.#live;
    const tooMany = counts.asked >= usualAlarm.least && counts.failed / counts.asked > usualAlarm.errors;
    if (!tooMany || counts.told || served.version !== version || served.release === null) return;
    counts.told = true;
    this.emit('failing', served, `it failed ${counts.failed} of ${counts.asked} requests`);
  }

  close(): void {
    clearTimeout(this.#saving);
    this.#save();
  }

  #afterSwap({ version }: Served): void {
    if (!this.#runs) return;
    const isServed = this.#current?.candidate.version === version;
    void this.end(server, isServed ? 'it is served now' : 'what it stood beside is not served any more');
  }

  #finish(by: string, because: string): void {
    const document = this.#current?.end(by, because);
    this.#save();
    if (document !== undefined) this.emit('changed', document);
  }

  /** Counts are kept once a second: a write for every request would cost more than the request. */
  #saveSoon(): void {
    this.#saving ??= setTimeout(() => {
      this.#saving = undefined;
      this.#save();
      if (this.#current !== undefined) this.emit('changed', this.#current.document);
    }, 1000).unref();
  }

  #save(): void {
    const [current, id] = [this.#current, this.#id];
    if (current !== undefined && id !== undefined) this.#keeping(() => this.#records.saveRollout(current.document, id));
  }

  /** Answers go on where the disk is full. */
  #keeping(work: () => void): void {
    try {
      work();
      this.#keeps = true;
    } catch (error) {
      // Told once, however many there are.
      if (this.#keeps) this.emit('unsaved', error as Error);
      this.#keeps = false;
    }
  }
}
