/** What a repaired model does: its repairs, their unseen views, and everything that was not to change. */

import { createHash } from 'node:crypto';
import { type nn, noGrad, scope } from '@editable/torch';
import { type ImageSplit, labelBytes, pictureViews, preview, stream, subset, TestSet } from 'editable';
import { goOn, type JobOptions } from '../job-events.js';
import type { OpenedModel } from '../runs/open-model.js';
import type { Effect, RepairStanding } from './release-file.js';
import { batchOf, type WishedPicture } from './solve-set.js';
import { sha256 } from './wish.js';

export interface MeasureOptions {
  readonly repairs: readonly WishedPicture[];
  /** Judge on a random sample of so many test pictures; left out: all that are repaired nowhere. */
  readonly testImages?: number | undefined;
  readonly seed: number;
}

/** Views of a repaired picture, part of no constraint, that a repair is re-tested on. */
const unseenViews = 8;

export function measureEffect(
  opened: OpenedModel,
  repaired: nn.Model,
  changed: readonly string[],
  { repairs, testImages, seed }: MeasureOptions,
  job: JobOptions = {},
): Effect {
  const { model, dataset, run, device } = opened;
  const standings = repairs.map((each) => {
    goOn(job);
    return standingOf(opened, repaired, each, seed);
  });
  const { split, positions } = judgedPictures(dataset.split('test'), { repairs, testImages, seed });
  using test = new TestSet(split, { normalization: run.config.normalization, device, reducedPrecision: true });
  const { errorBefore, errorAfter, drawdown, flips } = preview(model, repaired, changed, test);
  const negative = flips.filter(({ label, before }) => before === label);
  const positive = flips.filter(({ label, after }) => after === label);
  return {
    data: { name: dataset.name, images: split.length, hash: contentsOf(split) },
    errorBefore,
    errorAfter,
    drawdown,
    drawdownInterval: intervalOf(negative.length, positive.length, split.length),
    flips: flips.length,
    negativeFlips: negative.map(({ index }) => positions[index] as number),
    generality: generalityOf(standings),
    repairs: standings,
  };
}

/** On its picture, and on views that no constraint has seen. */
export function standingOf(
  opened: OpenedModel,
  model: nn.Model,
  { id, wish, pixels }: WishedPicture,
  seed: number,
): RepairStanding {
  const { shape } = opened.dataset;
  const { unseen } = pictureViews(pixels, { shape, held: 0, unseen: unseenViews, seed });
  return scope(() =>
    noGrad(() => {
      const [own, ...views] = leads(
        model.call(batchOf(opened, [pixels, ...unseen])).output.tolist() as number[][],
        wish.target,
      );
      const lead = own as number;
      return {
        repair: id,
        holds: lead > 0,
        lead,
        following: views.filter((each) => each > 0).length,
        unseenViews,
      };
    }),
  );
}

/** By how much the target's logit is above the highest other one; NaN leads nowhere. */
const leads = (logits: readonly (readonly number[])[], target: number): number[] =>
  logits.map((row) => {
    const others = row.filter((_, label) => label !== target);
    const lead = (row[target] as number) - Math.max(...others);
    return Number.isFinite(lead) ? lead : -Number.MAX_VALUE;
  });

const generalityOf = (standings: readonly RepairStanding[]): number | null => {
  const views = standings.reduce((sum, each) => sum + each.unseenViews, 0);
  return views === 0 ? null : standings.reduce((sum, { following }) => sum + following, 0) / views;
};

/**
 * A repaired picture would count for having been repaired: it is not judged. The sample is drawn before those are left out, so
 * that releases are judged on the same pictures.
 */
export function judgedPictures(
  test: ImageSplit,
  { repairs, testImages, seed }: MeasureOptions,
): { readonly split: ImageSplit; readonly positions: readonly number[] } {
  const repaired = new Set(repairs.map(({ wish }) => wish.picture));
  const drawn =
    testImages === undefined || testImages >= test.length
      ? [...test.labels.keys()]
      : [...stream(seed, 'test-images').sample(test.length, testImages).sort()];
  const positions = drawn.filter((at) => !repaired.has(sha256(test.image(at))));
  return { split: subset(test, positions), positions };
}

/** Of the mean of +1 for each answer lost, −1 for each gained and 0 for the others (normal approximation). */
export function intervalOf(lost: number, gained: number, images: number): readonly [number, number] {
  if (images < 2) return [0, 0];
  const mean = (lost - gained) / images;
  const variance = (lost + gained - images * mean ** 2) / (images - 1);
  const half = 1.96 * Math.sqrt(Math.max(0, variance) / images);
  return [mean - half, mean + half];
}

function contentsOf(split: ImageSplit): string {
  if (split.hash !== undefined) return split.hash;
  const hash = createHash('sha256').update(labelBytes(split.labels));
  for (let i = 0; i < split.length; i++) hash.update(split.image(i));
  return hash.digest('hex');
}
