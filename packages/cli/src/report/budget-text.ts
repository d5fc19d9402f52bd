/** A store's budget as people read it: the releases, the forecast, the advice. */
import type { BudgetForecast, BudgetReport } from '@editable/workspace';
import { short } from '@editable/workspace';
import { percent, percentInterval, plural, signedPercent } from '../console/numbers.js';
import { facts, table } from '../console/table.js';

const adviceWords = { unknown: 'unknown', room: 'go on', soon: 'retrain soon', now: 'retrain now' } as const;

export function describeBudget(report: BudgetReport): string {
  const { points, drawdown, negativeFlips, advice, because } = report;
  const head = facts([
    ['advice', `${adviceWords[advice]}. ${because}`],
    ...costFacts('drawdown', drawdown),
    ...costFacts('right to wrong', negativeFlips),
  ]);
  return [head, ...(points.length === 0 ? [] : [releasesTable(report)]), ...forecastTable(report)].join('\n');
}

function costFacts(name: string, { perRepair, limit, passed }: BudgetForecast): readonly (readonly [string, string])[] {
  if (perRepair === null) return [];
  const { expected, earliest } = passed;
  const when =
    earliest === null
      ? 'not foreseen to be passed'
      : `may be passed at ${plural(earliest, 'repair')}, ${expected === null ? 'but is not expected to be' : `expected at ${expected}`}`;
  return [[name, `${signedPercent(perRepair, 4)} a repair; at most ${percent(limit)}, ${when}`]];
}

const releasesTable = ({ points }: BudgetReport): string =>
  table(
    points.map((each) => [
      short(each.release),
      String(each.repairs),
      String(each.inForce),
      signedPercent(each.drawdown),
      percentInterval(each.drawdownInterval),
      percent(each.negativeFlips),
      each.generality === null ? '' : percent(each.generality, 0),
    ]),
    {
      head: ['Release', 'Repairs', 'In force', 'Drawdown', '95 % interval', 'Right to wrong', 'Unseen views'],
      right: [1, 2, 3, 4, 5, 6],
    },
  );

function forecastTable({ drawdown, negativeFlips }: BudgetReport): readonly string[] {
  if (drawdown.ahead.length === 0) return [];
  const interval = (of: readonly [number, number] | null): string => (of === null ? 'unknown' : percentInterval(of));
  const rows = drawdown.ahead.map(({ repairs, expected, interval: doubt }, i) => {
    const flips = negativeFlips.ahead[i];
    return [
      String(repairs),
      signedPercent(expected),
      interval(doubt),
      flips === undefined ? '' : percent(flips.expected),
      interval(flips?.interval ?? null),
    ];
  });
  return [
    table(rows, {
      head: ['After repairs', 'Drawdown', '95 % interval', 'Right to wrong', '95 % interval'],
      right: [0, 1, 2, 3, 4],
    }),
  ];
}
