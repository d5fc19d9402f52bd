/** Work on two small runs, alone or shared by the group of the environment; alone also as shards that are merged. */
import { join } from 'node:path';
import { groupOfEnvironment } from '@editable/torch';
import {
  computeCurvature,
  computeTranslationCurvature,
  evaluateRun,
  evaluateTranslator,
  mergeCurvature,
  mergeEvaluations,
  mergeTranslationEvaluations,
  type OpenedModel,
  openTranslator,
  tuneRun,
} from '@editable/workspace';
import { failTogether, openRun, type Sharing } from 'editable';
import { stripesDataset } from '../../../packages/workspace/test/small-run.js';

interface Plan {
  /** Holds the runs `pictures` and `sentences`, which this may write into. */
  readonly folder: string;
  /** Do it alone, as so many shards. */
  readonly shards?: number;
}

const { folder, shards } = JSON.parse(process.argv[2] as string) as Plan;

const editor = { name: 'gd', hyperparameters: { learningRate: 0.05 }, layers: 'layer4', maxSteps: 4 } as const;
const evaluation = { edits: 7, seed: 0, targets: 'random' } as const;
const search = { layers: ['layer4', 'head'], images: 60, maxSteps: 4, searchSteps: 4, minimumSuccess: 0.9, seed: 0 };

const pictures = (): OpenedModel => {
  const run = openRun(join(folder, 'pictures'));
  return { run, dataset: stripesDataset, model: run.model, patches: [], device: 'cpu' };
};
const sentences = () => openTranslator(join(folder, 'sentences'));

async function share(sharing: Sharing): Promise<void> {
  computeCurvature(pictures(), { layers: ['layer4', 'head'], images: 420, ...sharing });
  computeTranslationCurvature(sentences(), { layers: 'decoder.layers.1', sentences: 200, ...sharing });
  await evaluateRun(pictures(), { ...evaluation, editor, testImages: 100, ...sharing });
  const layers = 'decoder.layers.1';
  await evaluateTranslator(sentences(), { ...evaluation, editor: { ...editor, layers }, ...sharing });
}

try {
  const group = await groupOfEnvironment();
  if (shards === undefined) {
    await failTogether(group, async () => {
      await share({ group });
      await tuneRun(pictures(), { editor: 'gd', edits: 10, ...search }, { group });
    });
  } else {
    for (let rank = shards - 1; rank >= 0; rank--) await share({ share: { rank, size: shards } });
    for (const run of ['pictures', 'sentences']) mergeCurvature(join(folder, run));
    mergeEvaluations(join(folder, 'pictures'));
    mergeTranslationEvaluations(join(folder, 'sentences'));
  }
  group?.finish();
} catch (error) {
  console.error((error as Error).message);
  process.exitCode = 1;
}
