/** What every row works on: an untrained ResNet-18 laid out as runs lay theirs out, and random images. */
import { manualSeed, nn, randint, randn, scope } from '@editable/torch';
import { classification, createModel } from 'editable';

// Here and in PyTorch: a margin and steps so small that no edit ends early or diverges, so every step is taken and timed.
const margin = 1e4;
const hyperparameters = { learningRate: 1e-5, beta: 0.5 };

export const editorChoice = { name: 'rmsprop', hyperparameters, layers: 'layer3' };

export const untrainedNet = ({ width, device }) =>
  scope(() => {
    const model = createModel({ kind: 'cifar-resnet18', width, inChannels: 3, classes: 10 }, { seed: 0, device });
    return nn.channelsLast(model);
  });

/** Images [batch, 3, 32, 32] with classes [batch]. */
export function randomBatch({ batch, device }) {
  manualSeed(0);
  return { input: randn([batch, 3, 32, 32], { device }), target: randint(10, [batch], { dtype: 'int64', device }) };
}

/** One image must get a label by a margin that no edit reaches. */
export const unreachable = ({ device }, target = 3) =>
  classification(randn([1, 3, 32, 32], { device }), target, { margin });

/** Fails unless every editor step was taken; otherwise the two sides would not do the same work. */
export function checkSteps(taken, wanted) {
  if (taken !== wanted) throw new Error(`an edit took ${taken} steps of ${wanted}.`);
}
