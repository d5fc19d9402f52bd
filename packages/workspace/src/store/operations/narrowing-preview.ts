/** What wishes would do beside what is served, judged on more and more test images: the first figures come at once. */
import { setImmediate as turn } from 'node:timers/promises';
import type { nn } from '@editable/torch';
import { type Flip, selectParameters } from 'editable';
import { invalid } from '../../errors.js';
import { goOn, type JobOptions } from '../../job-events.js';
import { inputOf, type Picture, type Prediction, probabilitiesOf, ranked } from '../../pictures/picture.js';
import { intervalOf, standingOf } from '../measure-effect.js';
import type { RepairStanding } from '../release-file.js';
import { solveSet, type WishedPicture } from '../solve-set.js';
import { type StoredBase, type StoreState, servedRepairs, wantedRepairs } from '../state.js';
import { type Bench, loadRelease } from '../store-base.js';
import { type JudgedPart, TestAnswers } from '../test-answers.js';
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

export interface NarrowingOptions {
  /** Called with each but the last, which is the result. */
  readonly onPreview: (preview: NarrowingPreview) => void;
  /** Kept by whoever previews on this bench again. */
  readonly answers?: TestAnswers | undefined;
}

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
  { onPreview, answers }: NarrowingOptions,
  job: JobOptions = {},
): Promise<NarrowingPreview> {
  const started = performance.now();
  using own = answers === undefined ? new TestAnswers(bench) : undefined;
  const test = answers ?? (own as TestAnswers);
  const { opened, base, curvature, store } = bench;
  const { state } = store;
  const served = servedOf(state, base);
  const before = loadRelease(bench, served);
  const ids = new Set(asked.map(({ id }) => id));
  const others = wishedPictures(bench, wantedRepairs(state)).filter(({ id }) => !ids.has(id));
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
  let latest: NarrowingPreview | undefined;
  const repairedPictures = new Set([...others, ...asked].map(({ wish }) => wish.picture));
  const beside = { model: before.model, version: served ?? base.base };
  const parts = test.compare(beside, solved.model, repairedPictures);
  for (const judged of narrowing(parts, test.countWithout(repairedPictures))) {
    latest = { ...common, ...judged, seconds: (performance.now() - started) / 1000 };
    if (!latest.final) onPreview(latest);
    goOn(job);
    await turn();
  }
  return latest as NarrowingPreview;
}

/** The active release, where it is of this base; else null: the base as it is. */
const servedOf = ({ active, releases }: StoreState, { base }: StoredBase): string | null =>
  active === null || releases.get(active)?.base !== base ? null : active;

/** Makes what previews need of the next test images that lack it; whether others do. */
export function preparePreviews(bench: Bench, answers: TestAnswers): boolean {
  bench.curvature(selectParameters(bench.opened.model, bench.base.solver.layers));
  const served = servedOf(bench.store.state, bench.base);
  return answers.prepare(loadRelease(bench, served).model, served ?? bench.base.base);
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
function* narrowing(parts: Iterable<JudgedPart>, of: number): Generator<Judged> {
  const flips: Flip[] = [];
  let [wrong, images] = [0, 0];
  for (const { preview, images: more } of parts) {
    wrong += preview.errorBefore * more;
    images += more;
    flips.push(...preview.flips);
    yield summary(flips, { wrong: Math.round(wrong), images, of });
  }
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
