/** The six editors of Table 1 and the natural-gradient one, by the names the command line uses. */
import { EditableError } from '../../errors.js';
import type { Curvature } from '../curvature/curvature.js';
import type { Editor, Hyperparameters } from '../editor.js';
import { adam } from './adam.js';
import { gradientDescent } from './gradient-descent.js';
import { momentum } from './momentum.js';
import { natural } from './natural.js';
import { rmsprop } from './rmsprop.js';
import { rprop } from './rprop.js';
import { scaledGradientDescent } from './scaled-gradient-descent.js';

export { adam, gradientDescent, momentum, natural, rmsprop, rprop, scaledGradientDescent };

const factories: Readonly<Record<string, (curvature?: Curvature) => Editor>> = {
  gd: gradientDescent as () => Editor,
  'scaled-gd': scaledGradientDescent as () => Editor,
  rprop: rprop as () => Editor,
  rmsprop: rmsprop as () => Editor,
  momentum: momentum as () => Editor,
  adam: adam as () => Editor,
  natural: (curvature) => natural({ curvature }) as Editor,
};

export type EditorName = 'gd' | 'scaled-gd' | 'rprop' | 'rmsprop' | 'momentum' | 'adam' | 'natural';

export const editorNames: readonly EditorName[] = Object.keys(factories) as EditorName[];

/**
 * An editor by name; `curvature` is for `natural`, which makes no step without one.
 *
 * @throws EditableError INVALID_ARGUMENT for an unknown name or hyperparameter
 */
export function editorNamed(name: string, hyperparameters: Hyperparameters = {}, curvature?: Curvature): Editor {
  const factory = Object.hasOwn(factories, name) ? factories[name] : undefined;
  if (factory === undefined) {
    throw new EditableError('INVALID_ARGUMENT', `there is no editor "${name}"; known: ${editorNames.join(', ')}.`);
  }
  return factory(curvature).with(hyperparameters);
}
