/** Rows of editors that nothing is tuned for: the natural editor (beyond the paper), and Polyak's step without its metric. */
import { type EditorName, hyperparametersOf, polyak } from 'editable';
import type { RowPlan } from './experiment.js';
import type { GivenEditor, Method } from './methods.js';
import { repairPlan } from './repair-plan.js';
import type { RepairRow, RepairSetup } from './repair-row.js';
import type { Scale } from './scale.js';

export const natural = (
  layers: GivenEditor['layers'],
  { views = 0, overshoot, ...rest }: Partial<GivenEditor> & { readonly overshoot?: number } = {},
): Method => ({
  kind: 'given',
  editor: 'natural',
  hyperparameters: hyperparametersOf({
    name: 'natural',
    hyperparameters: overshoot === undefined ? {} : { overshoot },
    views,
  }),
  layers,
  ...(views === 0 ? {} : { views }),
  ...rest,
});

export const byPolyak = (
  editor: Extract<EditorName, 'gd' | 'rmsprop'>,
  layers: GivenEditor['layers'],
  asked: Pick<GivenEditor, 'views' | 'margin'> = {},
): Method => ({ kind: 'given', editor, hyperparameters: { learningRate: polyak }, layers, ...asked });

/**
 * Its drawdown is less than a sample of the scale's size could tell from none: what that knows to ± 0.1 points, this knows to
 * ± 0.025, and with views, where there is more of it, to ± 0.05.
 */
export const finePrecision = ({ precision }: Scale, views = 0): Pick<RepairSetup, 'precision'> =>
  precision === null ? {} : { precision: precision / (views === 0 ? 4 : 2) };

export const naturalPlan = (
  name: string,
  setup: Omit<RepairSetup, 'method'> & { readonly layers: string; readonly views?: number },
): RowPlan<RepairRow> => {
  const { layers, views = 0, ...rest } = setup;
  return repairPlan(name, { ...rest, method: natural(layers, { views }) });
};
