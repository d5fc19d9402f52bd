/** Which editor a command uses: what the options say over what tuning or training chose over the paper's. */
import type { nn } from '@editable/torch';
import type { EditorChoice, EditorName, Run } from 'editable';
import { UsageError } from './errors.js';
import { type EditorFlags, editorKinds } from './options/shared.js';

/** The editor for a run's model. @throws UsageError where the editor has no β but one was given */
export async function chooseEditor(run: Run, flags: EditorFlags): Promise<EditorChoice> {
  const { defaultTraining, selectParameters } = await import('editable');
  const own = run.editor ?? run.config.training?.editor;
  const choice = await overridden(own ?? { ...defaultTraining.editor, layers: usualLayers(run.model) }, flags);
  selectParameters(run.model, choice.layers);
  return choice;
}

/** The choice with the options' changes; another editor starts from its own defaults. */
export async function overridden(base: EditorChoice, flags: EditorFlags): Promise<EditorChoice> {
  const { editorNamed, hyperparameterValues } = await import('editable');
  const name = flags.editor ?? base.name;
  const start = editorNamed(name, name === base.name ? base.hyperparameters : {});
  const changes = {
    ...(flags.learningRate === undefined ? {} : { learningRate: flags.learningRate }),
    ...(flags.beta === undefined ? {} : { [betaOf(name, Object.keys(start.ranges))]: flags.beta }),
  };
  return {
    name,
    hyperparameters: hyperparameterValues(start.with(changes)),
    layers: flags.layers === undefined ? base.layers : layersOf(flags.layers),
    maxSteps: flags.maxSteps ?? base.maxSteps,
  };
}

/** One name stays a word, as it reads better in files and tables. */
export const layersOf = (names: readonly string[]): string | readonly string[] =>
  names.length === 1 ? (names[0] as string) : names;

export const describeLayers = (layers: string | readonly string[]): string =>
  typeof layers === 'string' ? layers : layers.join(',');

/** "rmsprop, learningRate 0.001, beta 0.5" */
export const describeEditor = ({ name, hyperparameters }: EditorChoice): string =>
  [
    name,
    ...Object.entries(hyperparameters)
      .filter(([parameter]) => parameter !== 'epsilon')
      .map(([parameter, value]) => `${parameter} ${typeof value === 'number' ? Number(value.toPrecision(3)) : value}`),
  ].join(', ');

/** Chain 3 where the model has one (section 4.1), else everything. */
function usualLayers(model: nn.Model): string {
  return [...model.parameters.keys()].some((name) => name.startsWith('layer3.')) ? 'layer3' : 'all';
}

function betaOf(editor: EditorName, hyperparameters: readonly string[]): string {
  const beta = ['beta', 'momentum', 'beta1'].find((name) => hyperparameters.includes(name));
  if (beta !== undefined) return beta;
  throw new UsageError(
    `--beta: the editor ${editor} has none; use it with rmsprop, momentum or adam (${editorKinds.beta.expected}).`,
  );
}
