import { describe, expect, it } from 'vitest';
import { fractionOf, Rollout } from './rollout.js';

const candidate = { release: 'b'.repeat(64), base: 'c'.repeat(64), version: 'b'.repeat(64) };
const begin = (request: Partial<Parameters<typeof Rollout.begin>[2]> = {}): Rollout =>
  Rollout.begin(candidate, null, { mode: 'canary', release: candidate.release, ...request }, 'ann');

describe('Rollout', () => {
  it('takes its share of the requests, always the same ones', () => {
    const rollout = begin({ share: 0.3 });
    const ids = Array.from({ length: 2000 }, (_, at) => `request ${at}`);
    const taken = ids.filter((id) => rollout.takes(id));
    expect(taken.length / ids.length).toBeCloseTo(0.3, 1);
    expect(ids.filter((id) => rollout.takes(id))).toEqual(taken);
    expect(begin({ share: 0 }).takes('x') || !begin({ share: 1 }).takes('x')).toBe(false);
    expect(fractionOf('request 1')).toBe(fractionOf('request 1'));
  });

  it('goes back where it differs too often, once enough was compared', () => {
    const rollout = begin({ alarm: { differences: 0.1, least: 20 } });
    expect(rollout.count({ compared: 19, different: 19 })).toBeNull();
    expect(rollout.count({ compared: 1 })).toBe('it said another class for 19 of 20 pictures, more than 10 %');
    expect(begin({ alarm: { differences: null, least: 1 } }).count({ compared: 9, different: 9 })).toBeNull();
  });

  it('goes back where it fails, and counts no more once it ended', () => {
    const rollout = begin({ alarm: { errors: 0.5, least: 2 } });
    expect(rollout.count({ answered: 1, failed: 1 })).toBeNull();
    expect(rollout.count({ failed: 1 })).toBe('it failed 2 of 3 requests, more than 50 %');
    expect(rollout.end('ann', 'enough')).toMatchObject({
      answered: 1,
      failed: 2,
      ended: { by: 'ann', because: 'enough' },
    });
    expect(rollout.count({ failed: 5 })).toBeNull();
    expect(rollout.takes('anything')).toBe(false);
  });
});
