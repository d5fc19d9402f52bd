/** A run's mistakes on one of its splits, and the repairs that follow from them. */
import { type FoundMistake, findMistakes, trainingSplits } from 'editable';
import type { OpenedModel } from '../runs/open-model.js';

/** A class as documents have it. */
interface Named {
  readonly label: number;
  readonly name: string;
}

export interface ListedMistake extends Pick<FoundMistake, 'index' | 'probability' | 'suspect' | 'group'> {
  readonly truth: Named;
  readonly predicted: Named;
}

export interface MistakesDocument {
  readonly run: string;
  readonly patches: readonly string[];
  readonly split: 'test' | 'validation';
  readonly images: number;
  /** Share of the images that are mistakes. */
  readonly error: number;
  /** Mistakes whose label is suspect. */
  readonly suspects: number;
  /** Groups of near-duplicates among the others. */
  readonly groups: number;
  /** The surest first. */
  readonly mistakes: readonly ListedMistake[];
}

/** A model's mistakes on labelled pictures, most confident first, suspected label errors apart, look-alikes grouped. */
export function listMistakes(
  { run, dataset, model, patches, device }: OpenedModel,
  split: MistakesDocument['split'],
): MistakesDocument {
  const { classes, normalization } = run.config;
  const pictures = split === 'test' ? dataset.split('test') : trainingSplits(dataset).validation;
  const found = findMistakes(model, pictures, { classes: classes.length, normalization, device });
  const named = (label: number): Named => ({ label, name: classes[label] ?? 'nothing finite' });
  const mistakes = found.mistakes.map(({ label, predicted, ...rest }) => ({
    ...rest,
    truth: named(label),
    predicted: named(predicted),
  }));
  const others = mistakes.filter(({ suspect }) => !suspect);
  return {
    run: run.folder,
    patches: patches.map(({ resultHash }) => resultHash),
    split,
    images: found.images,
    error: mistakes.length / found.images,
    suspects: mistakes.length - others.length,
    groups: new Set(others.map(({ group }) => group)).size,
    mistakes,
  };
}

/** What `repair --file` takes: the surest of each group, no suspect labels. */
export function repairLines({ mistakes }: MistakesDocument): readonly { index: number; target: number }[] {
  const seen = new Set<number>();
  return mistakes.flatMap(({ index, truth, suspect, group }) => {
    if (suspect || seen.has(group)) return [];
    seen.add(group);
    return [{ index, target: truth.label }];
  });
}
