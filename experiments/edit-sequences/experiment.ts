/** Many edits in a row on one model: its error, and the edits still in force (beyond the paper, whose edits are independent). */
import { join } from 'node:path';
import { editSequenceChart } from '@editable/charts';
import {
  type EditorChoice,
  type EditTargets,
  editSequence,
  makeRunFolder,
  modelHash,
  type SequenceCheckpoint,
} from 'editable';
import { digest } from '../shared/digest.js';
import type { Experiment, FigureOptions, NamedRow, RowPlan } from '../shared/experiment.js';
import { writeFigure } from '../shared/figure-file.js';
import { bothTrainings, tunedModel } from '../shared/model-editor.js';
import { type Training, trainingName } from '../shared/models.js';
import { percent } from '../shared/numbers.js';
import type { SequenceChoice } from '../shared/scale.js';
import type { Session } from '../shared/session.js';

export interface SequenceRow {
  readonly training: string;
  readonly targets: EditTargets;
  readonly editor: string;
  readonly hyperparameters: EditorChoice['hyperparameters'];
  readonly layers: string | readonly string[];
  /** Before any edit, on the images that are judged and never edited. */
  readonly testError: number;
  readonly testImages: number;
  readonly edits: number;
  readonly successRate: number;
  readonly meanSteps: number;
  readonly checkpoints: readonly SequenceCheckpoint[];
}

type Row = NamedRow<SequenceRow>;

export const editSequences: Experiment<SequenceRow> = {
  name: 'edit-sequences',
  title: 'Edits in a row',
  plans: (scale) =>
    (['random', 'mistakes'] as const).flatMap((targets) =>
      bothTrainings(scale).map((training) => plan(scale.sequence, training, targets)),
    ),
  testImages: ({ sequence }) => sequence.testImages,
  columns: [
    { title: 'Row', cell: ({ name }) => name },
    { title: 'Test error before', right: true, cell: ({ testError }) => percent(testError) },
    ...[10, 50, 100].map((edits) => ({
      title: `after ${edits}`,
      right: true,
      cell: (row: Row) => at(row, edits, ({ testError }) => percent(testError)),
    })),
    { title: 'at the end', right: true, cell: (row) => last(row, ({ testError }) => percent(testError)) },
    { title: 'In force at the end', right: true, cell: (row) => last(row, inForce) },
    { title: 'Success', right: true, cell: ({ successRate }) => percent(successRate, 1) },
    { title: 'Steps', right: true, cell: ({ meanSteps }) => meanSteps.toFixed(2) },
    { title: 'Edits', right: true, cell: ({ edits }) => String(edits) },
  ],
  claims: [],
  figures: draw,
};

const plan = (settings: SequenceChoice, training: Training, targets: EditTargets): RowPlan<SequenceRow> => ({
  name: `${training === 'plain' ? 'plain' : 'editable'}-${targets}`,
  setup: { sequence: settings, training, targets },
  paper: null,
  measure: (session) => measure(session, settings, training, targets),
});

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

const inForce = ({ inForce: share }: SequenceCheckpoint): string => (share === null ? '' : percent(share, 1));

/** A picture for each kind of targets, the two models in each. */
async function draw(rows: readonly Row[], { folder, prefix }: FigureOptions): Promise<readonly string[]> {
  const kinds = [...new Set(rows.map(({ targets }) => targets))];
  const files = kinds.map((targets) => {
    const series = rows
      .filter((row) => row.targets === targets)
      .map(({ training, testError, checkpoints }) => ({
        name: training === 'plain' ? 'Plain training' : 'Editable Training',
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
