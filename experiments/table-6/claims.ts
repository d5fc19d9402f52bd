/** What the paper concludes from its Table 6, and what is asked of ours. */
import { named } from '../shared/claims.js';
import type { Claim, NamedRow } from '../shared/experiment.js';
import { percent } from '../shared/numbers.js';
import type { TranslationRow } from './translation-row.js';

type Row = NamedRow<TranslationRow>;

/** Drawdown never goes alone. */
const figures = ({ name, bleu, bleuDrawdown, bleuDrawdownInterval: interval, successRate, edits }: Row): string =>
  `${name} (BLEU ${bleu.toFixed(2)}, drawdown ${bleuDrawdown.toFixed(2)}${interval === null ? '' : `, ${interval[0].toFixed(2)} to ${interval[1].toFixed(2)}`}, success ${percent(successRate, 1)}, ${edits} edits)`;

const of = (
  text: string,
  names: readonly string[],
  holds: (...rows: readonly Row[]) => boolean,
): Claim<TranslationRow> => ({
  text,
  holds: (rows) => {
    const found = named(rows, names);
    return found === null ? null : { holds: holds(...found), because: found.map(figures).join(', ') };
  },
});

const keptInARow = (row: Row | undefined): boolean => row?.successRate === 1 && row.bleuDrawdown <= 0.2;

export const claims: readonly Claim<TranslationRow>[] = [
  of(
    'Editable Training keeps the translation quality of the plain model (within 0.3 BLEU).',
    ['plain-rmsprop', 'editable-1e-3-rmsprop'],
    (plain, editable) => Math.abs((plain as Row).bleu - (editable as Row).bleu) <= 0.3,
  ),
  of(
    'It has the translation quality of the same training without edits (within 0.3 BLEU).',
    ['plain-longer-rmsprop', 'editable-1e-3-rmsprop'],
    (longer, editable) => Math.abs((longer as Row).bleu - (editable as Row).bleu) <= 0.3,
  ),
  of(
    "Editable Training has at most half of plain training's drawdown, by the same editor.",
    ['plain-rmsprop', 'editable-1e-3-rmsprop'],
    (plain, editable) => (editable as Row).bleuDrawdown <= (plain as Row).bleuDrawdown / 2,
  ),
  of(
    'It has less than the same training without edits.',
    ['plain-longer-rmsprop', 'editable-1e-3-rmsprop'],
    (longer, editable) => (editable as Row).bleuDrawdown < (longer as Row).bleuDrawdown,
  ),
  of(
    'A smaller α has less drawdown and takes more steps.',
    ['editable-1e-3-rmsprop', 'editable-3e-4-rmsprop'],
    (large, small) =>
      (small as Row).bleuDrawdown < (large as Row).bleuDrawdown && (small as Row).meanSteps > (large as Row).meanSteps,
  ),
  of('At least 99 % of edits succeed.', ['plain-rmsprop', 'editable-1e-3-rmsprop'], (...rows) =>
    rows.every(({ successRate }) => successRate >= 0.99),
  ),
  of(
    'The natural editor costs at most 0.1 BLEU on the plain model, of the layer that RMSProp edits (beyond the paper).',
    ['plain-natural'],
    (row) => (row as Row).bleuDrawdown <= 0.1,
  ),
  of(
    'It costs at most that where the repair settles (beyond the paper).',
    ['plain-natural-settled'],
    (row) => (row as Row).bleuDrawdown <= 0.1,
  ),
  of(
    'It costs at most that where it may change all decoder layers, as the command line does (beyond the paper).',
    ['plain-natural-decoder'],
    (row) => (row as Row).bleuDrawdown <= 0.1,
  ),
  of(
    'Twenty repairs of real mistakes in a row are all in force and cost at most 0.2 BLEU (beyond the paper).',
    ['plain-natural-in-a-row'],
    keptInARow,
  ),
  of(
    'They do where the repairs of the last decoder layer settle afterwards (beyond the paper).',
    ['plain-natural-settled-in-a-row'],
    keptInARow,
  ),
];
