/** A new editor in one file: gradient descent with each tensor's step divided by that tensor's own gradient norm. */
import { grad, type Tensor, tensor } from '@editable/torch';
import {
  classification,
  constraint,
  defineEditor,
  descend,
  type Editor,
  edit,
  editLoop,
  type Hyperparameter,
  learningRateRange,
  loadDataset,
  normalizeImages,
  openRun,
} from 'editable';

// A rule is pure: it returns the next parameters and its next state (none here), and writes nothing in place. Then
// Editable Training can differentiate through it. Where the gradient may vanish, a root needs a guard under it.
const layerwise = (learningRate: Hyperparameter = 0.1): Editor<null> =>
  defineEditor<null>({
    name: 'layerwise',
    hyperparameters: { learningRate },
    ranges: { learningRate: learningRateRange },
    init: () => null,
    update: ({ theta, gradients }, state, { learningRate: alpha = 0 }) => {
      const unit = (g: Tensor): Tensor => g.div(g.square().sum().add(1e-12).sqrt());
      return { theta: theta.map((t, i) => descend(t, unit(gradients[i]!), alpha)), state };
    },
  });

const { model, config } = openRun('runs/examples/plain');
const test = (await loadDataset('fashion-mnist')).split('test');
const pixels = normalizeImages([test.image(0)], config.shape, config.normalization);
const image = tensor(pixels, { shape: [1, ...config.shape] });
const wanted = classification(image, 3);

// It edits like the six that come with the library.
const { success, steps } = edit(model, wanted, { editor: layerwise(), layers: 'layer3' });
console.log(`layerwise: success ${success} in ${steps} steps`);

// It is differentiable: how the loss after one step depends on the learning rate.
const learningRate = tensor(0.1, { requiresGrad: true });
const weight = model.parameters.get('fc.weight')!.detach().requiresGrad_();
const lossAt = ([w]: readonly Tensor[]): Tensor =>
  wanted.loss(model.call(image, { parameters: new Map([['fc.weight', w!]]) }).output);
const options = { editor: layerwise(learningRate), maxSteps: 1, differentiable: true };
const [slope] = grad(editLoop(lossAt, [weight], options).loss, [learningRate]);
console.log(`d l_e / d learning rate: ${slope!.item().toFixed(3)}`);

// A constraint is any function of the output that is at most 0 when it holds: here, class 3 at 90 % or more.
const above = constraint(image, (logits) => logits.softmax(1).select(1, 3).sub(0.9).neg().relu().sum());
console.log(`p(class 3) ≥ 0.9: success ${edit(model, above, { editor: layerwise(), layers: 'all' }).success}`);
