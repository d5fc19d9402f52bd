/** A store's repairs, releases and history as people read them. */
import type {
  Conflicts,
  Effect,
  JournalEntry,
  Moved,
  ReleaseDiff,
  ReleasedSet,
  StoredCheck,
  StoredRepair,
  StoreEvent,
  StoreState,
  Verification,
} from '@editable/workspace';
import { asked, short, statusOf } from '@editable/workspace';
import { count, duration, percent, percentInterval, plural, signedPercent } from '../console/numbers.js';
import { facts, table } from '../console/table.js';
import { describeSolver } from './editor-text.js';

/** Rows that are listed; the JSON document has all. */
const shown = 10;

export function describeState(state: StoreState): string {
  const { base, unrepaired, bases, repairs, releases, active } = state;
  const head = facts([
    ['base', base === null ? 'none' : `${short(base)}, from ${bases.get(base)?.from}`],
    [
      'active',
      active === null
        ? `none: ${unrepaired === base ? 'the base' : short(unrepaired ?? '')} is served as it is`
        : short(active),
    ],
    ['repairs', plural(repairs.size, 'repair')],
    ['releases', plural(releases.size, 'release')],
  ]);
  return [
    head,
    ...(repairs.size === 0 ? [] : [repairsTable(state)]),
    ...(releases.size === 0 ? [] : [releasesTable(state)]),
  ].join('\n');
}

const repairsTable = (state: StoreState): string =>
  table(
    [...state.repairs.values()].map((repair) => [
      short(repair.id),
      statusOf(state, repair),
      pictureOf(repair),
      repair.source.predicted.name,
      repair.source.targetName,
      String(repair.wish.views),
      repair.proposed.by,
      repair.approved?.by ?? '',
      repair.retired?.why ?? repair.proposed.why,
    ]),
    {
      head: ['Repair', 'State', 'Picture', 'Was', 'Shall be', 'Views', 'Proposed by', 'Approved by', 'Why'],
      right: [5],
    },
  );

const pictureOf = ({ source: { index, file } }: StoredRepair): string =>
  index === null ? (file ?? 'a picture') : `test image ${index}`;

const releasesTable = ({ releases, checks, active }: StoreState): string =>
  table(
    [...releases.values()].map(({ id, parent, base, repairs, by, at }) => [
      id === active ? '*' : '',
      short(id),
      parent === null ? 'the base' : short(parent),
      short(base),
      String(repairs.length),
      checkOf(checks.get(id)),
      by,
      at.slice(0, 16).replace('T', ' '),
    ]),
    { head: ['', 'Release', 'After', 'Base', 'Repairs', 'Check', 'By', 'At'], right: [4] },
  );

const checkOf = (check: StoredCheck | undefined): string =>
  check === undefined ? 'none' : check.passed ? 'passed' : 'failed';

export const describeRepair = (repair: StoredRepair): string =>
  `${asked(repair)}: the base says ${repair.source.predicted.name} (${percent(repair.source.predicted.probability, 1)})`;

export function describeRelease({ stored, release }: ReleasedSet): string {
  return facts([
    ['release', `${short(stored.id)}, after ${stored.parent === null ? 'the base' : short(stored.parent)}`],
    ['repairs', plural(stored.repairs.length, 'repair')],
    ...effectFacts(release.effect),
    ['steps', `${count(release.steps)} in ${duration(release.seconds)} on ${describeSolver(release.solver)}`],
    ['changed', plural(release.changed.length, 'tensor')],
  ]);
}

export function effectFacts(effect: Effect): readonly (readonly [string, string])[] {
  const { repairs, generality, drawdown, drawdownInterval, negativeFlips, data } = effect;
  const inForce = repairs.filter(({ holds }) => holds).length;
  return [
    [
      'in force',
      `${inForce} of ${repairs.length}${generality === null ? '' : `, ${percent(generality, 0)} of unseen views follow`}`,
    ],
    [
      'test error',
      `${percent(effect.errorBefore)} → ${percent(effect.errorAfter)}, drawdown ${signedPercent(drawdown)} (95 % interval ${percentInterval(drawdownInterval)})`,
    ],
    [
      'flips',
      `${plural(effect.flips, 'prediction')} of ${count(data.images)}, of them ${negativeFlips.length} right before and wrong now`,
    ],
  ];
}

export const describeLog = (entries: readonly JournalEntry[]): string =>
  table(
    entries.map(({ seq, at, by, event }) => [
      String(seq),
      at.slice(0, 19).replace('T', ' '),
      by,
      happened(event),
      reasonOf(event),
    ]),
    { head: ['', 'At', 'By', 'What', 'Why'], right: [0] },
  );

function happened(event: StoreEvent): string {
  switch (event.kind) {
    case 'base':
      return `base ${short(event.base)} from ${event.from}`;
    case 'released':
      return `released ${short(event.release)} with ${plural(event.repairs.length, 'repair')}`;
    case 'checked':
      return `checked ${short(event.release)}: ${event.passed ? 'passed' : 'failed'}`;
    case 'activated':
      return `${event.rollBack ? 'rolled back to' : 'activated'} ${event.release === null ? 'the base' : short(event.release)}${event.override === undefined ? '' : ' without a check that passed'}`;
    default:
      return `${event.kind} ${short(event.repair)}`;
  }
}

function reasonOf(event: StoreEvent): string {
  if (event.kind === 'activated') return [event.why, event.override ?? ''].filter((each) => each !== '').join('; ');
  return 'why' in event ? event.why : '';
}

export function describeDiff(
  { from, to, added, removed, weights, images, answers, agreement }: ReleaseDiff,
  classes: readonly string[],
): string {
  const name = (id: string | null): string => (id === null ? 'the base' : short(id));
  const head = facts([
    ['between', `${name(from)} and ${name(to)}`],
    ['repairs', `${added.length} added${listed(added)}, ${removed.length} removed${listed(removed)}`],
    ['weights', `${plural(weights.length, 'tensor')} differ`],
    [
      'answers',
      `${count(answers.length)} of ${count(images)} test images are answered otherwise (${percent(agreement)} alike)`,
    ],
  ]);
  const tables = [
    ...(weights.length === 0
      ? []
      : [
          table(
            weights
              .slice(0, shown)
              .map((each) => [
                each.name,
                count(each.numbers),
                count(each.changed),
                percent(each.relative),
                each.largest.toPrecision(3),
              ]),
            { head: ['Tensor', 'Numbers', 'Changed', 'Relative', 'Largest'], right: [1, 2, 3, 4] },
          ),
        ]),
    ...(answers.length === 0
      ? []
      : [
          table(
            answers
              .slice(0, shown)
              .map((each) => [
                String(each.index),
                ...[each.label, each.before, each.after].map((label) => classes[label] ?? '?'),
              ]),
            { head: ['Test image', 'Is', 'Before', 'After'], right: [0] },
          ),
        ]),
  ];
  return [head, ...tables].join('\n');
}

const listed = (ids: readonly string[]): string =>
  ids.length === 0 ? '' : ` (${ids.slice(0, shown).map(short).join(', ')})`;

export function describeVerification({
  ok,
  entries,
  bases,
  repairs,
  releases,
  problems,
  unused,
}: Verification): string {
  const counts = `${plural(entries, 'journal entry').replace('entrys', 'entries')}, ${plural(bases, 'base')}, ${plural(repairs, 'repair')}, ${plural(releases, 'release')}`;
  return [
    `${ok ? 'whole' : 'damaged'}: ${counts}`,
    ...problems,
    ...(unused.length === 0
      ? []
      : [`${plural(unused.length, 'file')} of operations that were cut short; they do no harm.`]),
  ].join('\n');
}

export function describeConflicts(
  { alone, contradicting, overlapping }: Conflicts,
  repairOf: (id: string) => StoredRepair,
): string {
  const name = (id: string): string => asked(repairOf(id));
  return [
    table(
      alone.map(({ repair, holds, negativeFlips }) => [
        name(repair),
        holds ? 'yes' : 'no',
        String(negativeFlips.length),
      ]),
      { head: ['Repair alone', 'Holds', 'Right to wrong'], right: [2] },
    ),
    ...contradicting.map(([a, b]) => `${name(a)} and ${name(b)} cannot hold together.`),
    ...overlapping
      .slice(0, shown)
      .map(
        ({ repairs: [a, b], pictures }) =>
          `${name(a)} and ${name(b)} both turn ${plural(pictures.length, 'right answer')} wrong: ${pictures.slice(0, shown).join(', ')}.`,
      ),
    ...(contradicting.length + overlapping.length === 0 ? ['None is in the way of another.'] : []),
  ].join('\n');
}

export function describeMove(
  { base, standings, notNeeded, released }: Moved,
  repairOf: (id: string) => StoredRepair,
): string {
  return [
    `new base ${short(base)}: of ${plural(standings.length, 'repair')} it has ${notNeeded.length} by itself`,
    ...notNeeded.map((id) => `  not needed any more: ${asked(repairOf(id))}`),
    describeRelease(released),
  ].join('\n');
}
