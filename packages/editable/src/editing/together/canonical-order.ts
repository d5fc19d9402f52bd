/** An order of constraints that depends on what they are, not on how they were given: sums then round alike. */
import { createHash } from 'node:crypto';
import { leavesOf, type Tree } from '@editable/torch';
import type { Constraint } from '../constraint.js';

/** Positions of the constraints, by the hash of input and demand; those without a demand in words keep their order. */
export function canonicalOrder(constraints: readonly Constraint<Tree>[]): number[] {
  const keys = constraints.map(keyOf);
  return [...constraints.keys()].sort((a, b) =>
    (keys[a] as string) < (keys[b] as string) ? -1 : keys[a] === keys[b] ? a - b : 1,
  );
}

/** A set that grows one by one is ordered again each time: what is in it is hashed once. */
const known = new WeakMap<Constraint<Tree>, string>();

function keyOf(constraint: Constraint<Tree>): string {
  const before = known.get(constraint);
  if (before !== undefined) return before;
  const hash = createHash('sha256');
  for (const leaf of leavesOf(constraint.input)) {
    const { dtype, shape, bytes } = leaf.toHost();
    hash.update(JSON.stringify([dtype, shape, constraint.asks ?? ''])).update(bytes);
  }
  const key = hash.digest('hex');
  known.set(constraint, key);
  return key;
}
