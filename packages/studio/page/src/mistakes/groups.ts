/** Mistakes as the page shows them: filtered, near-duplicates together, the surest first. */
import type { MistakesOf } from '@editable/studio/api';

export type Mistake = MistakesOf['mistakes'][number];

export interface MistakeFilter {
  readonly suspects: boolean;
  /** A label; null: any. */
  readonly truth: number | null;
  readonly predicted: number | null;
}

/** The surest first; the others look like it. */
export type MistakeGroup = readonly [Mistake, ...Mistake[]];

export function groupsOf(mistakes: readonly Mistake[], { suspects, truth, predicted }: MistakeFilter): MistakeGroup[] {
  const groups = new Map<number, [Mistake, ...Mistake[]]>();
  for (const each of mistakes) {
    if (each.suspect !== suspects) continue;
    if (truth !== null && each.truth.label !== truth) continue;
    if (predicted !== null && each.predicted.label !== predicted) continue;
    const group = groups.get(each.group);
    if (group === undefined) groups.set(each.group, [each]);
    else group.push(each);
  }
  return [...groups.values()];
}

/** Classes that occur, with how often, the most frequent first. */
export function classesIn(
  mistakes: readonly Mistake[],
  of: 'truth' | 'predicted',
): readonly { readonly label: number; readonly name: string; readonly number: number }[] {
  const found = new Map<number, { label: number; name: string; number: number }>();
  for (const { [of]: named } of mistakes) {
    const entry = found.get(named.label) ?? { ...named, number: 0 };
    found.set(named.label, { ...entry, number: entry.number + 1 });
  }
  return [...found.values()].sort((a, b) => b.number - a.number || a.label - b.label);
}
