/** An edit of chain 3 with RMSProp on one image, per step: forward, gradient, update. */
import { scope } from '@editable/torch';
import { edit, editorNamed } from 'editable';
import { checkSteps, editorChoice, unreachable, untrainedNet } from './workload.mjs';

const { name, hyperparameters, layers } = editorChoice;

export const rows = [
  editRow('edit-step', 'edit step, in an edit of 10 steps', 10),
  editRow('edit-single-step', 'edit step, in an edit of 1 step', 1),
];

function editRow(rowName, title, steps) {
  return {
    name: rowName,
    pytorchRow: 'edit-step',
    title,
    unit: 'ms',
    goal: 0.2,
    goalTuned: 0.6,
    repeats: 12,
    parameters: ({ width, device }) => ({ width, device, steps }),
    prepare: prepareEdit,
  };
}

function prepareEdit({ width, device, steps }) {
  const model = untrainedNet({ width, device });
  const constraint = unreachable({ device });
  const editor = editorNamed(name, hyperparameters);
  const run = () =>
    checkSteps(
      scope(() => edit(model, constraint, { editor, layers, maxSteps: steps }).steps),
      steps,
    );
  return { run, calls: steps };
}
