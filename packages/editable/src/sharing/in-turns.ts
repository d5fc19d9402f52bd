/** A list that processes work through in turns, each knowing all results: for searches that decide by them how to go on. */
import { exchange, type ProcessGroup } from '@editable/torch';

/**
 * The results in the order of the items, the same in every process. Whoever asks for no more must do so in all processes, as
 * deciding by the results alone does.
 *
 * @param run its result must survive JSON
 */
export function* inTurns<Item, Result>(
  group: ProcessGroup | undefined,
  items: readonly Item[],
  run: (item: Item, at: number) => Result,
): Generator<Result, void, undefined> {
  const { rank, size } = group ?? { rank: 0, size: 1 };
  for (let first = 0; first < items.length; first += size) {
    const at = first + rank;
    const own = at < items.length ? run(items[at] as Item, at) : null;
    if (group === undefined) yield own as Result;
    else for (const text of told(group, own).slice(0, items.length - first)) yield JSON.parse(text) as Result;
  }
}

/** What rank 0 has, in every process. */
export const fromFirst = <Value>(group: ProcessGroup | undefined, value: Value): Value =>
  group === undefined ? value : (JSON.parse(told(group, value)[0] as string) as Value);

const told = (group: ProcessGroup, value: unknown): string[] => exchange(group, JSON.stringify(value));
