/** What one repair takes in time and memory, judging apart. */
import { memory, resetPeakMemory, scope, tensor } from '@editable/torch';
import { type EditTask, type Normalization, normalizeImages, type Repairer } from 'editable';
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

export function editCost(
  { dataset, device }: Session,
  repairer: Repairer,
  { normalization, tasks }: CostOptions,
): EditCost {
  const { shape } = dataset;
  const split = dataset.split('test');
  const costs = tasks.slice(0, timedEdits).map(({ index, target }) =>
    scope(() => {
      const pixels = normalizeImages([split.image(index)], shape, normalization);
      const input = tensor(pixels, { shape: [1, ...shape], device });
      resetPeakMemory();
      const { bytes } = memory();
      const started = performance.now();
      repairer.repair(input, target);
      return { seconds: (performance.now() - started) / 1000, bytes: memory().peakBytes - bytes };
    }),
  );
  return {
    secondsPerEdit: median(costs.map(({ seconds }) => seconds)),
    editBytes: device === 'cpu' ? Math.max(...costs.map(({ bytes }) => bytes)) : null,
  };
}

/** The lower middle value. */
const median = (values: readonly number[]): number =>
  [...values].sort((a, b) => a - b)[Math.floor((values.length - 1) / 2)] as number;
