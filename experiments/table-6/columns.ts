/** Table 6 as it is printed, our numbers beside the paper's. */
import type { Column, NamedRow } from '../shared/experiment.js';
import { percent, shortTime } from '../shared/numbers.js';
import type { TranslationRow } from './translation-row.js';

type Cell = (row: NamedRow<TranslationRow>) => string;

const right = (title: string, cell: Cell): Column<TranslationRow> => ({ title, right: true, cell });
const given = (value: number | null | undefined, text: (value: number) => string): string =>
  value === null || value === undefined ? '' : text(value);
const two = (value: number): string => value.toFixed(2);

export const columns: readonly Column<TranslationRow>[] = [
  { title: 'Row', cell: ({ name }) => name },
  { title: 'Editor', cell: ({ editor }) => editor },
  right('BLEU, paper', ({ paper }) => given(paper?.bleu, two)),
  right('BLEU', ({ bleu }) => two(bleu)),
  right('Drawdown, paper', ({ paper }) => given(paper?.drawdown, two)),
  right('Drawdown, ours (95 % interval)', ({ bleuDrawdown, bleuDrawdownInterval: interval }) =>
    interval === null ? two(bleuDrawdown) : `${two(bleuDrawdown)} (${two(interval[0])} to ${two(interval[1])})`,
  ),
  right('Success, paper', ({ paper }) => given(paper?.successRate, (value) => percent(value, 1))),
  right('Success', ({ successRate }) => percent(successRate, 1)),
  right('Beam gives target', ({ bestRate }) => percent(bestRate, 1)),
  right('Steps, paper', ({ paper }) => given(paper?.meanSteps, two)),
  right('Steps', ({ meanSteps }) => two(meanSteps)),
  right('Generality', ({ generality }) => given(generality, (value) => percent(value, 0))),
  right('Changed', ({ changed }) => percent(changed, 0)),
  right('Edits', ({ edits, inARow }) => (inARow === null ? String(edits) : `${edits} in a row`)),
  right('Time an edit', ({ secondsPerEdit }) => shortTime(secondsPerEdit)),
];
