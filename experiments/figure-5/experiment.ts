/** Figure 5: the ranks of right answers in a network's mistakes, and repairs of natural mistakes in a row, ten times over. */
import { join } from 'node:path';
import { errorBandChart, rankChart } from '@editable/charts';
import type { Claim, Experiment, FigureOptions, NamedRow, RowPlan } from '../shared/experiment.js';
import { writeFigure } from '../shared/figure-file.js';
import { ownEditor } from '../shared/model-editor.js';
import { modelOf, plainModel, ranksOfMistakes, trainingName } from '../shared/models.js';
import { percent } from '../shared/numbers.js';
import { photographScales } from '../shared/photograph-scales.js';
import type { EditableChoice, Scale } from '../shared/scale.js';
import type { Session } from '../shared/session.js';
import { tunedEditor } from '../shared/tuned-editor.js';
import { type NamedTraining, trainings } from '../table-5/trainings.js';
import { type SequenceRuns, type SpreadPoint, sequenceRuns } from './sequence-runs.js';

interface FigureRow {
  readonly training: string;
  readonly editor: string;
  readonly layers: string;
  readonly sequence: SequenceRuns;
  /** Of the right classes in the pre-trained network's mistakes on training photographs. */
  readonly ranks: readonly number[];
}

type Row = NamedRow<FigureRow>;

/** As the paper has it, but for the number of edits: there are as many as a test split of hundreds allows. */
const choice = { runs: 10, edits: 50, every: 5 };

export const figure5: Experiment<FigureRow> = {
  name: 'figure-5',
  title: 'Figure 5: ranks of right answers, and repairs of natural mistakes in a row',
  scales: photographScales,
  plans: (scale) =>
    trainings(scale)
      .filter(({ name }) => name === 'pretrained' || name === 'match-ranks')
      .map((each) => plan(scale, each)),
  columns: [
    { title: 'Row', cell: ({ name }) => name },
    { title: 'Editor', cell: ({ editor }) => editor },
    { title: 'Layers', cell: ({ layers }) => layers },
    ...[0, 10, 25, 50].map((edits) => ({
      title: edits === 0 ? 'Test error before' : `after ${edits}`,
      right: true,
      cell: (row: Row) => at(row, edits, ({ testError, deviation }) => `${percent(testError)} ± ${percent(deviation)}`),
    })),
    {
      title: 'In force at the end',
      right: true,
      cell: (row) => at(row, choice.edits, ({ inForce }) => percent(inForce, 1)),
    },
    { title: 'Success', right: true, cell: ({ sequence }) => percent(sequence.successRate, 1) },
    { title: 'Steps', right: true, cell: ({ sequence }) => sequence.meanSteps.toFixed(2) },
    { title: 'Runs', right: true, cell: ({ sequence }) => String(sequence.runs) },
  ],
  claims: [inARow()],
  figures: draw,
};

function plan(scale: Scale, { name, training }: NamedTraining): RowPlan<FigureRow> {
  const [editable] = scale.editable as readonly [EditableChoice];
  return {
    name,
    setup: { figure5: choice, training },
    paper: null,
    measure: async (session) => {
      const run = await modelOf(session, training);
      const tuned = await tunedEditor(session, run, ownEditor(editable));
      const { name: editor, layers } = tuned.choice;
      return {
        training: trainingName(training),
        editor,
        layers: String(layers),
        sequence: await sequenceRuns(session, run, tuned, choice),
        ranks: await ranksOf(session),
      };
    },
  };
}

const ranksOf = async (session: Session): Promise<readonly number[]> =>
  ranksOfMistakes(session, await plainModel(session));

const at = ({ sequence }: Row, edits: number, show: (point: SpreadPoint) => string): string => {
  const found = sequence.points.find((point) => point.edits === edits);
  return found === undefined ? '' : show(found);
};

function inARow(): Claim<FigureRow> {
  return {
    text: 'Without ever being trained for it, the model of Editable Training copes with edits in a row better than the pre-trained one.',
    holds: (rows) => {
      const [plain, editable] = ['pretrained', 'match-ranks'].map((name) => rows.find((row) => row.name === name));
      if (plain === undefined || editable === undefined) return null;
      const rise = ({ sequence: { points } }: Row): number =>
        (points.at(-1)?.testError ?? 0) - (points[0]?.testError ?? 0);
      const because = [plain, editable].map((row) => `${row.name} ${percent(rise(row))}`).join(', ');
      return {
        holds: rise(editable) < rise(plain),
        because: `error rises by: ${because}, after ${choice.edits} edits`,
      };
    },
  };
}

async function draw(rows: readonly Row[], { folder, prefix }: FigureOptions): Promise<readonly string[]> {
  const series = rows.map(({ name, sequence }) => ({
    name,
    points: sequence.points.map(({ edits, testError, deviation }) => ({ edits, errorRate: testError, deviation })),
  }));
  const [first] = rows as readonly [Row];
  const figures = [
    writeFigure(
      rankChart({ ranks: first.ranks, title: 'Ranks of right answers in mistakes' }),
      join(folder, `${prefix}-ranks`),
    ),
    writeFigure(
      errorBandChart({ series, title: 'Repairs of natural mistakes in a row' }),
      join(folder, `${prefix}-sequences`),
    ),
  ];
  return (await Promise.all(figures)).flat();
}
