/** Columns of tables of repairs: the paper's figures beside ours. */
import type { Column, PaperFigures } from './experiment.js';
import { mebibytes, percent, percentInterval, shortTime } from './numbers.js';
import type { RepairRow } from './repair-row.js';

type RepairColumn = Column<RepairRow>;

type ColumnName =
  | 'row'
  | 'editor'
  | 'layers'
  | 'testError'
  | 'drawdown'
  | 'success'
  | 'steps'
  | 'generality'
  | 'time'
  | 'memory'
  | 'edits'
  | `paper${'Drawdown' | 'Success' | 'Steps' | 'TestError'}`;

const paperFigure =
  (name: keyof PaperFigures, show: (value: number) => string): RepairColumn['cell'] =>
  (row) => {
    const value = row.paper?.[name];
    return value === undefined ? '' : show(value);
  };

export const repairColumns: Readonly<Record<ColumnName, RepairColumn>> = {
  row: { title: 'Row', cell: (row) => row.name },
  editor: { title: 'Editor', cell: ({ editor }) => editor },
  layers: { title: 'Layers', cell: ({ layers }) => layers ?? '' },
  testError: { title: 'Test error', right: true, cell: ({ testError }) => percent(testError) },
  paperDrawdown: { title: 'Drawdown, paper', right: true, cell: paperFigure('drawdown', percent) },
  drawdown: {
    title: 'Drawdown, ours (95 % interval)',
    right: true,
    cell: ({ drawdown, drawdownInterval }) => `${percent(drawdown)} (${percentInterval(drawdownInterval)})`,
  },
  paperSuccess: {
    title: 'Success, paper',
    right: true,
    cell: paperFigure('successRate', (value) => percent(value, 1)),
  },
  success: { title: 'Success, ours', right: true, cell: ({ successRate }) => percent(successRate, 1) },
  paperSteps: { title: 'Steps, paper', right: true, cell: paperFigure('meanSteps', (value) => value.toFixed(2)) },
  steps: { title: 'Steps, ours', right: true, cell: ({ meanSteps }) => meanSteps.toFixed(2) },
  paperTestError: { title: 'Test error, paper', right: true, cell: paperFigure('testError', percent) },
  generality: { title: 'Generality', right: true, cell: ({ generality }) => percent(generality, 0) },
  time: { title: 'Time an edit', right: true, cell: ({ secondsPerEdit }) => shortTime(secondsPerEdit) },
  memory: { title: 'MiB an edit', right: true, cell: ({ editBytes }) => mebibytes(editBytes) },
  edits: { title: 'Edits', right: true, cell: ({ edits }) => String(edits) },
};

/** What a table of Editable Training shows of each row; what it costs and how many edits there were come after. */
export const comparedColumns: readonly RepairColumn[] = [
  repairColumns.row,
  repairColumns.editor,
  repairColumns.layers,
  repairColumns.paperTestError,
  repairColumns.testError,
  repairColumns.paperDrawdown,
  repairColumns.drawdown,
  repairColumns.paperSuccess,
  repairColumns.success,
  repairColumns.paperSteps,
  repairColumns.steps,
  repairColumns.generality,
];
