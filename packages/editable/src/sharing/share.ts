/** Work divided among processes: which part of it is one's own. */

/** One of `size` processes that share the work. */
export interface Share {
  readonly rank: number;
  readonly size: number;
}

export const alone: Share = { rank: 0, size: 1 };

/** From which item to before which; the parts of all processes, one after another, make up the whole. */
export const rangeOf = (length: number, { rank, size }: Share): readonly [from: number, to: number] => [
  Math.floor((rank * length) / size),
  Math.floor(((rank + 1) * length) / size),
];
