/**
 * A candidate beside what is served. In a shadow it answers unseen, in a canary it answers a share of the requests, chosen by a
 * hash of their ids. Where both judged a picture their classes are compared; an alarm takes the candidate back.
 */
import { createHash } from 'node:crypto';
import type { Alarm, RolloutDocument, RolloutRequest } from '../api/serving.js';
import type { Version } from './live-model.js';

export const usualAlarm: Alarm = { differences: 0.05, errors: 0.01, least: 100 };

/** What one request added. */
export interface RolloutCounts {
  readonly answered: number;
  readonly compared: number;
  readonly different: number;
  readonly failed: number;
}

export class Rollout {
  readonly candidate: Version;
  #document: RolloutDocument;

  constructor(candidate: Version, document: RolloutDocument) {
    this.candidate = candidate;
    this.#document = document;
  }

  static begin(
    candidate: Version,
    beside: string | null,
    { mode, share, alarm = {} }: RolloutRequest,
    by: string,
  ): Rollout {
    return new Rollout(candidate, {
      mode,
      release: candidate.release,
      beside,
      share: share ?? (mode === 'shadow' ? 1 : 0.1),
      alarm: {
        differences: alarm.differences === undefined ? usualAlarm.differences : alarm.differences,
        errors: alarm.errors ?? usualAlarm.errors,
        least: alarm.least ?? usualAlarm.least,
      },
      by,
      since: new Date().toISOString(),
      answered: 0,
      compared: 0,
      different: 0,
      failed: 0,
      ended: null,
    });
  }

  get document(): RolloutDocument {
    return this.#document;
  }

  /** Whether the candidate takes part in a request: always the same for the same id. */
  takes(request: string): boolean {
    return this.#document.ended === null && fractionOf(request) < this.#document.share;
  }

  /** Adds up; returns why the candidate has to go back, where it has. */
  count(more: Partial<RolloutCounts>): string | null {
    const before = this.#document;
    if (before.ended !== null) return null;
    const sum = (name: keyof RolloutCounts): number => before[name] + (more[name] ?? 0);
    this.#document = {
      ...before,
      answered: sum('answered'),
      compared: sum('compared'),
      different: sum('different'),
      failed: sum('failed'),
    };
    return alarmOf(this.#document);
  }

  end(by: string, because: string): RolloutDocument {
    this.#document = { ...this.#document, ended: { at: new Date().toISOString(), by, because } };
    return this.#document;
  }
}

/** From 0 to 1, by a hash of a request's id. */
export const fractionOf = (request: string): number =>
  createHash('sha256').update(request).digest().readUInt32BE(0) / 2 ** 32;

/** One sentence where an alarm goes off. */
export function alarmOf({ compared, different, failed, answered, mode, alarm }: RolloutDocument): string | null {
  const asked = mode === 'shadow' ? compared + failed : answered + failed;
  if (asked >= Math.max(1, alarm.least) && failed / asked > alarm.errors)
    return `it failed ${failed} of ${asked} requests, more than ${percent(alarm.errors)}`;
  if (alarm.differences === null || compared < Math.max(1, alarm.least)) return null;
  if (different / compared <= alarm.differences) return null;
  return `it said another class for ${different} of ${compared} pictures, more than ${percent(alarm.differences)}`;
}

const percent = (share: number): string => `${Number((100 * share).toFixed(2))} %`;
