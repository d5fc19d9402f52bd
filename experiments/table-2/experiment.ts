/** Table 2: gradient descent and RMSProp on every subset of layers of the plain model. */
import type { EditorName } from 'editable';
import { lessDrawdown } from '../shared/claims.js';
import type { Claim, Experiment, PaperFigures } from '../shared/experiment.js';
import { finePrecision, naturalPlan } from '../shared/natural-rows.js';
import { percent } from '../shared/numbers.js';
import { repairColumns } from '../shared/repair-columns.js';
import { repairPlan } from '../shared/repair-plan.js';
import type { RepairRow } from '../shared/repair-row.js';

const editors = ['gd', 'rmsprop'] as const satisfies readonly EditorName[];

const paper: Readonly<Record<(typeof editors)[number], Readonly<Record<string, number>>>> = {
  gd: { all: 0.038, layer1: 0.183, layer2: 0.077, layer3: 0.053, layer4: 0.0476 },
  rmsprop: { all: 0.0229, layer1: 0.228, layer2: 0.0185, layer3: 0.0177, layer4: 0.0199 },
};

const figures = (editor: (typeof editors)[number], layers: string): PaperFigures | null => {
  const drawdown = paper[editor][layers];
  return drawdown === undefined ? null : { drawdown };
};

/** The least drawdown, or the most, of an editor's rows is on these layers. */
const extreme = (text: string, editor: string, which: 'least' | 'most', layers: string): Claim<RepairRow> => ({
  text,
  holds: (rows) => {
    const own = rows.filter((each) => each.editor === editor);
    if (own.length < 2 || !own.some((each) => each.layers === layers)) return null;
    const sorted = [...own].sort((a, b) => a.drawdown - b.drawdown);
    const found = which === 'least' ? sorted[0] : sorted.at(-1);
    return {
      holds: found?.layers === layers,
      because: sorted
        .map((each) => `${each.layers} ${percent(each.drawdown)} (generality ${percent(each.generality, 0)})`)
        .join(', '),
    };
  },
});

const { row, testError, paperDrawdown, drawdown, success, steps, generality } = repairColumns;

export const table2: Experiment<RepairRow> = {
  name: 'table-2',
  title: 'Table 2: which layers are edited',
  plans: (scale) => [
    ...editors.flatMap((editor) =>
      scale.layers.map((layers) =>
        repairPlan(
          `${editor}-${layers}`,
          { training: 'plain', method: { kind: 'editor', editor, layers: [layers] } },
          figures(editor, layers),
        ),
      ),
    ),
    // As closely as table 1 has it on the chain; elsewhere that would take an hour.
    ...scale.layers.map((layers) =>
      naturalPlan(`natural-${layers}`, {
        training: 'plain',
        layers,
        ...(layers === scale.chain ? finePrecision(scale) : {}),
      }),
    ),
  ],
  columns: [row, testError, paperDrawdown, drawdown, success, steps, generality],
  claims: [
    extreme('Chain 3 is best for RMSProp.', 'rmsprop', 'least', 'layer3'),
    extreme('The whole model is best for gradient descent.', 'gd', 'least', 'all'),
    extreme('Chain 1 is worst for RMSProp.', 'rmsprop', 'most', 'layer1'),
    extreme('Chain 1 is worst for gradient descent.', 'gd', 'most', 'layer1'),
    lessDrawdown('RMSProp beats gradient descent on the whole model.', ['rmsprop-all'], ['gd-all']),
    lessDrawdown('RMSProp beats gradient descent on chain 2.', ['rmsprop-layer2'], ['gd-layer2']),
    lessDrawdown('RMSProp beats gradient descent on chain 3.', ['rmsprop-layer3'], ['gd-layer3']),
    ...['all', 'layer1', 'layer2', 'layer3'].map((layers) =>
      lessDrawdown(
        `The natural editor has less drawdown than both on ${layers} (beyond the paper).`,
        [`natural-${layers}`],
        [`gd-${layers}`, `rmsprop-${layers}`],
      ),
    ),
  ],
};
