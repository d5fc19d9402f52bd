/** Many edits in a row on one model: its error, and the edits still in force (beyond the paper, whose edits are independent). */
import { join } from 'node:path';
import { editSequenceChart } from '@editable/charts';
import {
  canonicalChoice,
  type EditTargets,
  editSequence,
  makeRunFolder,
  modelHash,
  type SequenceCheckpoint,
} from 'editable';
import { digest } from '../shared/digest.js';
import type { Claim, Experiment, FigureOptions, NamedRow, RowPlan } from '../shared/experiment.js';
import { writeFigure } from '../shared/figure-file.js';
import { bothTrainings, tunedModel } from '../shared/model-editor.js';
import { type Training, trainingName } from '../shared/models.js';
import { percent } from '../shared/numbers.js';
import type { Scale, SequenceChoice } from '../shared/scale.js';
import type { Session } from '../shared/session.js';
import type { SequenceRow } from './sequence-row.js';
import { repairTogether, type TogetherChoice } from './together.js';

type Row = NamedRow<SequenceRow>;

function together(how: 'at once' | 'one after another', edits: number, most: number): Claim<SequenceRow> {
  return {
    text: `${edits} real mistakes are repaired ${how}, all in force, for at most ${(100 * most).toFixed(1)} points of error.`,
    holds: (rows) => {
      const wanted = `natural-mistakes-${edits}${how === 'at once' ? '-at-once' : ''}`;
      const row = rows.find(({ name }) => name === wanted);
      const end = row?.checkpoints.at(-1);
      if (row === undefined || end === undefined) return null;
      const because = `${percent(row.testError)} before, ${percent(end.testError)} after, ${inForce(end)} in force, ${stepsOf(row)}${how === 'at once' ? '' : ' steps each'}`;
      return { holds: row.successRate === 1 && end.drawdown <= most, because };
    },
  };
}

const kinds = ['random', 'mistakes'] as const;

export const editSequences: Experiment<SequenceRow> = {
  name: 'edit-sequences',
  title: 'Edits in a row',
  plans: (scale) => [
    ...kinds.flatMap((targets) => bothTrainings(scale).map((training) => plan(scale.sequence, training, targets))),
    ...kinds.flatMap((targets) =>
      scale.together[targets].flatMap((edits) => [
        ...longPlans(scale, targets, edits),
        ...[false, true].map((atOnce) => togetherPlan(scale, { targets, edits, atOnce })),
      ]),
    ),
  ],
  testImages: ({ sequence }) => sequence.testImages,
  columns: [
    { title: 'Row', cell: ({ name }) => name },
    { title: 'Test error before', right: true, cell: ({ testError }) => percent(testError) },
    ...[10, 50, 100, 200, 400].map((edits) => ({
      title: `after ${edits}`,
      right: true,
      cell: (row: Row) => at(row, edits, ({ testError }) => percent(testError)),
    })),
    { title: 'at the end', right: true, cell: (row) => last(row, ({ testError }) => percent(testError)) },
    { title: 'In force at the end', right: true, cell: (row) => last(row, inForce) },
    {
      title: 'Seconds',
      right: true,
      cell: ({ solveSeconds }) => (solveSeconds === undefined ? '' : solveSeconds.toFixed(1)),
    },
    { title: 'Success', right: true, cell: ({ successRate }) => percent(successRate, 1) },
    { title: 'Steps', right: true, cell: (row) => stepsOf(row) },
    {
      title: 'Generality',
      right: true,
      cell: ({ generality = null }) => (generality === null ? '' : percent(generality, 0)),
    },
    { title: 'Edits', right: true, cell: ({ edits }) => String(edits) },
  ],
  claims: [
    together('at once', 200, 0.005),
    together('one after another', 200, 0.005),
    together('at once', 800, 0.025),
    together('one after another', 800, 0.025),
  ],
  figures: draw,
};

const plan = (
  settings: SequenceChoice,
  training: Training,
  targets: EditTargets,
  name = `${training === 'plain' ? 'plain' : 'editable'}-${targets}`,
): RowPlan<SequenceRow> => ({
  name,
  setup: { sequence: settings, training, targets },
  paper: null,
  measure: (session) => measure(session, settings, training, targets),
});

/** The paper's way beside it: RMSProp, each edit alone. */
const longPlans = ({ sequence }: Scale, targets: EditTargets, edits: number): readonly RowPlan<SequenceRow>[] =>
  edits === sequence.edits || edits > mostAlone
    ? []
    : [plan({ ...sequence, edits, every: 10 }, 'plain', targets, `plain-${targets}-${edits}`)];

/** Long before so many the model is ruined. */
const mostAlone = 200;

/** k, for a set. */
const mostStepsTogether = 30;

function togetherPlan(
  { chain }: Scale,
  { targets, edits, atOnce }: Pick<TogetherChoice, 'targets' | 'edits' | 'atOnce'>,
): RowPlan<SequenceRow> {
  const editor = canonicalChoice({ name: 'natural', hyperparameters: {}, layers: chain, maxSteps: mostStepsTogether });
  const choice: TogetherChoice = { targets, edits, atOnce, editor };
  return {
    name: `natural-${targets}-${edits}${atOnce ? '-at-once' : ''}`,
    setup: { together: choice },
    paper: null,
    measure: (session) => {
      session.say(`  ${edits} repairs together${atOnce ? ', at once' : ', one after another'}`);
      return repairTogether(session, choice);
    },
  };
}

async function measure(
  session: Session,
  { edits, every, testImages }: SequenceChoice,
  training: Training,
  targets: EditTargets,
): Promise<SequenceRow> {
  const { dataset, seed, device, work, say } = session;
  const { run, choice } = await tunedModel(session, training);
  const folder = join(work, 'sequences');
  makeRunFolder(folder);
  const name = digest([modelHash(run.model), choice, targets, edits, every, testImages, seed]).slice(0, 24);
  say(`  ${edits} edits in a row`);
  const {
    editor,
    records,
    seconds,
    seed: _,
    ...figures
  } = await editSequence(run.model, dataset, {
    editor: choice,
    edits,
    targets,
    seed,
    device,
    normalization: run.config.normalization,
    checkpoints: [1, 2, ...Array.from({ length: Math.floor(edits / every) }, (__, i) => (i + 1) * every)],
    recordsFile: join(folder, `${name}.jsonl`),
    ...(testImages === null ? {} : { testImages }),
  });
  const { name: editorName, hyperparameters, layers } = editor;
  return { training: trainingName(training), ...figures, editor: editorName, hyperparameters, layers };
}

const at = ({ checkpoints }: Row, edits: number, show: (checkpoint: SequenceCheckpoint) => string): string => {
  const found = checkpoints.find((checkpoint) => checkpoint.edits === edits);
  return found === undefined ? '' : show(found);
};

const last = (row: Row, show: (checkpoint: SequenceCheckpoint) => string): string => at(row, row.edits, show);

const stepsOf = ({ together, steps, meanSteps }: Row): string =>
  together === 'at once' ? `${steps} in all` : meanSteps.toFixed(2);

const inForce = ({ inForce: share }: SequenceCheckpoint): string => (share === null ? '' : percent(share, 1));

const seriesOf = ({ training, editor, together, edits }: Row): string => {
  if (together !== undefined) return `${editor}, together with those before`;
  return training === 'plain' ? `${editor}, plain training, ${edits} edits` : `${editor}, Editable Training`;
};

/** A picture for each kind of targets, the models and editors in each. */
async function draw(rows: readonly Row[], { folder, prefix }: FigureOptions): Promise<readonly string[]> {
  const found = [...new Set(rows.map(({ targets }) => targets))];
  const files = found.map((targets) => {
    const series = rows
      .filter((row) => row.targets === targets && row.together !== 'at once' && row.edits <= mostAlone)
      .map((row) => ({ ...row, series: seriesOf(row) }))
      .map(({ series, testError, checkpoints }) => ({
        name: series,
        points: [
          { edits: 0, errorRate: testError, inForce: null },
          ...checkpoints.map((each) => ({ edits: each.edits, errorRate: each.testError, inForce: each.inForce })),
        ],
      }));
    const title =
      targets === 'random'
        ? 'Edits to random labels, one after another'
        : 'Repairs of real mistakes, one after another';
    return writeFigure(editSequenceChart({ series, title }), join(folder, `${prefix}-${targets}`));
  });
  return (await Promise.all(files)).flat();
}
