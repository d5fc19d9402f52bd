/** A store's base made ready for use: its network, its data, its curvature, each held to what the journal says of it. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { isDeepStrictEqual } from 'node:util';
import { type nn, readFileOrExplain, writeFileAtomically } from '@editable/torch';
import {
  type CurvatureOf,
  type MetricSettings,
  metricOf,
  modelHash,
  openRun,
  type Run,
  runFiles,
  selectParameters,
} from 'editable';
import { WorkspaceError } from '../errors.js';
import type { JobOptions } from '../job-events.js';
import { controlImagesOf, curvatureOf, requireMetric } from '../jobs/curvature.js';
import { chooseNatural } from '../runs/editor-choice.js';
import { type OpenedModel, type OpenModelOptions, openModel, usableDevice } from '../runs/open-model.js';
import type { Solver } from './events.js';
import { type Release, readRelease, withTensors } from './release-file.js';
import type { StoredBase } from './state.js';
import { Store, short } from './store.js';
import { sha256 } from './wish.js';

/** A store with one of its bases opened: what every operation that computes works on. */
export interface Bench {
  readonly store: Store;
  readonly base: StoredBase;
  readonly opened: OpenedModel;
  readonly curvature: CurvatureOf;
}

/** Without the data and the curvature that repairs need: enough to answer. */
export interface ServingBench extends Pick<Bench, 'store' | 'base'> {
  readonly opened: Pick<OpenedModel, 'run' | 'model'>;
}

/** Metric and settling are those of an `EditorChoice`; left out: kronecker, and none. */
export interface AddBaseOptions extends MetricSettings {
  readonly by: string;
  /** What repairs may change; left out: what `edit` takes. */
  readonly layers?: readonly string[] | undefined;
  /** For one solution of the whole set; default 60. */
  readonly maxSteps?: number | undefined;
  /** Images whose answers are kept; default 1,000. */
  readonly controlImages?: number | undefined;
}

/**
 * Takes a run's network into the store as its newest base, with its curvature. One that is there already is made the newest.
 *
 * @throws WorkspaceError INVALID_ARGUMENT for a run with patches applied, whose network is not the run's own
 */
export function addBase(
  store: Store,
  opened: OpenedModel,
  { by, layers, maxSteps = 60, controlImages, ...more }: AddBaseOptions,
  job: JobOptions = {},
): StoredBase {
  const { run, patches } = opened;
  if (patches.length > 0) {
    throw new WorkspaceError('INVALID_ARGUMENT', 'expected a run as it is; its patches become repairs.', {
      field: 'patch',
    });
  }
  const how = metricOf(more);
  requireMetric(run.model, how.metric);
  const base = modelHash(run.model);
  const kept = keepRun(store, run, base);
  const choice = chooseNatural(run, { layers });
  const control = controlImagesOf(opened, controlImages, job);
  const there = { ...opened, run: kept };
  const names = selectParameters(run.model, choice.layers);
  if (run.model.layers.length > 0) curvatureOf(there, { images: control.count }, job)(names);
  const solver: Solver = {
    layers: choice.layers,
    maxSteps,
    controlImages: control.count,
    control: control.hash,
    curvature: curvatureHash(kept.folder),
    seed: 0,
    ...how,
  };
  store.append(by, ({ base: newest, bases }) =>
    newest === base && isDeepStrictEqual(bases.get(base)?.solver, solver)
      ? []
      : [{ kind: 'base', base, solver, from: run.folder }],
  );
  return store.base;
}

/**
 * A store of a run's network in a folder; one that is there for the same network stays as it is.
 *
 * @throws WorkspaceError REFUSED for a store of another network: `moveTo` takes a retrained one
 */
export function makeStore(folder: string, opened: OpenedModel, options: AddBaseOptions, job: JobOptions = {}): Store {
  const store = Store.create(folder);
  try {
    const { base } = store.state;
    const wanted = modelHash(opened.run.model);
    if (base !== null && base !== wanted) {
      throw new WorkspaceError(
        'REFUSED',
        `${folder} is a store of another network, ${short(base)}; "editable store move" takes a retrained one.`,
      );
    }
    addBase(store, opened, options, job);
    return store;
  } catch (error) {
    store[Symbol.dispose]();
    throw error;
  }
}

/** A copy of the run, whole once its configuration is there. */
function keepRun(store: Store, run: Run, base: string): Run {
  const folder = store.files.makeBaseFolder(base);
  const script = run.config.model.kind === 'torchscript' ? [run.config.model.file] : [];
  for (const name of [...script, runFiles.model, runFiles.config]) {
    if (!existsSync(join(folder, name)))
      writeFileAtomically(join(folder, name), readFileOrExplain(join(run.folder, name)));
  }
  return { ...run, folder, editor: null };
}

const curvatureHash = (folder: string): string | null => {
  const path = join(folder, runFiles.curvature);
  return existsSync(path) ? sha256(readFileOrExplain(path)) : null;
};

/**
 * Opens a base for work; left out: the newest one.
 *
 * @throws WorkspaceError DAMAGED_STORE where weights or curvature are not those that the journal names
 */
export async function openBench(
  store: Store,
  { base = store.base, ...options }: Omit<OpenModelOptions, 'patches'> & { readonly base?: StoredBase } = {},
  job: JobOptions = {},
): Promise<Bench> {
  const opened = await openModel(store.files.baseFolder(base.base), options, job);
  return benchOf(store, base, opened, job);
}

/** Opens a base for answering; left out: the newest one. @throws WorkspaceError DAMAGED_STORE where its weights are others */
export function openServingBench(
  store: Store,
  { base = store.base, device = 'cpu' }: { readonly base?: StoredBase; readonly device?: string } = {},
): ServingBench {
  const run = openRun(store.files.baseFolder(base.base), { device: usableDevice(device) });
  const opened = { run, model: run.model };
  requireBase(opened, base);
  return { store, base, opened };
}

/** The same with a base that is open already. */
export function benchOf(store: Store, base: StoredBase, opened: OpenedModel, job: JobOptions = {}): Bench {
  requireBase(opened, base);
  const { solver } = base;
  if (solver.curvature !== curvatureHash(opened.run.folder)) {
    throw new WorkspaceError(
      'DAMAGED_STORE',
      `${join(opened.run.folder, runFiles.curvature)} is not the curvature that releases of ${short(base.base)} are made with; take it from a backup of the store.`,
    );
  }
  requireControl(opened, solver, job);
  return { store, base, opened, curvature: curvatureOf(opened, curvatureSettings(solver), job) };
}

/** Where they are looked at again, they have to be the same: else a release would not be a function of its set. */
function requireControl(opened: OpenedModel, solver: Solver, job: JobOptions): void {
  const { controlImages, control } = solver;
  if (!looksAgain(solver) || controlImagesOf(opened, controlImages, job).hash === control) return;
  throw new WorkspaceError(
    'INVALID_ARGUMENT',
    'expected the control images that the store was made with, as its releases are made of them each time; received others.',
    { field: 'control' },
  );
}

/** Whether a solution needs the control images themselves: kept factors serve as they are, known by their hash. */
const looksAgain = ({ curvature, metric, settle }: Solver): boolean =>
  curvature === null || metric !== undefined || settle !== undefined;

const curvatureSettings = (solver: Solver): MetricSettings & { readonly images?: number } => ({
  ...(looksAgain(solver) ? { images: solver.controlImages } : {}),
  ...metricOf(solver),
});

function requireBase({ model, run }: Pick<OpenedModel, 'model' | 'run'>, { base }: StoredBase): void {
  const found = modelHash(model);
  if (found === base) return;
  throw new WorkspaceError(
    'DAMAGED_STORE',
    `${run.folder} holds another network than the base ${short(base)}: its weights have the hash ${short(found)}.`,
  );
}

/** Whether a base's files are what the journal says; without its data. @throws as `openBench` does */
export function checkBase(store: Store, base: StoredBase): void {
  const run = openRun(store.files.baseFolder(base.base));
  requireBase({ model: run.model, run }, base);
  if (base.solver.curvature === curvatureHash(run.folder)) return;
  throw new WorkspaceError(
    'DAMAGED_STORE',
    `${join(run.folder, runFiles.curvature)} is not the curvature that releases of ${short(base.base)} are made with.`,
  );
}

/** A release of this bench's base, ready to answer; null: the base as it is. @throws WorkspaceError DAMAGED_STORE, REFUSED */
export function loadRelease(
  { store, base, opened }: ServingBench,
  id: string | null,
): { readonly model: nn.Model; readonly release: Release | null } {
  if (id === null) return { model: opened.model, release: null };
  const { release, tensors } = readRelease(store.files, id);
  if (release.base !== base.base) {
    throw new WorkspaceError(
      'REFUSED',
      `${short(id)} is a release of the base ${short(release.base)}, and ${short(base.base)} is open; open that one.`,
    );
  }
  const model = withTensors(opened.model, tensors, { config: opened.run.config, expected: release.result });
  return { model, release };
}
