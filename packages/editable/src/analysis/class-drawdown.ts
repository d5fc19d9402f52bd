/** Which classes suffer when an image of a class is edited (Figure 2, left). */
import { EditableError } from '../errors.js';
import type { DescribedEdit } from './described-edit.js';

export interface ClassDrawdown {
  /** Edits of each class. */
  readonly edits: readonly number[];
  /** [edited class][affected class]: mean change of the affected class's share of errors; null where nothing is known. */
  readonly mean: readonly (readonly (number | null)[])[];
}

export interface ClassDrawdownOptions {
  /** The edited image's class: its true one, or what the model said before the edit. */
  readonly by?: 'label' | 'predicted';
}

/** Averages class-wise drawdown over the edits of each class; an edit that changed nothing counts with its zeros. */
export function classDrawdown(
  edits: readonly Pick<DescribedEdit, 'label' | 'predicted' | 'classDrawdown'>[],
  { by = 'label' }: ClassDrawdownOptions = {},
): ClassDrawdown {
  const [first] = edits;
  if (first === undefined) {
    throw new EditableError('INVALID_ARGUMENT', 'classDrawdown: expected at least one edit, received none.');
  }
  const classes = [...first.classDrawdown.keys()];
  const groups = classes.map((edited) => edits.filter((edit) => edit[by] === edited));
  return {
    edits: groups.map((group) => group.length),
    mean: groups.map((group) => classes.map((affected) => meanOf(group.map((edit) => edit.classDrawdown[affected])))),
  };
}

function meanOf(values: readonly (number | null | undefined)[]): number | null {
  const known = values.filter((value) => typeof value === 'number');
  return known.length === 0 ? null : known.reduce((sum, value) => sum + value, 0) / known.length;
}
