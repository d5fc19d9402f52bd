/** A new task in one file: pictures of clothes have attributes, several at a time, and one wrong attribute is repaired. */
import { logSigmoid, nn, noGrad, scope, type Tensor, tensor } from '@editable/torch';
import {
  type Answers,
  assembleBatch,
  BatchSchedule,
  type Constraint,
  constraint,
  createModel,
  defaultTraining,
  edit,
  type ImageSplit,
  KroneckerCurvature,
  kroneckerFactors,
  loadDataset,
  natural,
  rmsprop,
  selectParameters,
  stream,
  type Task,
  Trainer,
  trainingSplits,
} from 'editable';

/** Which of Fashion-MNIST's classes have each attribute. */
const attributes = { 'worn on the feet': [5, 7, 9], 'has sleeves': [0, 2, 4, 6], 'opens at the front': [4, 6] };
const names = Object.keys(attributes);

// Outputs are logits [batch, attributes], each of an attribute of its own; targets are 0 or 1.
const signed = (logits: Tensor, yes: Tensor): Tensor => logSigmoid(logits.mul(yes.mul(2).sub(1)));
const clothes: Task = {
  name: 'clothes',
  baseLoss: (logits, { target }) => signed(logits, target).neg().mean(),
  accuracy: (logits, { target }) => logits.gt(0).eq(target.gt(0.5)).to('float32').mean(),
  divergence: (before, after) => {
    const kl = (sign: 1 | -1): Tensor => {
      const [p, q] = [logSigmoid(before.mul(sign)), logSigmoid(after.mul(sign))];
      return p.exp().mul(p.sub(q));
    };
    return kl(1).add(kl(-1)).sum([1]).mean();
  },
};

// The natural editor's metric needs to know what an answer is: every attribute drawn from the model's own p.
const drawnAttributes = (seed: number): Answers => {
  const random = stream(seed, 'attributes');
  return {
    count: 1,
    of(logits) {
      const probabilities = logits.detach().sigmoid();
      const draws = tensor(
        Float32Array.from({ length: probabilities.numel }, () => random.float()),
        { shape: logits.shape },
      );
      const logProbabilities = signed(logits, probabilities.gt(draws).to('float32')).sum([1], { keepdim: true });
      return { logProbabilities, weights: logProbabilities.detach().onesLike() };
    },
  };
};

/** One attribute of one picture shall be there, or shall not; the others are left to the editor. */
const attribute = (image: Tensor, which: number, isThere: boolean): Constraint =>
  constraint(image, (logits) => {
    const logit = logits.select(1, which);
    return (isThere ? logit.neg() : logit).relu().sum();
  });

const dataset = await loadDataset('fashion-mnist');
const { shape, normalization } = dataset;
const { train, validation } = trainingSplits(dataset);
const read = (split: ImageSplit, indices: Uint32Array): { input: Tensor; target: Tensor } => {
  const { images, labels } = assembleBatch(split, indices, { normalization });
  const target = Array.from(labels, (label) =>
    Object.values(attributes).map((classes) => Number(classes.includes(Number(label)))),
  );
  return { input: tensor(images, { shape: [indices.length, ...shape] }), target: tensor(target) };
};

// The trainer knows a task by its Task alone; Editable Training takes constraints like the one above.
const spec = { kind: 'cifar-resnet18', width: 4, inChannels: shape[0], classes: names.length } as const;
const trainer = new Trainer(clothes, createModel(spec), { ...defaultTraining, objective: 'plain' });
const schedule = new BatchSchedule(train.length, { batchSize: 64, seed: 0 });
for (let step = 0; step < 60; step++) scope(() => trainer.step(read(train, schedule.at(step)), undefined, 3e-3));
const model = trainer.snapshot();

// Its surest mistake on pictures that it was not trained on.
const judged = read(
  validation,
  Uint32Array.from({ length: 1000 }, (_, i) => i),
);
const logitsOf = (network: nn.Model): Tensor => noGrad(() => nn.forward(network, judged.input));
const before = logitsOf(model);
const right = before.gt(0).eq(judged.target.gt(0.5));
console.log(`${(100 * right.to('float32').mean().item()).toFixed(1)} % of 3,000 attributes are right.`);
const surest = Number(before.abs().maskedFill(right, 0).flatten().argmax().item());
const [picture, which] = [Math.floor(surest / names.length), surest % names.length];
const isThere = judged.target.select(0, picture).select(0, which).item() === 1;
console.log(`Picture ${picture}: "${names[which]}" shall be ${isThere ? 'true' : 'false'}.`);

// Repaired by the paper's editor and by the natural one, which is told what to keep by 500 pictures without labels.
const layers = 'layer3';
const edited = selectParameters(model, layers);
const from = model.stages.findIndex(({ name }) => name.startsWith(layers));
const control = Array.from({ length: 8 }, (_, i) => read(train, schedule.at(100 + i)).input);
const entering = control.map((images) => noGrad(() => model.call(images, { to: from }).output));
const factors = kroneckerFactors(model, entering, { names: edited, answers: drawnAttributes(0) });
const curvature = new KroneckerCurvature(factors, { damping: 1e-3 });
const wanted = attribute(judged.input.narrow(0, picture, 1), which, isThere);
for (const editor of [rmsprop({ learningRate: 1e-3, beta: 0.5 }), natural({ curvature })]) {
  const { model: repaired, success, steps } = edit(model, wanted, { editor, layers, maxSteps: 20 });
  const changed = logitsOf(repaired).gt(0).ne(before.gt(0)).sum().item();
  console.log(`${editor.name}: success ${success} in ${steps} steps, ${changed} of 3,000 attributes changed.`);
}
