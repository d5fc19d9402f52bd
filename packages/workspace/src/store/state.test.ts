import { describe, expect, it } from 'vitest';
import type { JournalEntry, StoreEvent } from './events.js';
import { after, emptyState, statusOf, wantedRepairs } from './state.js';

const [a, b] = ['a'.repeat(64), 'b'.repeat(64)] as [string, string];
const release = 'c'.repeat(64);
const wish = { picture: a, target: 1, views: 0, margin: 0 };
const source = { index: 3, file: null, targetName: 'bag', predicted: { label: 2, name: 'boot', probability: 0.9 } };
const proposed = (repair: string): StoreEvent => ({ kind: 'proposed', repair, wish, source, why: 'wrong' });
const approved = (repair: string): StoreEvent => ({ kind: 'approved', repair, why: 'seen' });
const retired = (repair: string): StoreEvent => ({ kind: 'retired', repair, why: 'over' });
const released: StoreEvent = { kind: 'released', release, parent: null, base: b, repairs: [a], result: b };
const activated = (to: string | null): StoreEvent => ({
  kind: 'activated',
  release: to,
  from: null,
  rollBack: false,
  why: '',
});

const entries = (...events: readonly StoreEvent[]): JournalEntry[] =>
  events.map((event, i) => ({ seq: i + 1, at: '2026-01-01T00:00:00.000Z', by: 'ann', event, hash: '' }));

const status = (...events: readonly StoreEvent[]): string => {
  const state = after(emptyState, entries(...events));
  return statusOf(state, state.repairs.get(a)!);
};

describe('after', () => {
  it('is a fold: in one go or one by one, the state before untouched', () => {
    const all = entries(proposed(a), approved(a), released, activated(release), proposed(b), retired(a));
    const once = after(emptyState, all);
    expect(all.reduce((state, entry) => after(state, [entry]), emptyState)).toEqual(once);
    expect(emptyState).toMatchObject({ seq: 0, base: null, active: null });
    expect(emptyState.repairs.size).toBe(0);
    expect(once.seq).toBe(6);
  });

  it('takes ten thousand events within a second', () => {
    const ids = Array.from({ length: 5000 }, (_, i) => i.toString(16).padStart(64, '0'));
    const started = performance.now();
    const state = after(emptyState, entries(...ids.map(proposed), ...ids.map(approved)));
    expect(wantedRepairs(state)).toHaveLength(5000);
    expect(performance.now() - started).toBeLessThan(1000);
  });
});

describe('statusOf', () => {
  it('follows what is served: a repair is active while its release is', () => {
    expect(status(proposed(a))).toBe('proposed');
    expect(status(proposed(a), approved(a), released)).toBe('approved');
    expect(status(proposed(a), approved(a), released, activated(release))).toBe('active');
    expect(status(proposed(a), approved(a), released, activated(release), retired(a))).toBe('active');
    expect(status(proposed(a), approved(a), released, activated(release), retired(a), activated(null))).toBe('retired');
    expect(status(proposed(a), retired(a), proposed(a))).toBe('proposed');
  });
});

describe('wantedRepairs', () => {
  it('are those approved and not retired, in one order', () => {
    const wanted = (...events: readonly StoreEvent[]): string[] =>
      wantedRepairs(after(emptyState, entries(...events))).map(({ id }) => id);
    expect(wanted(proposed(b), proposed(a), approved(b), approved(a))).toEqual([a, b]);
    expect(wanted(proposed(b), proposed(a), approved(b), approved(a), retired(b))).toEqual([a]);
  });
});
