/** Which editor a command uses: what the options say over what tuning or training chose over the usual one. */
import type { nn } from '@editable/torch';
import type { EditorChoice, EditorName, Run } from 'editable';
import { UsageError } from './errors.js';
import { type ConstraintFlags, type EditorFlags, editorKinds } from './options/shared.js';

export type ChoiceFlags = EditorFlags & Partial<ConstraintFlags>;

/**
 * The editor for a run's model. `usual`: where neither tuning nor Editable Training gave it one of its own.
 *
 * @throws UsageError where the editor has no β or learning rate but one was given
 */
export async function chooseEditor(
  run: Run,
  flags: ChoiceFlags,
  { usual = 'rmsprop' }: { readonly usual?: 'rmsprop' | 'natural' } = {},
): Promise<EditorChoice> {
  const { defaultTraining, selectParameters } = await import('editable');
  const kept = run.editor ??
    run.config.training?.editor ?? { ...defaultTraining.editor, layers: usualLayers(run.model) };
  const wantsKept = flags.editor !== undefined && flags.editor === kept.name;
  const natural = usual === 'natural' && !wantsKept && !(await hasOwnEditor(run));
  const choice = await overridden(natural ? naturalEditor(run) : kept, flags);
  selectParameters(run.model, choice.layers);
  return choice;
}

/** The natural editor on the layers that the run's own editor changes, else on the usual ones. */
export async function chooseNatural(run: Run, flags: ChoiceFlags): Promise<EditorChoice> {
  return chooseEditor(run, { ...flags, editor: 'natural' }, { usual: 'natural' });
}

/** A TorchScript program's curvature is made anew from single images each time: there it has to be asked for. */
function naturalEditor(run: Run): EditorChoice {
  const usual = { layers: usualLayers(run.model), maxSteps: 10, hyperparameters: {} };
  return run.model.layers.length === 0 ? { name: 'rmsprop', ...usual } : { name: 'natural', ...usual };
}

/** Tuned, or trained for: a plain training only notes what tuning would start from. */
async function hasOwnEditor({ editor, config: { training } }: Run): Promise<boolean> {
  const { canonicalChoice } = await import('editable');
  if (editor === null || training?.objective === 'editable') return editor !== null;
  if (training === null) return true;
  return JSON.stringify(canonicalChoice(editor)) !== JSON.stringify(canonicalChoice(training.editor));
}

/** The choice with the options' changes; another editor starts from its own defaults. */
export async function overridden(base: EditorChoice, flags: ChoiceFlags): Promise<EditorChoice> {
  const { editorNamed, hyperparametersOf } = await import('editable');
  const name = flags.editor ?? base.name;
  const start = name === base.name ? base.hyperparameters : {};
  const known = Object.keys(editorNamed(name).ranges);
  const hyperparameters = {
    ...start,
    ...(flags.learningRate === undefined ? {} : { [learningRateOf(name, known)]: flags.learningRate }),
    ...(flags.beta === undefined ? {} : { [betaOf(name, known)]: flags.beta }),
  };
  const { views = base.views, margin = base.margin } = flags;
  return {
    name,
    hyperparameters: hyperparametersOf({ name, hyperparameters, views: views ?? 0 }),
    layers: flags.layers === undefined ? base.layers : layersOf(flags.layers),
    maxSteps: flags.maxSteps ?? base.maxSteps,
    ...(views ? { views } : {}),
    ...(margin ? { margin } : {}),
  };
}

/** One name stays a word, as it reads better in files and tables. */
export const layersOf = (names: readonly string[]): string | readonly string[] =>
  names.length === 1 ? (names[0] as string) : names;

export const describeLayers = (layers: string | readonly string[]): string =>
  typeof layers === 'string' ? layers : layers.join(',');

/** "rmsprop, learningRate 0.001, beta 0.5"; "natural, overshoot 3, 16 views" */
export const describeEditor = ({ name, hyperparameters, views, margin }: EditorChoice): string =>
  [
    name,
    ...Object.entries(hyperparameters)
      .filter(([parameter]) => parameter !== 'epsilon')
      .map(([parameter, value]) => `${parameter} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`),
    ...(views ? [`${views} views`] : []),
    ...(margin ? [`margin ${margin}`] : []),
  ].join(', ');

/** Chain 3 where the model has one (section 4.1), else everything. */
function usualLayers(model: nn.Model): string {
  if (model.stages.some(({ group }) => group === 'chain-3')) return 'chain-3';
  return [...model.parameters.keys()].some((name) => name.startsWith('layer3.')) ? 'layer3' : 'all';
}

function learningRateOf(editor: EditorName, hyperparameters: readonly string[]): string {
  if (hyperparameters.includes('learningRate')) return 'learningRate';
  throw new UsageError(`--learning-rate: the editor ${editor} has none; leave it out, or name another --editor.`);
}

function betaOf(editor: EditorName, hyperparameters: readonly string[]): string {
  const beta = ['beta', 'momentum', 'beta1'].find((name) => hyperparameters.includes(name));
  if (beta !== undefined) return beta;
  throw new UsageError(
    `--beta: the editor ${editor} has none; use it with rmsprop, momentum or adam (${editorKinds.beta.expected}).`,
  );
}
