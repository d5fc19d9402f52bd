/** The models of section 4.3.1: the same fine-tuning of the extra layer, told apart by the edits that training draws. */
import type { Training } from '../shared/models.js';
import type { EditableChoice, Scale } from '../shared/scale.js';

export interface NamedTraining {
  /** Of the row. */
  readonly name: string;
  readonly training: Training;
}

/** The scale's first editable model is that of table 4; the others differ from it in the targets of their edits. */
export function trainings({ controls, editable }: Scale): readonly NamedTraining[] {
  const [random] = editable as readonly [EditableChoice];
  const [distilled] = controls;
  return [
    { name: 'pretrained', training: 'plain' },
    ...(distilled === undefined ? [] : [{ name: 'distilled', training: distilled.model }]),
    { name: 'random-edits', training: random },
    { name: 'match-ranks', training: { ...random, name: 'match-ranks', matchRanks: true } },
    {
      name: 'train-on-mistakes',
      training: { ...random, name: 'train-on-mistakes', training: { ...random.training, editTargets: 'mistakes' } },
    },
  ];
}
