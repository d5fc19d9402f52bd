/**
 * Equation 2 for Editable+CNP (section 4.1): the edit is the encoder's condition. The base loss sees the plain model in
 * train mode; L_edit and L_loc see the conditioned one in eval mode, with the running statistics that the base left.
 */
import { cat, type nn, noGrad, type Tensor, zeros } from '@editable/torch';
import { classification } from '../editing/constraints/classification.js';
import { imageClassification } from '../tasks/image-classification.js';
import type { TrainingBatch } from '../tasks/task.js';
import { baseObjective, type Objective } from '../training/objective.js';
import { type ConditionalProcess, conditioned, conditionOf, stageAfter } from './conditional-process.js';

export interface ConditionalEdit {
  /** [1, channels, height, width], normalised. */
  readonly input: Tensor;
  readonly target: number;
}

export interface ConditionalObjectiveOptions {
  readonly cEdit: number;
  readonly cLoc: number;
  /** Nats by which L_edit asks the target to lead: one step cannot go on until it does, so a lead buys success. */
  readonly margin: number;
  /** Train the encoder alone: the model stays as it is, and there is no base loss. */
  readonly freeze: boolean;
}

/**
 * The terms of one batch and one edit, differentiable in `parameters` (the model's) and `encoderParameters`. An input that
 * is right already is not edited. With `freeze` there is no base loss.
 */
export function conditionalObjective(
  { model, encoder, after }: ConditionalProcess,
  parameters: nn.NamedTensors,
  encoderParameters: nn.NamedTensors,
  batch: TrainingBatch,
  { input, target }: ConditionalEdit,
  { cEdit, cLoc, margin, freeze }: ConditionalObjectiveOptions,
): Objective {
  const plain = freeze ? noBaseLoss(batch) : baseObjective(imageClassification, model, parameters, batch);
  const at = stageAfter(model, after);
  const evaluated = model.with({ buffers: plain.buffers });
  const constraint = classification(input, target);
  const prefix = evaluated.call(cat([input, batch.input]), { parameters, to: at }).output;
  const [editPrefix, batchPrefix] = prefix.splitWithSizes([1, batch.input.shape[0] as number]) as [Tensor, Tensor];
  const rest = (from: nn.Model, value: Tensor): Tensor => from.call(value, { from: at, parameters }).output;

  const unedited = constraint.loss(rest(evaluated, editPrefix));
  if (unedited.item() <= 0) return { ...plain, edit: unedited };
  const edited = conditioned(evaluated, at, conditionOf(encoder, editPrefix, target, encoderParameters));
  const edit = classification(input, target, { margin }).loss(rest(edited, editPrefix));
  const before = noGrad(() => rest(evaluated, batchPrefix));
  const locality = imageClassification.divergence(before, rest(edited, batchPrefix), batch);
  const total = plain.base.add(edit.mul(cEdit)).add(locality.mul(cLoc));
  return { ...plain, total, edit, locality, success: edit.item() <= margin, steps: 1 };
}

function noBaseLoss({ input }: TrainingBatch): Objective {
  const zero = zeros([], { device: input.device });
  const terms = { total: zero, base: zero, edit: zero, locality: zero };
  return { ...terms, success: true, steps: 0, accuracy: 0, buffers: new Map() };
}
