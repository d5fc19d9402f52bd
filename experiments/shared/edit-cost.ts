/** What one repair takes in time and memory, judging apart. */
import { memory, resetPeakMemory, scope, type Tensor, tensor } from '@editable/torch';
import { augmentedViews, type EditTask, type Normalization, normalizeImages, type Repairer, stream } from 'editable';
import type { Session } from './session.js';

export interface EditCost {
  /** Median over a few repairs. */
  readonly secondsPerEdit: number;
  /** Most memory that libtorch held during a repair over what it held before; null on a GPU, where it is not counted. */
  readonly editBytes: number | null;
}

export interface CostOptions {
  readonly normalization: Normalization;
  /** Those of an evaluation; the first few are repaired again. */
  readonly tasks: readonly EditTask[];
}

const timedEdits = 20;
/** Retraining takes so long that a few will do. */
const mostSeconds = 20;

interface RepairCost {
  readonly seconds: number;
  readonly bytes: number;
}

export function editCost(
  { dataset, device, seed }: Session,
  repairer: Repairer,
  { normalization, tasks }: CostOptions,
): EditCost {
  const { shape } = dataset;
  const split = dataset.split('test');
  const input = (images: Uint8Array[]): Tensor =>
    tensor(normalizeImages(images, shape, normalization), { shape: [images.length, ...shape], device });
  const { views = 0 } = repairer;
  const costs: RepairCost[] = [];
  let spent = 0;
  for (const { index, target } of tasks.slice(0, timedEdits)) {
    const cost = scope(() => {
      const image = split.image(index);
      const others = views === 0 ? [] : [input(augmentedViews(image, shape, views, stream(seed, 'cost-views', index)))];
      return costOf(() => repairer.repair(input([image]), target, ...others));
    });
    costs.push(cost);
    spent += cost.seconds;
    if (spent > mostSeconds) break;
  }
  return {
    secondsPerEdit: median(costs.map(({ seconds }) => seconds)),
    editBytes: device === 'cpu' ? Math.max(...costs.map(({ bytes }) => bytes)) : null,
  };
}

function costOf(repair: () => unknown): RepairCost {
  resetPeakMemory();
  const { bytes } = memory();
  const started = performance.now();
  repair();
  return { seconds: (performance.now() - started) / 1000, bytes: memory().peakBytes - bytes };
}

/** The lower middle value. */
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] as number;
