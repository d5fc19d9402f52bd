/** Makes one repair after another and measures each: the change of error on the judged images, flips, generality. */
import { createHash } from 'node:crypto';
import { type Device, scope, type Tensor, tensor } from '@editable/torch';
import {
  augmentedViews,
  type ImageDataset,
  type ImageSplit,
  type Normalization,
  normalizeImages,
  sequentialBatches,
  stream,
} from '../data/index.js';
import { splitHash } from '../data/split-hash.js';
import { EditableError } from '../errors.js';
import { type EditTargets, type EditTask, mistakeTasks, randomTasks } from './edit-tasks.js';
import type { RepairEvaluationOptions } from './evaluation-options.js';
import { judgedSplit } from './judged-images.js';
import { countFlips, countNegativeFlips, errorRate, noClass } from './predictions.js';
import type { EditRecord } from './records.js';
import type { Repair, Repairer } from './repairer.js';
import { judgeBySample, type SampledChange, SamplingPlan } from './sampling.js';

interface Settings {
  readonly edits: number;
  readonly seed: number;
  readonly targets: EditTargets;
  readonly views: number;
  /** Whose images are edited. */
  readonly split: ImageSplit;
  readonly judged: ImageSplit;
  readonly normalization: Normalization;
  readonly device: Device;
  readonly precision: number | undefined;
}

export class RepairJudge {
  readonly #repairer: Repairer;
  readonly #dataset: ImageDataset;
  readonly #settings: Settings;
  readonly #baseError: number;
  readonly #plan: SamplingPlan | undefined;

  constructor(repairer: Repairer, dataset: ImageDataset, options: RepairEvaluationOptions) {
    const { edits, seed = 0, targets = 'random', views = 10, device = 'cpu', precision } = options;
    const { split = dataset.split('test'), normalization = dataset.normalization } = options;
    this.#repairer = repairer;
    this.#dataset = dataset;
    const judged = judgedSplit(dataset, options);
    this.#settings = { edits, seed, targets, views, split, judged, normalization, device, precision };
    if (repairer.base.classes.includes(noClass)) {
      throw new EditableError(
        'NOT_FINITE',
        'evaluate: the model gives NaN or infinity before any edit; its weights are not finite.',
      );
    }
    this.#baseError = errorRate(repairer.base.classes, repairer.labels);
    // The error of a mean over N independent edits is √N times smaller than each one's.
    this.#plan =
      precision === undefined
        ? undefined
        : new SamplingPlan(repairer.base, repairer.labels, { precision: precision * Math.sqrt(edits) });
  }

  tasks(): EditTask[] {
    const { edits, seed, targets, split } = this.#settings;
    if (targets === 'random') return randomTasks(split, { edits, classes: this.#dataset.classes.length, seed });
    return mistakeTasks(this.#classesOfSplit(), split.labels, { edits, seed });
  }

  facts(): { testError: number; testImages: number; targets: EditTargets; seed: number } {
    const { targets, seed } = this.#settings;
    return { testError: this.#baseError, testImages: this.#repairer.labels.length, targets, seed };
  }

  /** What two evaluations must share for one to continue the other's records. */
  key(): string {
    const { edits, seed, targets, views, precision, split, judged, normalization, device } = this.#settings;
    const identity = {
      version: 2,
      ...this.#repairer.identity,
      dataset: this.#dataset.name,
      edited: splitHash(split),
      judged: splitHash(judged),
      seed,
      targets,
      views,
      normalization,
      device,
      ...(precision === undefined ? {} : { precision, edits }),
    };
    return createHash('sha256').update(JSON.stringify(identity)).digest('hex');
  }

  /** `repair`: instead of the repairer's own. */
  run(
    task: EditTask,
    position: number,
    repair: Repairer['repair'] = (input, target, views) => this.#repairer.repair(input, target, views),
  ): EditRecord {
    return scope(() => {
      const image = this.#settings.split.image(task.index);
      const input = this.#input([image]);
      const predicted = this.#repairer.classify(input)[0]!;
      const repaired = repair(input, task.target, this.#viewsToHold(image, position));
      const { success, steps, loss } = repaired;
      return {
        ...task,
        label: this.#settings.split.labels[task.index]!,
        predicted,
        success,
        steps,
        loss,
        ...this.#change(repaired, position),
        generality: this.#generality(image, task, repaired, position),
      };
    });
  }

  /** Views that the repair is asked to hold on: from another stream than those that generality is judged on. */
  #viewsToHold(image: Uint8Array, position: number): Tensor | undefined {
    const { views = 0 } = this.#repairer;
    if (views === 0) return undefined;
    const random = stream(this.#settings.seed, 'constraint-views', position);
    return this.#input(augmentedViews(image, this.#dataset.shape, views, random));
  }

  #change(
    repaired: Repair,
    position: number,
  ): Pick<EditRecord, 'errorAfter' | 'drawdown' | 'standardError' | 'judged' | 'flips' | 'negativeFlips'> {
    const change = repaired.changed
      ? this.#plan === undefined
        ? this.#exactChange(repaired)
        : judgeBySample(this.#plan, repaired, { seed: this.#settings.seed, position })
      : unchanged;
    return { errorAfter: this.#baseError + change.drawdown, ...change };
  }

  #exactChange(repaired: Repair): SampledChange {
    const { base, labels } = this.#repairer;
    const after = repaired.judge();
    return {
      drawdown: errorRate(after, labels) - this.#baseError,
      standardError: 0,
      judged: labels.length,
      flips: countFlips(base.classes, after),
      negativeFlips: countNegativeFlips(base.classes, after, labels),
    };
  }

  #generality(image: Uint8Array, { target }: EditTask, repaired: Repair, position: number): number | null {
    const { views, seed } = this.#settings;
    if (!repaired.success || !repaired.changed || views === 0) return null;
    const images = augmentedViews(image, this.#dataset.shape, views, stream(seed, 'views', position));
    const classes = repaired.classify(this.#input(images));
    return classes.filter((each) => each === target).length / classes.length;
  }

  #input(images: Uint8Array[]): Tensor {
    const { normalization, device } = this.#settings;
    const { shape } = this.#dataset;
    return tensor(normalizeImages(images, shape, normalization), { shape: [images.length, ...shape], device });
  }

  #classesOfSplit(): Int32Array {
    const { split } = this.#settings;
    const batches = [...sequentialBatches(split.length, 250)].map((indices) =>
      scope(() => this.#repairer.classify(this.#input(Array.from(indices, (index) => split.image(index))))),
    );
    return Int32Array.from(batches.flatMap((classes) => [...classes]));
  }
}

const unchanged: SampledChange = { drawdown: 0, standardError: 0, judged: 0, flips: 0, negativeFlips: 0 };
