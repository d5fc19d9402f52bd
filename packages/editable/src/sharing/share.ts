/** Work divided among processes: which part of it is one's own. */
import type { ProcessGroup } from '@editable/torch';

/** One of `size` processes that share the work. */
export interface Share {
  readonly rank: number;
  readonly size: number;
}

export const alone: Share = { rank: 0, size: 1 };

/** Processes that do something together, or jobs of which each does its share alone; neither: all of it here. */
export interface Sharing {
  /** All of them get the result of all. */
  readonly group?: ProcessGroup | undefined;
  readonly share?: Share | undefined;
}

/** From which item to before which; the parts of all processes, one after another, make up the whole. */
export const rangeOf = (length: number, { rank, size }: Share): readonly [from: number, to: number] => [
  Math.floor((rank * length) / size),
  Math.floor(((rank + 1) * length) / size),
];
