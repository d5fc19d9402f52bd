/** Many repairs of a run's model, held together, as one patch. */
import {
  type CurvatureOf,
  describePatch,
  type EditorChoice,
  metricOf,
  type RepairCheckpoint,
  type RepairedSet,
  type RepairRecord,
  repairMany,
  savePatch,
} from 'editable';
import { type JobOptions, tell } from '../job-events.js';
import type { ListedRepair } from '../pictures/repair-list.js';
import { layersText } from '../runs/editor-choice.js';
import type { OpenedModel } from '../runs/open-model.js';

export interface RepairSetSettings {
  readonly repairs: readonly ListedRepair[];
  /** `natural`. */
  readonly editor: EditorChoice;
  readonly curvature: CurvatureOf;
  readonly atOnce: boolean;
  readonly testImages: number | undefined;
  readonly seed: number;
  /** Where the patch goes. */
  readonly out: string;
}

/** What `repair --json` prints. */
export interface RepairSetDocument
  extends Omit<RepairedSet, 'model' | 'changed' | 'records' | 'notInForce' | 'conflicts'> {
  readonly run: string;
  readonly curve: readonly RepairCheckpoint[];
  readonly records: readonly NamedRecord[];
  /** The repairs whose picture does not have its target. */
  readonly notInForce: readonly NamedRepair[];
  /** Pairs that cannot hold together. */
  readonly conflicts: readonly (readonly [NamedRepair, NamedRepair])[];
  /** null where nothing had to change. */
  readonly patch: string | null;
  readonly patchBytes: number | null;
}

export interface NamedRecord extends RepairRecord {
  /** A picture's file; null for a test image. */
  readonly image: string | null;
}

export interface NamedRepair {
  /** In the list. */
  readonly position: number;
  /** "test image 12", or the picture's file. */
  readonly name: string;
  readonly target: { readonly label: number; readonly name: string };
}

/** Solves repairs together, judges the model on all other test images, and saves the changed tensors as a patch. */
export async function repairSet(
  opened: OpenedModel,
  settings: RepairSetSettings,
  job: JobOptions = {},
): Promise<RepairSetDocument> {
  const { run, dataset, model: base, device } = opened;
  const { repairs, editor, curvature, atOnce, testImages, seed } = settings;
  const set = await repairMany(base, dataset, {
    tasks: repairs,
    editor,
    curvature,
    atOnce,
    testImages,
    seed,
    normalization: run.config.normalization,
    device,
    onRepair: (_, done) => tell(job, { kind: 'repair', done, total: repairs.length }),
  });
  const { model: _, changed: __, records, notInForce, conflicts, ...summary } = set;
  const patch = write(opened, set, settings);
  const nameOf = (position: number): NamedRepair => named(repairs, position, run.config.classes);
  return {
    run: run.folder,
    ...summary,
    notInForce: notInForce.map(nameOf),
    conflicts: conflicts.map(([a, b]) => [nameOf(a), nameOf(b)] as const),
    records: records.map((record, position) => ({ ...record, image: repairs[position]?.file ?? null })),
    patch,
    patchBytes: patch === null ? null : describePatch(patch).bytes,
  };
}

/** One patch for the whole set. */
function write(
  { run, dataset, model: base }: OpenedModel,
  set: RepairedSet,
  settings: RepairSetSettings,
): string | null {
  if (set.changed.length === 0) return null;
  const { classes } = run.config;
  const { name, hyperparameters, layers, views, margin } = set.editor;
  savePatch(settings.out, base, set.model, set.changed, {
    editor: name,
    hyperparameters,
    layers: layersText(layers),
    ...(views ? { views } : {}),
    ...(margin ? { margin } : {}),
    ...metricOf(set.editor),
    steps: set.steps,
    success: set.notInForce.length === 0,
    dataset: dataset.name,
    drawdown: set.errorAfter - set.errorBefore,
    flips: set.flips,
    repairs: settings.repairs.map(({ index, file, target }) => ({
      label: target,
      className: classes[target],
      ...(index === undefined ? {} : { index }),
      ...(file === null ? {} : { image: file }),
    })),
  });
  return settings.out;
}

function named(repairs: readonly ListedRepair[], position: number, classes: readonly string[]): NamedRepair {
  const { name, target } = repairs[position] as ListedRepair;
  return { position, name, target: { label: target, name: classes[target] as string } };
}
