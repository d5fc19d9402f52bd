/** What wishes would do beside what is served, judged on more and more test images: the first figures come at once. */
import { setImmediate as turn } from 'node:timers/promises';
import type { nn } from '@editable/torch';
import { type Flip, type ImageSplit, preview, stream, subset, TestSet } from 'editable';
import { invalid } from '../../errors.js';
import { goOn, type JobOptions } from '../../job-events.js';
import { inputOf, type Picture, type Prediction, probabilitiesOf, ranked } from '../../pictures/picture.js';
import { intervalOf, standingOf } from '../measure-effect.js';
import type { RepairStanding } from '../release-file.js';
import { type SolvedSet, solveSet, type WishedPicture } from '../solve-set.js';
import { servedRepairs, wantedRepairs } from '../state.js';
import { type Bench, loadRelease } from '../store-base.js';
import { repairId, sha256, type Wish } from '../wish.js';
import { requireMet, wishedPictures } from './release.js';

/** A repair that nobody has to have proposed. */
export interface PreviewWish {
  readonly picture: Pick<Picture, 'pixels'>;
  readonly target: number;
  readonly views?: number | undefined;
  readonly margin?: number | undefined;
}

export interface NarrowingPreview {
  /** Every test image was judged. */
  readonly final: boolean;
  /** The release that it is compared with; null: the base as it is. */
  readonly beside: string | null;
  readonly asked: readonly {
    readonly repair: string;
    readonly target: { readonly label: number; readonly name: string };
    /** The three most probable classes. */
    readonly before: readonly Prediction[];
    readonly after: readonly Prediction[];
    readonly standing: RepairStanding;
  }[];
  /** Earlier repairs without and with those asked for, those that lost most first. */
  readonly others: readonly {
    readonly repair: string;
    readonly before: RepairStanding;
    readonly after: RepairStanding;
  }[];
  /** Test images judged, of how many; repaired ones are not among them. */
  readonly images: number;
  readonly of: number;
  readonly errorBefore: number;
  readonly errorAfter: number;
  readonly drawdown: number;
  /** 95 %. */
  readonly drawdownInterval: readonly [low: number, high: number];
  readonly flips: readonly Flip[];
  /** Share of the asked-for pictures' unseen views that follow; null where there are none. */
  readonly generality: number | null;
  /** Of the solution. */
  readonly steps: number;
  readonly seconds: number;
}

/** Growing shares of the test images: useful after the first, exact after the last. */
const firstImages = 500;
const growth = 3;

/** A wish that may not have been proposed. @throws WorkspaceError INVALID_ARGUMENT for a class that is none */
export function wishedFor({ opened }: Bench, { picture, target, views = 0, margin = 0 }: PreviewWish): WishedPicture {
  const { classes } = opened.run.config;
  if (classes[target] === undefined)
    throw invalid('target', `expected a class from 0 to ${classes.length - 1}, received ${target}.`);
  const wish: Wish = { picture: sha256(picture.pixels), target, views, margin };
  return { id: repairId(wish), wish, pixels: picture.pixels };
}

/**
 * Solves the wishes together with all that is approved, and measures the result beside what is served.
 *
 * @throws WorkspaceError CONFLICT where they cannot be had together
 */
export async function narrowingPreview(
  bench: Bench,
  asked: readonly WishedPicture[],
  onPreview: (preview: NarrowingPreview) => void,
  job: JobOptions = {},
): Promise<NarrowingPreview> {
  const started = performance.now();
  const { opened, base, curvature, store } = bench;
  const { state } = store;
  const served = state.active === null || state.releases.get(state.active)?.base !== base.base ? null : state.active;
  const before = loadRelease(bench, served);
  const own = new Set(asked.map(({ id }) => id));
  const others = wishedPictures(bench, wantedRepairs(state)).filter(({ id }) => !own.has(id));
  const solved = solveSet(opened, inOrder([...others, ...asked]), { solver: base.solver, curvature });
  requireMet(solved, store);
  goOn(job);
  await turn();
  const seed = base.solver.seed;
  const inForce = servedRepairs(state);
  const touched = others
    .filter(({ id }) => served !== null && inForce.has(id))
    .map((each) => ({
      repair: each.id,
      before: standingOf(opened, before.model, each, seed),
      after: standingOf(opened, solved.model, each, seed),
    }))
    .sort((a, b) => a.after.lead - a.before.lead - (b.after.lead - b.before.lead));
  const repaired = asked.map((each) => askedFor(bench, each, before.model, solved.model));
  const views = repaired.reduce((sum, { standing }) => sum + standing.unseenViews, 0);
  const following = repaired.reduce((sum, { standing }) => sum + standing.following, 0);
  const common = {
    beside: served,
    asked: repaired,
    others: touched,
    generality: views === 0 ? null : following / views,
    steps: solved.steps,
  };
  const changed = [...new Set([...solved.changed, ...(before.release?.changed ?? [])])];
  let latest: NarrowingPreview | undefined;
  for (const judged of narrowing(bench, [...others, ...asked], { before: before.model, solved, changed })) {
    latest = { ...common, ...judged, seconds: (performance.now() - started) / 1000 };
    if (!latest.final) onPreview(latest);
    goOn(job);
    await turn();
  }
  return latest as NarrowingPreview;
}

/** As a release has them: its bits depend on the order. */
const inOrder = (wishes: readonly WishedPicture[]): readonly WishedPicture[] =>
  [...wishes].sort((a, b) => (a.id < b.id ? -1 : 1));

function askedFor(
  { opened, base }: Bench,
  wished: WishedPicture,
  before: nn.Model,
  after: nn.Model,
): NarrowingPreview['asked'][number] {
  const { classes, normalization } = opened.run.config;
  using input = inputOf(wished, opened.dataset, normalization, opened.device);
  const best = (model: nn.Model): readonly Prediction[] => ranked(probabilitiesOf(model, input), classes).slice(0, 3);
  const { target } = wished.wish;
  return {
    repair: wished.id,
    target: { label: target, name: classes[target] as string },
    before: best(before),
    after: best(after),
    standing: standingOf(opened, after, wished, base.solver.seed),
  };
}

type Judged = Pick<
  NarrowingPreview,
  'final' | 'images' | 'of' | 'errorBefore' | 'errorAfter' | 'drawdown' | 'drawdownInterval' | 'flips'
>;

/** Each share of the test images once; what was judged before stays counted. */
function* narrowing(
  { opened, base }: Bench,
  wishes: readonly WishedPicture[],
  models: { readonly before: nn.Model; readonly solved: SolvedSet; readonly changed: readonly string[] },
): Generator<Judged> {
  const test = opened.dataset.split('test');
  const repaired = new Set(wishes.map(({ wish }) => wish.picture));
  const drawn = stream(base.solver.seed, 'test-images').sample(test.length, test.length);
  const order = [...drawn].filter((at) => !repaired.has(sha256(test.image(at))));
  const flips: Flip[] = [];
  let wrong = 0;
  for (let from = 0, size = firstImages; from < order.length; from += size, size = from * growth) {
    const part = order.slice(from, from + size);
    const judged = judge(opened, subset(test, part), models);
    wrong += judged.errorBefore * part.length;
    flips.push(...judged.flips.map((flip) => ({ ...flip, index: part[flip.index] as number })));
    yield summary(flips, { wrong: Math.round(wrong), images: from + part.length, of: order.length });
  }
}

function judge(
  { run, device }: Bench['opened'],
  split: ImageSplit,
  {
    before,
    solved,
    changed,
  }: { readonly before: nn.Model; readonly solved: SolvedSet; readonly changed: readonly string[] },
): ReturnType<typeof preview> {
  // Not in reduced precision: whether that is faster here would be tried on every part.
  using test = new TestSet(split, { normalization: run.config.normalization, device });
  return preview(before, solved.model, changed, test);
}

function summary(
  flips: readonly Flip[],
  { wrong, images, of }: { readonly wrong: number; readonly images: number; readonly of: number },
): Judged {
  const lost = flips.filter(({ label, before }) => before === label).length;
  const gained = flips.filter(({ label, after }) => after === label).length;
  const drawdown = (lost - gained) / images;
  return {
    final: images === of,
    images,
    of,
    errorBefore: wrong / images,
    errorAfter: wrong / images + drawdown,
    drawdown,
    drawdownInterval: intervalOf(lost, gained, images),
    flips: [...flips].sort((a, b) => a.index - b.index),
  };
}
