/** Which editor makes an edit, and how: plain data, kept in runs and hashed into the keys of what is kept. */
import { hyperparameterValues } from './editor.js';
import { type EditorName, editorNamed } from './editors/index.js';

/** An editor with its hyperparameters, layers and k: what tuning finds and what edits use. */
export interface EditorChoice {
  readonly name: EditorName;
  readonly hyperparameters: Readonly<Record<string, number>>;
  /** Names as `selectParameters` takes them. */
  readonly layers: string | readonly string[];
  readonly maxSteps: number;
}

/** The same choice in full and with its fields in one order, so that equal choices have equal JSON. */
export const canonicalChoice = ({ name, hyperparameters, layers, maxSteps }: EditorChoice): EditorChoice => ({
  name,
  hyperparameters: Object.fromEntries(
    Object.entries(hyperparameterValues(editorNamed(name, hyperparameters))).sort(([a], [b]) => (a < b ? -1 : 1)),
  ),
  layers: Array.isArray(layers) && layers.length === 1 ? (layers[0] as string) : layers,
  maxSteps,
});
