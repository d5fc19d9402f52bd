/** Which editor makes an edit, and how: plain data, kept in runs and hashed into the keys of what is kept. */
import type { nn, Tree } from '@editable/torch';
import type { CurvatureOf } from './curvature/curvature.js';
import { type Editor, type HyperparameterValue, hyperparameterValues } from './editor.js';
import { type EditorName, editorNamed } from './editors/index.js';
import { usualOvershoot } from './editors/natural.js';
import { selectParameters } from './layers.js';

/** An editor with its hyperparameters, layers and k, and what it asks of a repair: what tuning finds and what edits use. */
export interface EditorChoice {
  readonly name: EditorName;
  readonly hyperparameters: Readonly<Record<string, HyperparameterValue>>;
  /** Names as `selectParameters` takes them. */
  readonly layers: string | readonly string[];
  readonly maxSteps: number;
  /** Augmented views of the input that must follow, too; default 0. */
  readonly views?: number;
  /** Nats by which the target must lead, on the input and its views; default 0. */
  readonly margin?: number;
  /** Of the natural editor; default `kronecker`. Whoever makes its curvature makes this one. */
  readonly metric?: Metric;
  /**
   * Of the natural editor: so many steps, at most, that follow once the repair holds and reduce its harm to the control inputs
   * (see `Settling`); default 0. Whoever makes its curvature makes this one.
   */
  readonly settle?: number;
}

/**
 * What the natural editor keeps of the control inputs: Kronecker factors, each layer's averages over all of them; `ekfac`, the
 * same with eigenvalues corrected by them one by one; or that combined with the gradients of some hundred of them. From one to
 * the next an edit is slower and does less harm.
 */
export type Metric = 'kronecker' | 'ekfac' | 'combined';

/** Every hyperparameter of the choice's editor, those left out as they are by default, which may depend on the views. */
export const hyperparametersOf = ({
  name,
  hyperparameters,
  views = 0,
}: Pick<EditorChoice, 'name' | 'hyperparameters' | 'views'>): Record<string, HyperparameterValue> =>
  hyperparameterValues(
    editorNamed(name, name === 'natural' ? { overshoot: usualOvershoot(views), ...hyperparameters } : hyperparameters),
  );

/** The same choice in full and with its fields in one order, so that equal choices have equal JSON. */
export const canonicalChoice = ({
  name,
  hyperparameters,
  layers,
  maxSteps,
  views,
  margin,
  ...rest
}: EditorChoice): EditorChoice => ({
  name,
  hyperparameters: Object.fromEntries(
    Object.entries(hyperparametersOf({ name, hyperparameters, views: views ?? 0 })).sort(([a], [b]) =>
      a < b ? -1 : 1,
    ),
  ),
  layers: Array.isArray(layers) && layers.length === 1 ? (layers[0] as string) : layers,
  maxSteps,
  ...(views ? { views } : {}),
  ...(margin ? { margin } : {}),
  ...metricOf(rest),
});

/** What the curvature of a choice's editor is made by, see there. */
export interface MetricSettings {
  readonly metric?: Metric | undefined;
  readonly settle?: number | undefined;
}

/** What a choice says of the metric, and nothing where that is the usual one. */
export const metricOf = ({ metric, settle }: MetricSettings): Pick<EditorChoice, 'metric' | 'settle'> => ({
  ...(metric === undefined || metric === 'kronecker' ? {} : { metric }),
  ...(settle ? { settle } : {}),
});

/** The editor of a choice for a model; `curvature` is asked only where the editor steps in a metric. */
export const editorOf = (
  choice: Pick<EditorChoice, 'name' | 'hyperparameters' | 'layers' | 'views'>,
  model: nn.Model<Tree>,
  curvature: CurvatureOf | undefined,
): Editor =>
  editorNamed(
    choice.name,
    hyperparametersOf(choice),
    choice.name === 'natural' ? curvature?.(selectParameters(model, choice.layers)) : undefined,
  );
