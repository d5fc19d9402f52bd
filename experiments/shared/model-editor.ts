/** A model together with the editor tuned for it on the chain: what figures and sequences compare two of. */
import type { Run } from 'editable';
import { modelOf, type Training } from './models.js';
import type { EditableChoice, Scale } from './scale.js';
import type { Session } from './session.js';
import { type EditorToTune, type TunedEditor, tunedEditor } from './tuned-editor.js';

export const editorOf = (scale: Scale, training: Training): EditorToTune =>
  training === 'plain' ? { editor: 'rmsprop', layers: [scale.chain] } : ownEditor(training);

/** The editor that an editable model was trained for. */
export const ownEditor = ({ training, layers, minimumSuccess, search }: EditableChoice): EditorToTune => ({
  editor: training.editor?.name ?? 'rmsprop',
  layers,
  ...(minimumSuccess === undefined ? {} : { minimumSuccess }),
  ...(search === undefined ? {} : { search }),
});

/** The plain model and the scale's first editable one. */
export const bothTrainings = ({ editable: [first] }: Scale): readonly Training[] =>
  first === undefined ? ['plain'] : ['plain', first];

export async function tunedModel(session: Session, training: Training): Promise<TunedEditor & { readonly run: Run }> {
  const run = await modelOf(session, training);
  return { run, ...(await tunedEditor(session, run, editorOf(session.scale, training))) };
}
