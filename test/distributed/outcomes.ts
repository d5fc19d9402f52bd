/** What `programs/train.ts` prints of a training, and how far two of them are apart. */
import { expect } from 'vitest';

export interface Outcome {
  readonly values: readonly (readonly [name: string, values: readonly number[]])[];
  readonly learned: Readonly<Record<string, number>>;
  readonly last: Readonly<Record<string, unknown>>;
}

/** The largest difference of any parameter, buffer or learned hyperparameter. */
export function distance(a: Outcome, b: Outcome): number {
  const values = a.values.flatMap(([name, own], i) => {
    const [other, theirs] = b.values[i] as Outcome['values'][number];
    expect(other).toBe(name);
    return own.map((value, j) => Math.abs(value - (theirs[j] as number)));
  });
  const learned = Object.entries(a.learned).map(([name, value]) => Math.abs(value - (b.learned[name] as number)));
  return Math.max(...values, ...learned);
}
