/** Which editor a job uses: what is asked for over what tuning or training chose over the usual one. */
import type { nn } from '@editable/torch';
import {
  canonicalChoice,
  defaultTraining,
  type EditorChoice,
  type EditorName,
  editorNamed,
  type HyperparameterValue,
  hyperparametersOf,
  type Metric,
  metricOf,
  type Run,
  selectParameters,
} from 'editable';
import { invalid } from '../errors.js';

/** What is asked of an editor; what is left out comes from the run. */
export interface EditorRequest {
  readonly editor?: EditorName | undefined;
  /** The editor's step size α, or polyak. */
  readonly learningRate?: HyperparameterValue | undefined;
  /** RMSProp's decay, Momentum's μ, Adam's β1. */
  readonly beta?: number | undefined;
  readonly layers?: readonly string[] | undefined;
  readonly maxSteps?: number | undefined;
  /** Augmented views that must follow, too. */
  readonly views?: number | undefined;
  /** Nats by which the target must lead. */
  readonly margin?: number | undefined;
  /** Of the natural editor. */
  readonly metric?: Metric | undefined;
  /** Of the natural editor: steps that follow a repair and reduce its harm. */
  readonly settle?: number | undefined;
}

/**
 * The editor for a run's model. `usual`: where neither tuning nor Editable Training gave it one of its own.
 *
 * @throws WorkspaceError where the editor has no β, learning rate, metric or settling but one was given
 */
export function chooseEditor(
  run: Run,
  request: EditorRequest = {},
  { usual = 'rmsprop' }: { readonly usual?: 'rmsprop' | 'natural' } = {},
): EditorChoice {
  const kept = run.editor ??
    run.config.training?.editor ?? { ...defaultTraining.editor, layers: usualLayers(run.model) };
  const wantsKept = request.editor !== undefined && request.editor === kept.name;
  const natural = usual === 'natural' && !wantsKept && !hasOwnEditor(run);
  const choice = overridden(natural ? naturalEditor(run) : kept, request);
  selectParameters(run.model, choice.layers);
  return choice;
}

/** The natural editor on the layers that the run's own editor changes, else on the usual ones. */
export const chooseNatural = (run: Run, request: EditorRequest = {}): EditorChoice =>
  chooseEditor(run, { ...request, editor: 'natural' }, { usual: 'natural' });

/** A TorchScript program's curvature is made anew from single images each time: there it has to be asked for. */
function naturalEditor(run: Run): EditorChoice {
  const usual = { layers: usualLayers(run.model), maxSteps: 10, hyperparameters: {} };
  return run.model.layers.length === 0 ? { name: 'rmsprop', ...usual } : { name: 'natural', ...usual };
}

/** Tuned, or trained for: a plain training only notes what tuning would start from. */
function hasOwnEditor({ editor, config: { training } }: Run): boolean {
  if (editor === null || training?.objective === 'editable') return editor !== null;
  if (training === null) return true;
  return JSON.stringify(canonicalChoice(editor)) !== JSON.stringify(canonicalChoice(training.editor));
}

/** The choice with what is asked for; another editor starts from its own defaults. */
export function overridden(base: EditorChoice, request: EditorRequest): EditorChoice {
  const name = request.editor ?? base.name;
  const start = name === base.name ? base.hyperparameters : {};
  const known = Object.keys(editorNamed(name).ranges);
  const hyperparameters = {
    ...start,
    ...(request.learningRate === undefined ? {} : { [learningRateOf(name, known)]: request.learningRate }),
    ...(request.beta === undefined ? {} : { [betaOf(name, known)]: request.beta }),
  };
  const { views = base.views, margin = base.margin, metric = base.metric, settle = base.settle } = request;
  if (request.metric !== undefined && name !== 'natural')
    throw invalid('metric', `expected with the editor natural only, received it with ${name}; leave it out.`);
  if (request.settle !== undefined && name !== 'natural')
    throw invalid('settle', `expected with the editor natural only, received it with ${name}; leave it out.`);
  return {
    name,
    hyperparameters: hyperparametersOf({ name, hyperparameters, views: views ?? 0 }),
    layers: request.layers === undefined ? base.layers : layersOf(request.layers),
    maxSteps: request.maxSteps ?? base.maxSteps,
    ...(views ? { views } : {}),
    ...(margin ? { margin } : {}),
    ...(name === 'natural' ? metricOf({ metric, settle }) : {}),
  };
}

/** One name stays a word, as it reads better in files and tables. */
export const layersOf = (names: readonly string[]): string | readonly string[] =>
  names.length === 1 ? (names[0] as string) : names;

/** A selection of layers in one word, as patches and tables have it. */
export const layersText = (layers: string | readonly string[]): string =>
  typeof layers === 'string' ? layers : layers.join(',');

/** Chain 3 where the model has one (section 4.1), else everything. */
function usualLayers(model: nn.Model): string {
  if (model.stages.some(({ group }) => group === 'chain-3')) return 'chain-3';
  return [...model.parameters.keys()].some((name) => name.startsWith('layer3.')) ? 'layer3' : 'all';
}

function learningRateOf(editor: EditorName, hyperparameters: readonly string[]): string {
  if (hyperparameters.includes('learningRate')) return 'learningRate';
  throw invalid('learningRate', `the editor ${editor} has none; leave it out, or name another editor.`);
}

function betaOf(editor: EditorName, hyperparameters: readonly string[]): string {
  const beta = ['beta', 'momentum', 'beta1'].find((name) => hyperparameters.includes(name));
  if (beta !== undefined) return beta;
  throw invalid('beta', `the editor ${editor} has none; use it with rmsprop, momentum or adam (a number from 0 to 1).`);
}
