/** An order of constraints that depends on what they are, not on how they were given: sums then round alike. */
import { createHash } from 'node:crypto';
import type { Constraint } from '../constraint.js';

/** Positions of the constraints, by the hash of input and demand; those without a demand in words keep their order. */
export function canonicalOrder(constraints: readonly Constraint[]): number[] {
  const keys = constraints.map(({ input, asks = '' }) => {
    const { dtype, shape, bytes } = input.toHost();
    return createHash('sha256')
      .update(JSON.stringify([dtype, shape, asks]))
      .update(bytes)
      .digest('hex');
  });
  return [...constraints.keys()].sort((a, b) =>
    (keys[a] as string) < (keys[b] as string) ? -1 : keys[a] === keys[b] ? a - b : 1,
  );
}
