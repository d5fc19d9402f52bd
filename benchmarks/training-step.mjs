/**
 * Training ResNet-18 with Adam: a plain step, in float32 and in mixed precision, a step of Editable Training with three editor
 * steps, one over the other.
 */
import { defaultTraining, imageClassification, Trainer } from 'editable';
import { checkSteps, editorChoice, randomBatch, unreachable, untrainedNet } from './workload.mjs';

const common = {
  unit: 'ms',
  repeats: 5,
  prepare(parameters) {
    const step = trainingStep(parameters);
    return { run: step, calls: 1 };
  },
};

export const rows = [
  {
    ...common,
    name: 'train-step',
    title: 'plain training step',
    goal: 0.95,
    goalTuned: null,
    parameters: ({ width, batch, device }) => ({ width, batch, device }),
  },
  {
    ...common,
    name: 'bfloat16-train-step',
    pytorchRow: 'train-step',
    title: 'the same in mixed precision, bfloat16',
    needs: 'bfloat16',
    goal: 0.95,
    goalTuned: null,
    parameters: ({ width, batch, device }) => ({ width, batch, device, precision: 'bfloat16' }),
  },
  {
    ...common,
    name: 'editable-train-step',
    title: 'editable training step, 3 editor steps',
    goal: 0.5,
    goalTuned: 0.7,
    parameters: ({ width, batch, device }) => ({ width, batch, device, steps: 3 }),
  },
  {
    ...common,
    name: 'sampled-train-step',
    pytorchRow: 'editable-train-step',
    title: 'the same, L_loc on a quarter of the batch',
    goal: 0.5,
    goalTuned: 0.7,
    parameters: ({ width, batch, device }) => ({ width, batch, device, steps: 3, locality: Math.ceil(batch / 4) }),
  },
];

/** Rows that come from the times of two others, on each side. */
export const derived = [
  {
    name: 'bfloat16-over-float32',
    title: 'plain training step, bfloat16 over float32',
    needs: 'bfloat16',
    unit: 'x',
    goal: 0.77, // 1.3 times as fast
    of: ['bfloat16-train-step', 'train-step'],
  },
  {
    name: 'editable-over-plain',
    title: 'editable over plain training step',
    unit: 'x',
    goal: 1.6,
    of: ['editable-train-step', 'train-step'],
  },
  {
    name: 'sampled-over-plain',
    title: 'the same, L_loc on a quarter of the batch',
    unit: 'x',
    goal: 1.6,
    of: ['sampled-train-step', 'train-step'],
  },
];

/** One step through the trainer: plain without editor steps, else editable with so many. */
export function trainingStep({ width, batch, device, steps = 0, locality = null, precision = 'float32' }) {
  const settings = {
    ...defaultTraining,
    objective: steps === 0 ? 'plain' : 'editable',
    // As PyTorch's side, whatever the defaults become.
    learnEditor: false,
    localityImages: locality,
    precision,
    clipEditNorm: null,
    editor: { ...editorChoice, maxSteps: steps },
  };
  const trainer = new Trainer(imageClassification, untrainedNet({ width, device }), settings);
  const examples = randomBatch({ batch, device });
  const constraint = steps === 0 ? undefined : unreachable({ device });
  return () => {
    const { editorSteps } = trainer.step(examples, constraint, 1e-3);
    checkSteps(editorSteps, steps);
  };
}
