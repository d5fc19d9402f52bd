/** The natural editor's open questions (beyond the paper): which F, of how many images, how damped, of which layers. */
import type { TrainingSettings } from 'editable';
import { type CurvatureChoice, usualCurvature } from '../shared/curvature-choice.js';
import type { Experiment, NamedRow, RowPlan } from '../shared/experiment.js';
import { type Training, trainingName } from '../shared/models.js';
import { natural } from '../shared/natural-rows.js';
import { percent } from '../shared/numbers.js';
import { repairColumns } from '../shared/repair-columns.js';
import { measureRepairs, type RepairRow, type RepairSetup } from '../shared/repair-row.js';
import type { EditableChoice, Scale } from '../shared/scale.js';
import { type Network, sessionOf } from './networks.js';

export interface QuestionRow extends RepairRow {
  readonly network: Network;
}

type Row = NamedRow<QuestionRow>;

export const naturalGradient: Experiment<QuestionRow> = {
  name: 'natural-gradient',
  title: 'The natural editor: its open questions',
  plans: (scale) => [
    ...networkPlans(scale),
    ...dampingPlans(scale),
    ...imagePlans(scale),
    ...layerPlans(scale),
    ...formPlans(scale),
    ...trainingPlans(scale),
  ],
  columns: [
    repairColumns.row,
    { title: 'Views', right: true, cell: ({ views = 0 }) => String(views) },
    repairColumns.testError,
    repairColumns.drawdown,
    { title: 'Sampling ±', right: true, cell: ({ samplingError }) => percent(samplingError) },
    repairColumns.generality,
    repairColumns.success,
    repairColumns.steps,
    repairColumns.time,
    repairColumns.edits,
  ],
  claims: [
    ...([0.0015, 0.004] as const).map((most, i) => ({
      text: `ResNet-56, with nothing tuned for it, has at most ${percent(most)} drawdown ${i === 0 ? 'without views' : 'with 16 views'}.`,
      holds: (rows: readonly Row[]) => {
        const row = rows.find(({ name }) => name === `resnet56${i === 0 ? '' : '-views-16'}`);
        if (row === undefined) return null;
        const because = `${row.name} ${percent(row.drawdown)} (generality ${percent(row.generality, 0)})`;
        return { holds: row.drawdown <= most, because };
      },
    })),
  ],
};

/** Fewer than the tables'. */
const usualEdits = 60;

interface Question {
  readonly network?: Network;
  readonly layers?: string | readonly string[];
  readonly curvature?: Partial<CurvatureChoice>;
  readonly views?: readonly number[];
  readonly training?: Training;
  readonly edits?: number;
}

function question(
  scale: Scale,
  name: string,
  {
    network = 'scale',
    layers = scale.chain,
    curvature = {},
    views = [0, 16],
    training = 'plain',
    edits = usualEdits,
  }: Question,
): readonly RowPlan<QuestionRow>[] {
  const chosen = { ...usualCurvature, ...curvature };
  return views.map((count) => {
    const setup: RepairSetup = {
      training,
      method: natural(layers, { views: count, curvature: chosen }),
      edits: Math.min(edits, scale.edits),
      ...(scale.precision === null ? {} : { precision: scale.precision / 2 }),
    };
    return {
      name: count === 0 ? name : `${name}-views-${count}`,
      setup: { network, ...setup },
      paper: null,
      measure: async (session) => ({ network, ...(await measureRepairs(await sessionOf(session, network), setup)) }),
    };
  });
}

/** With what the library does where nothing is said. */
const networkPlans = (scale: Scale): readonly RowPlan<QuestionRow>[] => [
  ...question(scale, 'usual', {}),
  ...(scale.base.kind === 'checkpoint' ? question(scale, 'resnet56', { network: 'resnet56' }) : []),
  ...question(scale, 'fashion', { network: 'fashion', layers: 'layer3' }),
];

const dampingPlans = (scale: Scale): readonly RowPlan<QuestionRow>[] =>
  [1e-4, 1e-3, 1e-1, 1].flatMap((damping) => [
    ...question(scale, `damping-${damping}`, { curvature: { damping } }),
    ...question(scale, `fashion-damping-${damping}`, { network: 'fashion', layers: 'layer3', curvature: { damping } }),
    ...(scale.base.kind === 'checkpoint'
      ? question(scale, `resnet56-damping-${damping}`, { network: 'resnet56', curvature: { damping } })
      : []),
  ]);

const imagePlans = (scale: Scale): readonly RowPlan<QuestionRow>[] =>
  [100, 300, 5000].flatMap((images) => question(scale, `images-${images}`, { curvature: { images } }));

const layerPlans = (scale: Scale): readonly RowPlan<QuestionRow>[] => [
  ...question(scale, 'convolutions', { layers: convolutions(scale, [0, 1, 2]) }),
  ...question(scale, 'norm-diagonal', { curvature: { form: 'diagonal' } }),
  ...[...scale.layers, lastLayer(scale)]
    .filter((layers) => layers !== scale.chain)
    .flatMap((layers) => question(scale, `on-${layers}`, { layers })),
];

const formPlans = (scale: Scale): readonly RowPlan<QuestionRow>[] => [
  ...question(scale, 'inputs-only', { curvature: { form: 'inputs' } }),
  ...(['kronecker', 'jacobian', 'both'] as const).flatMap((form) =>
    question(scale, `block-${form}`, { layers: convolutions(scale, [2]), curvature: { form, images: 500 } }),
  ),
  ...(['ekfac', 'combined'] as const).flatMap((form) => [
    ...question(scale, form, { curvature: { form } }),
    ...question(scale, `fashion-${form}`, { network: 'fashion', layers: 'layer3', curvature: { form } }),
    ...(scale.base.kind === 'checkpoint'
      ? question(scale, `resnet56-${form}`, { network: 'resnet56', curvature: { form } })
      : []),
  ]),
];

/**
 * Editable Training of the Fashion-MNIST network through the natural editor, in the metric of the model that it starts from, and
 * through RMSProp; and the same training without edits.
 */
function trainingPlans(scale: Scale): readonly RowPlan<QuestionRow>[] {
  const prepared = [0.3, 3, 30].flatMap((weight) => [
    fineTuned(`rmsprop-${weight}`, { ...editedBy('rmsprop'), cEdit: weight, cLoc: weight }),
    fineTuned(`natural-${weight}`, { ...editedBy('natural'), cEdit: weight, cLoc: weight }),
  ]);
  return (['plain', fineTuned('longer', { objective: 'plain' }), ...prepared] as const).flatMap((training) =>
    question(scale, `fashion-${trainingName(training)}`, {
      network: 'fashion',
      layers: 'layer3',
      training,
      edits: 200,
    }),
  );
}

/** As long again as the network was trained before. */
const fineTuned = (name: string, training: Partial<TrainingSettings>): EditableChoice => ({
  name,
  from: 'plain',
  training: { epochs: 2, batchSize: 128, learningRate: 1e-3, augment: false, clipEditNorm: 1, ...training },
  layers: ['layer3'],
  paper: null,
});

const editedBy = (name: 'rmsprop' | 'natural'): Pick<TrainingSettings, 'editor' | 'learnEditor'> => ({
  editor: {
    name,
    hyperparameters: name === 'rmsprop' ? { learningRate: 1e-3, beta: 0.5 } : {},
    layers: 'layer3',
    maxSteps: 10,
  },
  learnEditor: false,
});

/** Of the chain's blocks; ResNet-18's have two. */
function convolutions({ chain, base }: Scale, blocks: readonly number[]): readonly string[] {
  const own = base.kind === 'checkpoint' ? blocks : [...new Set(blocks.map((block) => Math.min(block, 1)))];
  return own.flatMap((block) => [`${chain}.${block}.conv1`, `${chain}.${block}.conv2`]);
}

const lastLayer = ({ base }: Scale): string => (base.kind === 'checkpoint' ? 'linear' : 'fc');
