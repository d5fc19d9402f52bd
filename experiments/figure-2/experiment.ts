/** Figure 2: which classes suffer, a map of edits, and how many directions they have, without and with Editable Training. */
import { join } from 'node:path';
import { classDrawdownChart, editMapChart, explainedVarianceChart } from '@editable/charts';
import type { Claim, Experiment, FigureOptions, NamedRow } from '../shared/experiment.js';
import { writeFigure } from '../shared/figure-file.js';
import { bothTrainings } from '../shared/model-editor.js';
import { percent } from '../shared/numbers.js';
import { type DescriptorRow, describeModel } from './descriptors.js';

type Row = NamedRow<DescriptorRow>;

const find = (rows: readonly Row[], name: string): Row | undefined => rows.find((row) => row.name === name);

const claims: readonly Claim<DescriptorRow>[] = [
  {
    text: 'Edits of the plain model harm the class of the edited image most.',
    holds: (rows) => {
      const plain = find(rows, 'plain');
      if (plain === undefined) return null;
      const { sameClass, otherClasses } = plain;
      return {
        holds: sameClass > otherClasses,
        because: `drawdown ${percent(sameClass)} in the same class, ${percent(otherClasses)} in others`,
      };
    },
  },
  {
    text: 'With Editable Training, more components are needed to explain the same share of variance.',
    holds: (rows) => {
      const [plain, editable] = [find(rows, 'plain'), find(rows, 'editable')];
      if (plain === undefined || editable === undefined) return null;
      const [without, with_] = [components(plain), components(editable)];
      return {
        holds: with_ > without,
        because: `${with_} components explain 90 % with it, ${without} without`,
      };
    },
  },
];

const components = ({ componentsFor90 }: Row): number => componentsFor90 ?? Number.POSITIVE_INFINITY;

export const figure2: Experiment<DescriptorRow> = {
  name: 'figure-2',
  title: 'Figure 2: what edits do',
  plans: (scale) =>
    bothTrainings(scale).map((training) => ({
      name: training === 'plain' ? 'plain' : 'editable',
      setup: { figure: scale.figure, training },
      paper: null,
      measure: (session) => describeModel(session, training, scale.figure),
    })),
  testImages: ({ figure }) => figure.testImages,
  columns: [
    { title: 'Model', cell: ({ training }) => training },
    { title: 'Drawdown, same class', right: true, cell: ({ sameClass }) => percent(sameClass) },
    { title: 'Drawdown, other classes', right: true, cell: ({ otherClasses }) => percent(otherClasses) },
    {
      title: 'Components for 90 %',
      right: true,
      cell: ({ componentsFor90, described }) =>
        componentsFor90 === null ? `over ${described}` : String(componentsFor90),
    },
    { title: 'Success', right: true, cell: ({ successRate }) => percent(successRate, 1) },
    { title: 'Steps', right: true, cell: ({ meanSteps }) => meanSteps.toFixed(2) },
    { title: 'Edits', right: true, cell: ({ edits }) => String(edits) },
    { title: 'Described', right: true, cell: ({ described }) => String(described) },
  ],
  claims,
  figures: draw,
};

async function draw(rows: readonly Row[], { folder, prefix, classes }: FigureOptions): Promise<readonly string[]> {
  const [first] = rows as readonly [Row];
  const named = rows.map((row) => ({ row, name: row.name === 'plain' ? 'Plain training' : 'Editable Training' }));
  const charts = {
    'class-drawdown': classDrawdownChart({
      classes,
      models: named.map(({ name, row }) => ({ name, mean: row.classDrawdown })),
    }),
    'edit-map': editMapChart({
      classes,
      models: named.map(({ name, row }) => ({ name, points: row.map.map(([x, y, label]) => ({ x, y, label })) })),
    }),
    'explained-variance': explainedVarianceChart({
      models: named.map(({ name, row }) => ({ name, cumulative: row.cumulative })),
      components: first.cumulative.length,
    }),
  };
  const files = Object.entries(charts).map(([name, spec]) => writeFigure(spec, join(folder, `${prefix}-${name}`)));
  return (await Promise.all(files)).flat();
}
