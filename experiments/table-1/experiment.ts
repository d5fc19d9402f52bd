/** Table 1: six editors on the plain model, each on the subset of layers where it does least harm. */
import type { EditorName } from 'editable';
import { lessDrawdown, repairFigures } from '../shared/claims.js';
import type { Claim, Experiment, PaperFigures } from '../shared/experiment.js';
import { byPolyak, finePrecision, naturalPlan } from '../shared/natural-rows.js';
import { repairColumns } from '../shared/repair-columns.js';
import { repairPlan } from '../shared/repair-plan.js';
import type { RepairRow } from '../shared/repair-row.js';
import { paperEditors } from '../shared/tuned-editor.js';

const paper: Readonly<Partial<Record<EditorName, PaperFigures>>> = {
  gd: { drawdown: 0.038, successRate: 0.988, meanSteps: 3.54, testError: 0.063 },
  'scaled-gd': { drawdown: 0.0281, successRate: 0.991, meanSteps: 3.91, testError: 0.063 },
  rprop: { drawdown: 0.0199, successRate: 1, meanSteps: 2.99, testError: 0.063 },
  rmsprop: { drawdown: 0.0177, successRate: 1, meanSteps: 3.11, testError: 0.063 },
  momentum: { drawdown: 0.0242, successRate: 0.96, meanSteps: 5.6, testError: 0.063 },
  adam: { drawdown: 0.194, successRate: 1, meanSteps: 3.86, testError: 0.063 },
};

const {
  row,
  editor,
  layers,
  testError,
  paperDrawdown,
  drawdown,
  paperSuccess,
  success,
  paperSteps,
  steps,
  generality,
} = repairColumns;

/** Beyond the paper: `editable tune --all` looks at validation images only. */
const cardIsNearBest: Claim<RepairRow> = {
  text: "The editability card's choice has at most 1.2 times the least drawdown of the tuned rows, which it chooses from.",
  holds: (rows) => {
    const card = rows.find(({ name }) => name === 'card');
    const others = rows.filter(({ name, tunedOn }) => name !== 'card' && tunedOn !== null);
    const [best] = [...others].sort((a, b) => a.drawdown - b.drawdown);
    if (card === undefined || best === undefined) return null;
    return {
      holds: card.drawdown <= 1.2 * best.drawdown,
      because: [card, best].map(repairFigures).join(', '),
    };
  },
};

export const table1: Experiment<RepairRow> = {
  name: 'table-1',
  title: 'Table 1: editors on the plain model',
  plans: (scale) => [
    ...paperEditors.map((editor) =>
      repairPlan(
        editor,
        { training: 'plain', method: { kind: 'editor', editor, layers: scale.layers } },
        paper[editor],
      ),
    ),
    repairPlan('card', { training: 'plain', method: { kind: 'card', layers: scale.layers } }),
    ...(['gd', 'rmsprop'] as const).map((editor) =>
      repairPlan(`${editor}-polyak`, { training: 'plain', method: byPolyak(editor, scale.chain) }),
    ),
    naturalPlan('natural', { training: 'plain', layers: scale.chain, ...finePrecision(scale) }),
    naturalPlan('natural-views-16', { training: 'plain', layers: scale.chain, views: 16, ...finePrecision(scale, 16) }),
  ],
  columns: [
    row,
    editor,
    layers,
    testError,
    paperDrawdown,
    drawdown,
    paperSuccess,
    success,
    paperSteps,
    steps,
    generality,
  ],
  claims: [
    lessDrawdown('RMSProp and RProp have less drawdown than gradient descent.', ['rmsprop', 'rprop'], ['gd']),
    lessDrawdown('RMSProp and RProp have less drawdown than Scaled GD.', ['rmsprop', 'rprop'], ['scaled-gd']),
    lessDrawdown('Momentum and Adam do worse than RMSProp.', ['rmsprop'], ['momentum', 'adam']),
    lessDrawdown('Momentum does better than gradient descent.', ['momentum'], ['gd']),
    lessDrawdown('Adam does worst.', ['gd', 'scaled-gd', 'rprop', 'rmsprop', 'momentum'], ['adam']),
    cardIsNearBest,
    lessDrawdown(
      'The natural editor, for which nothing is tuned, has less drawdown than every tuned editor, on the input alone and on 16 views of it (beyond the paper).',
      ['natural', 'natural-views-16'],
      ['gd', 'scaled-gd', 'rprop', 'rmsprop', 'momentum', 'adam'],
    ),
  ],
};
