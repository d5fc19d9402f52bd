/** What every row works on: an untrained ResNet-18 laid out as runs lay theirs out, and random images. */
import { manualSeed, nn, randint, randn, scope } from '@editable/torch';
import { classification, createModel } from 'editable';

// No net meets it, so that every editor step is taken and timed, here and in PyTorch.
const margin = 100;

/** The editor of every row, with the hyperparameters of PyTorch's side. */
export const editorChoice = { name: 'rmsprop', hyperparameters: { learningRate: 1e-3, beta: 0.5 }, layers: 'layer3' };

export const untrainedNet = ({ width, device }) =>
  scope(() => {
    const model = createModel({ kind: 'resnet18', width, inChannels: 3, classes: 10 }, { seed: 0, device });
    return nn.channelsLast(model);
  });

/** Images [batch, 3, 32, 32] with labels [batch]. */
export function randomBatch({ batch, device }) {
  manualSeed(0);
  return { images: randn([batch, 3, 32, 32], { device }), labels: randint(10, [batch], { dtype: 'int64', device }) };
}

/** One image must get a label by a margin that it never reaches. */
export const unreachable = ({ device }, target = 3) =>
  classification(randn([1, 3, 32, 32], { device }), target, { margin });
