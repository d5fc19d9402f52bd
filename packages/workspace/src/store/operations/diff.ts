/** What lies between two releases of one base: repairs, weights and answers. */
import { scope, type Tensor } from '@editable/torch';
import { TestSet } from 'editable';
import { goOn, type JobOptions } from '../../job-events.js';
import { judgedPictures } from '../measure-effect.js';
import { type Bench, loadRelease } from '../store-base.js';

export interface WeightChange {
  readonly name: string;
  readonly numbers: number;
  /** Numbers that differ. */
  readonly changed: number;
  /** Norm of the difference, over the norm of the first. */
  readonly relative: number;
  readonly largest: number;
}

export interface AnswerChange {
  /** In the test split. */
  readonly index: number;
  readonly label: number;
  readonly before: number;
  readonly after: number;
}

export interface ReleaseDiff {
  /** null: the base as it is. */
  readonly from: string | null;
  readonly to: string | null;
  readonly added: readonly string[];
  readonly removed: readonly string[];
  /** Tensors that differ. */
  readonly weights: readonly WeightChange[];
  readonly images: number;
  /** Share of the test images on which both answer alike. */
  readonly agreement: number;
  readonly answers: readonly AnswerChange[];
}

export interface DiffOptions {
  /** null: the base as it is. */
  readonly from: string | null;
  readonly to: string | null;
  /** Compare answers on a random sample of so many test images; left out: on all. */
  readonly testImages?: number | undefined;
}

/** @throws WorkspaceError REFUSED where one is not of this bench's base */
export function diffReleases(bench: Bench, { from, to, testImages }: DiffOptions, job: JobOptions = {}): ReleaseDiff {
  const [a, b] = [loadRelease(bench, from), loadRelease(bench, to)];
  const [before, after] = [a, b].map(({ release }) => release?.repairs ?? []) as [readonly string[], readonly string[]];
  goOn(job);
  const names = [...new Set([a, b].flatMap(({ release }) => release?.changed ?? []))].sort();
  const weights = names
    .map((name) => weightChange(name, a.model.parameters.get(name) as Tensor, b.model.parameters.get(name) as Tensor))
    .filter(({ changed }) => changed > 0);
  const { opened } = bench;
  const { split, positions } = judgedPictures(opened.dataset.split('test'), {
    repairs: [],
    testImages,
    seed: bench.base.solver.seed,
  });
  using test = new TestSet(split, {
    normalization: opened.run.config.normalization,
    device: opened.device,
  });
  const [was, is] = [test.predict(a.model), test.predict(b.model)];
  const answers = [...test.labels.keys()]
    .filter((at) => was[at] !== is[at])
    .map((at) => ({
      index: positions[at] as number,
      label: test.labels[at] as number,
      before: was[at] as number,
      after: is[at] as number,
    }));
  return {
    from,
    to,
    added: after.filter((id) => !before.includes(id)),
    removed: before.filter((id) => !after.includes(id)),
    weights,
    images: test.length,
    agreement: 1 - answers.length / test.length,
    answers,
  };
}

const weightChange = (name: string, before: Tensor, after: Tensor): WeightChange =>
  scope(() => {
    const difference = after.sub(before);
    const norm = (each: Tensor): number => Number(each.mul(each).sum().sqrt().item());
    return {
      name,
      numbers: before.numel,
      changed: Number(difference.ne(0).sum().item()),
      relative: norm(difference) / Math.max(norm(before), Number.MIN_VALUE),
      largest: Number(difference.abs().max().item()),
    };
  });
