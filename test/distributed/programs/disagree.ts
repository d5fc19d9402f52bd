/** Two processes that are given different things, one after another; prints what each of them is told. */
import { cpSync } from 'node:fs';
import { join } from 'node:path';
import { groupOfEnvironment, type ProcessGroup } from '@editable/torch';
import {
  computeCurvature,
  evaluateRun,
  evaluateTranslator,
  type OpenedModel,
  openTranslator,
  tuneRun,
} from '@editable/workspace';
import {
  defaultTraining,
  type ImageDataset,
  openRun,
  planFrom,
  readParallelCorpus,
  runConfig,
  subset,
  trainRun,
  trainTranslation,
} from 'editable';
import { smallRun, stripesDataset } from '../../../packages/workspace/test/small-run.js';

const folder = process.argv[2] as string;
const editor = { name: 'gd', hyperparameters: { learningRate: 0.05 }, layers: 'layer4', maxSteps: 2 } as const;

/** The last training images are others. */
const fewer = (dataset: ImageDataset, count: number): ImageDataset => ({
  ...dataset,
  split: (which) =>
    subset(
      dataset.split(which),
      Uint32Array.from({ length: count }, (_, i) => i),
    ),
});

const opened = (dataset = stripesDataset, run = openRun(join(folder, 'pictures'))): OpenedModel => ({
  ...{ run, dataset, model: run.model, patches: [], device: 'cpu' },
});

const spec = { kind: 'cifar-resnet18', width: 2, inChannels: 1, classes: 4 } as const;

function training(group: ProcessGroup, seed: number, dataset = stripesDataset): Promise<unknown> {
  const settings = { ...defaultTraining, objective: 'plain', epochs: 1, batchSize: 32, seed } as const;
  return trainRun(join(folder, `train-${seed}`), runConfig(dataset, spec, settings), dataset, { group });
}

const evaluation = (edits: number) => ({ editor, edits, seed: 0, targets: 'random', testImages: 20 }) as const;
const search = { editor: 'gd', layers: ['layer4'], edits: 3, images: 30, maxSteps: 2, searchSteps: 2 } as const;
const tuning = (seed: number) => ({ ...search, minimumSuccess: 0, seed });

/** What each command is given by the rank of a process. */
const cases: Readonly<Record<string, (group: ProcessGroup, rank: number) => unknown>> = {
  'train, settings': (group, rank) => training(group, rank),
  'train, data': (group, rank) => training(group, 7, fewer(stripesDataset, 300 - rank)),
  'train on sentences, settings': (group, rank) => {
    const { run } = openTranslator(join(folder, 'sentences'));
    const { training: own, dataset } = run.config;
    const plan = planFrom(run, { ...(own as NonNullable<typeof own>), seed: rank });
    return trainTranslation(join(folder, 'again'), plan, readParallelCorpus(dataset.folder, plan.text), { group });
  },
  'evaluate, settings': (group, rank) => evaluateRun(opened(), { ...evaluation(2 + rank), group }),
  'evaluate, model': (group, rank) => evaluateRun(rank === 0 ? opened() : otherModel(), { ...evaluation(2), group }),
  'evaluate, data': (group, rank) =>
    evaluateRun(opened(fewer(stripesDataset, 300 - rank)), { ...evaluation(2), group }),
  'evaluate sentences, settings': (group, rank) => {
    const own = { ...editor, layers: 'decoder.layers.1' };
    const run = openTranslator(join(folder, 'sentences'));
    return evaluateTranslator(run, { ...evaluation(2), editor: own, seed: rank, group });
  },
  'tune, settings': (group, rank) => tuneRun(opened(), tuning(rank), { group }),
  'tune, data': (group, rank) => tuneRun(opened(fewer(stripesDataset, 300 - rank)), tuning(0), { group }),
  'curvature, layers': (group, rank) => computeCurvature(opened(), { layers: rank === 0 ? 'layer4' : 'head', group }),
  'curvature, data': (group, rank) => computeCurvature(opened(), { layers: 'head', images: 30 + rank, group }),
  'curvature, model': (group, rank) =>
    computeCurvature(rank === 0 ? opened() : otherModel(), { layers: 'head', images: 30, group }),
};

function otherModel(): OpenedModel {
  const place = join(folder, 'other');
  cpSync(join(folder, 'pictures'), place, { recursive: true });
  return smallRun(place, { seed: 1, steps: 2 });
}

try {
  const group = (await groupOfEnvironment()) as ProcessGroup;
  const told: Record<string, string> = {};
  for (const [name, run] of Object.entries(cases)) {
    try {
      await run(group, group.rank);
      told[name] = 'nothing';
    } catch (error) {
      told[name] = (error as Error).message;
    }
  }
  group.finish();
  console.log(JSON.stringify(told));
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
