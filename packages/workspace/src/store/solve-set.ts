/** The base with a set of repairs in force: a function of the two alone, whatever led to the set. */
import { type nn, scope, type Tensor, tensor } from '@editable/torch';
import {
  type Constraint,
  type CurvatureOf,
  editorOf,
  editTogether,
  normalizeImages,
  pictureViews,
  repairOf,
  selectParameters,
} from 'editable';
import type { OpenedModel } from '../runs/open-model.js';
import type { Solver } from './events.js';
import type { Wish } from './wish.js';

/** A wish with its picture. */
export interface WishedPicture {
  readonly id: string;
  readonly wish: Wish;
  readonly pixels: Uint8Array;
}

export interface SolvedSet {
  readonly model: nn.Model;
  /** Names of the parameters that may differ from the base's. */
  readonly changed: readonly string[];
  /** Repairs that do not hold. */
  readonly unmet: readonly string[];
  /** Pairs that cannot hold together. */
  readonly conflicts: readonly (readonly [string, string])[];
  readonly steps: number;
  readonly seconds: number;
}

/** @throws EditableError where the base gives NaN, or the curvature cannot be had */
export function solveSet(
  opened: OpenedModel,
  repairs: readonly WishedPicture[],
  { solver, curvature }: { readonly solver: Solver; readonly curvature: CurvatureOf },
): SolvedSet {
  const { model } = opened;
  const started = performance.now();
  const contradictions = sameButForTarget(repairs);
  const hopeless = new Set(contradictions.flat());
  const solved = repairs.filter(({ id }) => !hopeless.has(id));
  if (solved.length === 0)
    return { model, changed: [], unmet: [...hopeless], conflicts: contradictions, steps: 0, seconds: 0 };
  const { layers, maxSteps, seed } = solver;
  selectParameters(model, layers);
  const views = Math.max(...solved.map(({ wish }) => wish.views));
  const editor = editorOf({ name: 'natural', hyperparameters: {}, layers, views }, model, curvature);
  const result = scope(() => {
    const constraints = solved.map((each) => constraintOf(opened, each, seed));
    return editTogether(model, constraints, { editor, maxSteps });
  });
  const idAt = (at: number): string => (solved[at] as WishedPicture).id;
  return {
    model: result.model,
    changed: result.changed,
    unmet: [...hopeless, ...solved.flatMap(({ id }, at) => (result.held[at] ? [] : [id]))],
    conflicts: [...contradictions, ...result.conflicts.map(([a, b]) => [idAt(a), idAt(b)] as const)],
    steps: result.steps,
    seconds: (performance.now() - started) / 1000,
  };
}

/** That the picture and its views have the target. */
function constraintOf(opened: OpenedModel, { wish, pixels }: WishedPicture, seed: number): Constraint {
  const { shape } = opened.dataset;
  const { held } = pictureViews(pixels, { shape, held: wish.views, unseen: 0, seed });
  return repairOf(batchOf(opened, [pixels]), wish.target, {
    views: held.length === 0 ? undefined : batchOf(opened, held),
    margin: wish.margin,
  });
}

/** Pictures as the network takes them, [N, C, H, W]. */
export const batchOf = ({ dataset: { shape }, run, device }: OpenedModel, pictures: readonly Uint8Array[]): Tensor =>
  tensor(normalizeImages([...pictures], shape, run.config.normalization), {
    shape: [pictures.length, ...shape],
    device,
  });

/** Pairs that ask for different classes of the same picture. */
export function sameButForTarget(repairs: readonly Pick<WishedPicture, 'id' | 'wish'>[]): [string, string][] {
  return repairs.flatMap((a, i) =>
    repairs
      .slice(i + 1)
      .filter((b) => a.wish.picture === b.wish.picture && a.wish.target !== b.wish.target)
      .map((b): [string, string] => [a.id, b.id]),
  );
}
