/** The curvature of a run's model, for the natural editor: computed from training images at first use. */
import { existsSync, statSync } from 'node:fs';
import type { nn } from '@editable/torch';
import {
  ControlImages,
  type CurvatureOf,
  combinedCurvature,
  controlCurvature,
  EditableError,
  ekfacCurvature,
  type ImageDataset,
  type ImageSplit,
  type Metric,
  type MetricSettings,
  mergeFactorShards,
  openRun,
  openTranslationRun,
  type RunCurvature,
  runCurvature,
  runFactors,
  type Sharing,
  selectParameters,
  settledCurvature,
  taskOfRun,
  trainingSplits,
} from 'editable';
import { invalid } from '../errors.js';
import { type JobOptions, tell } from '../job-events.js';
import { layersText } from '../runs/editor-choice.js';
import type { OpenedModel } from '../runs/open-model.js';

export interface CurvatureSettings {
  /** Training images; left out: those that the run's file has, else 1,000. */
  readonly images?: number | undefined;
}

/**
 * The run's own where it is as it was saved; of a patched model it is computed, and not kept. Nothing is read or computed
 * before it is asked for.
 */
export function curvatureOf(
  opened: OpenedModel,
  { images, metric = 'kronecker', settle = 0 }: CurvatureSettings & MetricSettings = {},
  job: JobOptions = {},
): CurvatureOf {
  let made: CurvatureOf | undefined;
  return (names) => {
    if (made === undefined) {
      const control = (): ControlImages => controlImagesOf(opened, images, job);
      const own = curvatureIn(metric, opened, control, images);
      made = settle === 0 ? own : settledCurvature(own, opened.model, control(), { steps: settle });
    }
    return made(names);
  };
}

function curvatureIn(
  metric: Metric,
  { run, model, patches, control: own }: OpenedModel,
  control: () => ControlImages,
  images: number | undefined,
): CurvatureOf {
  requireMetric(model, metric);
  const anyControl = images === undefined && own === undefined;
  const saved = patches.length === 0;
  if (metric === 'kronecker')
    return saved ? runCurvature(run, control, { anyControl }) : controlCurvature(model, control());
  const kept = (names: readonly string[]): RunCurvature => runFactors(run, control, names, { anyControl });
  const corrected = saved ? ekfacCurvature(model, control(), kept) : ekfacCurvature(model, control());
  if (metric === 'ekfac') return corrected;
  return combinedCurvature(corrected, model, control(), images === undefined ? {} : { images });
}

/** @throws WorkspaceError INVALID_ARGUMENT for a metric that needs to know the network's layers */
export function requireMetric({ layers }: nn.Model, metric: Metric = 'kronecker'): void {
  if (metric === 'kronecker' || layers.length > 0) return;
  throw invalid(
    'metric',
    `expected a network whose layers are known, received ${metric} for a TorchScript program; leave it out: its curvature is of single control images already.`,
  );
}

/** What `curvature --json` prints. */
export interface CurvatureDocument {
  readonly run: string;
  readonly layers: string;
  readonly parameters: number;
  /** Edited numbers that it is of. */
  readonly numbers: number;
  readonly images: number;
  /** It was there already. */
  readonly found: boolean;
  readonly path: string;
  readonly bytes: number;
  readonly seconds: number;
}

/** Of which layers, and who computes it. */
export interface CurvatureTask extends Sharing {
  readonly layers: string | readonly string[];
}

/** Computes and keeps it; a file of another model is written over. */
export function computeCurvature(
  opened: OpenedModel,
  { layers, images, group, share }: CurvatureSettings & CurvatureTask,
  job: JobOptions = {},
): CurvatureDocument {
  const started = performance.now();
  const { run } = opened;
  const names = selectParameters(run.model, layers);
  const control = (): ControlImages => controlImagesOf(opened, images, job);
  const { path, found, factors } = runFactors(run, control, names, {
    anyControl: images === undefined && opened.control === undefined && share === undefined,
    replace: true,
    ...{ group, share },
  });
  return {
    run: run.folder,
    layers: layersText(layers),
    parameters: names.length,
    numbers: names.reduce((sum, name) => sum + (run.model.parameters.get(name)?.numel ?? 0), 0),
    images: factors.count,
    found,
    path,
    bytes: bytesOf(path),
    seconds: (performance.now() - started) / 1000,
  };
}

/** Of a file that another process may have written elsewhere: 0 then. */
export const bytesOf = (path: string): number => (existsSync(path) ? statSync(path).size : 0);

/** What `merge --json` prints of a curvature. */
export interface MergedCurvature {
  readonly path: string;
  readonly parameters: number;
  /** Control images or sentences. */
  readonly inputs: number;
}

/** Puts the shards of a run's curvature together, whatever its task. */
export function mergeCurvature(folder: string): MergedCurvature {
  const { path, names, count } =
    taskOfRun(folder) === 'translation'
      ? mergeFactorShards(folder, openTranslationRun(folder).model)
      : mergeFactorShards(folder, openRun(folder).model);
  return { path, parameters: names.length, inputs: count };
}

function trainingImages(dataset: ImageDataset): ImageSplit {
  try {
    return trainingSplits(dataset).train;
  } catch (cause) {
    if (!(cause instanceof EditableError && cause.code === 'DATA_NOT_FOUND')) throw cause;
    throw invalid(
      'control',
      `expected a folder of photographs whose answers the natural editor keeps, as ${dataset.name} has no training images; a few hundred serve, labels are not needed.`,
      { cause },
    );
  }
}

/** The images whose answers the natural editor keeps: what the run was opened with, else its training images. */
export function controlImagesOf(
  { run, dataset, device, control = trainingImages(dataset) }: OpenedModel,
  images: number | undefined,
  job: JobOptions,
): ControlImages {
  return new ControlImages(control, {
    normalization: run.config.normalization,
    device,
    ...(images === undefined ? {} : { images }),
    onProgress: (done, total) => tell(job, { kind: 'curvature', done, total }),
  });
}
