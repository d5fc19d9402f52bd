/**
 * What a sample saves: drawdown's mean over 1,000 edits to ± 0.1 points, beside judging all test images. Samples depend on
 * what edits do to a network, so this one is trained, for a minute, on Fashion-MNIST.
 */
import { scope, tensor } from '@editable/torch';
import {
  GradientRepairer,
  judgeBySample,
  judgedImages,
  loadDataset,
  normalizeImages,
  randomTasks,
  SamplingPlan,
} from 'editable';
import { trainedNet } from './trained-net.mjs';

const editor = { name: 'rmsprop', hyperparameters: { learningRate: 1e-3, beta: 0.5 }, layers: 'layer3', maxSteps: 10 };
/** So many edits, each known to this, have a mean that is known to ± 0.1 points. */
const precision = 0.001 * Math.sqrt(1000);

export const rows = [
  {
    name: 'sampled-drawdown',
    title: 'judging an edit so that the mean of 1,000 is known to 0.1 points, over judging it on all images',
    unit: 'x',
    goal: 0.05,
    async measure({ device, quick }) {
      const dataset = await loadDataset('fashion-mnist');
      const model = trainedNet(dataset, { device, width: quick ? 4 : 16, steps: quick ? 60 : 400 });
      const options = { device, edits: quick ? 4 : 24, reducedPrecision: true };
      const whole = judgedImages(dataset, { ...options, reducedPrecision: false });
      const reduced = judgedImages(dataset, options);
      const [exactly, bySample] = [whole, reduced].map((images) => new GradientRepairer(model, images, editor));
      const plan = new SamplingPlan(exactly.base, exactly.labels, { precision });
      const judged = randomTasks(dataset.split('test'), { ...options, classes: dataset.classes.length, seed: 0 })
        .map((task, position) => judgeTwice(dataset, { exactly, bySample, plan }, task, { position, device }))
        .filter((each) => each !== null);
      for (const each of [exactly, bySample, whole, reduced]) each[Symbol.dispose]();
      return summary(judged, reduced.length);
    },
  },
];

/** All images in float32, and a sample in bfloat16 where that is faster; null where nothing had to change. */
function judgeTwice(dataset, { exactly, bySample, plan }, { index, target }, { position, device }) {
  return scope(() => {
    const pixels = normalizeImages([dataset.split('test').image(index)], dataset.shape, dataset.normalization);
    const input = tensor(pixels, { shape: [1, ...dataset.shape], device });
    const repair = exactly.repair(input, target);
    if (!repair.changed) return null;
    const again = bySample.repair(input, target);
    const whole = timed(() => changeOf(exactly, repair.judge()));
    const sample = timed(() => judgeBySample(plan, again, { seed: 0, position }));
    return { whole, sample };
  });
}

function summary(judged, images) {
  const sum = (of) => judged.reduce((total, each) => total + of(each), 0);
  const held = judged.filter(
    ({ whole, sample }) => Math.abs(sample.value.drawdown - whole.value) <= 1.96 * sample.value.standardError,
  ).length;
  return {
    ours: sum(({ sample }) => sample.seconds) / sum(({ whole }) => whole.seconds),
    pytorch: null,
    // Of 24 edits, two outside come by chance in one run of three; four in one of a hundred.
    holds: held >= judged.length - Math.max(1, Math.ceil(0.15 * judged.length)),
    edits: judged.length,
    held,
    images,
    meanJudged: sum(({ sample }) => sample.value.judged) / judged.length,
  };
}

const changeOf = ({ base, labels }, after) =>
  labels.reduce((sum, label, i) => sum + Number(after[i] !== label) - Number(base.classes[i] !== label), 0) /
  labels.length;

function timed(body) {
  const start = performance.now();
  const value = body();
  return { value, seconds: (performance.now() - start) / 1000 };
}
