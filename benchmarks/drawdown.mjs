/**
 * Exact drawdown of several edits. The authors' loop runs the whole net on every test image after every edit; ours
 * caches what reaches the first edited layer. All edits take the same three steps on both sides.
 */
import { scope } from '@editable/torch';
import { edit, editorNamed, errorRate, imageSplit, stream, TestSet } from 'editable';
import { checkSteps, editorChoice, unreachable, untrainedNet } from './workload.mjs';

const { name, hyperparameters, layers } = editorChoice;
const shape = [3, 32, 32];
const layer3 = 3; // the stage: stem, layer1, layer2, layer3, layer4, head
const normalization = { mean: [0.5, 0.5, 0.5], std: [0.25, 0.25, 0.25] };

export const rows = [
  {
    name: 'drawdown',
    title: 'exact drawdown of 4 edits',
    unit: 'ms',
    goal: 0.25,
    goalTuned: null,
    repeats: 3,
    warmUps: 0,
    parameters: ({ width, device, quick }) => ({ width, device, images: quick ? 50 : 1000, edits: 4, steps: 3 }),
    prepare({ width, device, images, edits, steps }) {
      const model = untrainedNet({ width, device });
      const testSet = new TestSet(randomSplit(images), { normalization, device });
      const tasks = Array.from({ length: edits }, (_, i) => unreachable({ device }, i % 10));
      const editor = editorNamed(name, hyperparameters);
      return { run: () => meanDrawdown(model, testSet, tasks, { editor, layers, maxSteps: steps }), calls: 1 };
    },
  },
];

function meanDrawdown(model, testSet, tasks, options) {
  const activations = testSet.activations(model, layer3);
  try {
    const error = (edited) => errorRate(testSet.predict(edited, activations), testSet.labels);
    const before = error(model);
    const after = tasks.map((task) =>
      scope(() => {
        const edited = edit(model, task, options);
        checkSteps(edited.steps, options.maxSteps);
        return error(edited.model);
      }),
    );
    return after.reduce((sum, each) => sum + each - before, 0) / tasks.length;
  } finally {
    activations[Symbol.dispose]();
  }
}

function randomSplit(count) {
  const random = stream(0, 'benchmark-images');
  const pixels = Uint8Array.from({ length: count * 3072 }, () => random.int(256));
  return imageSplit(
    pixels,
    Uint8Array.from({ length: count }, (_, i) => i % 10),
    shape,
  );
}
