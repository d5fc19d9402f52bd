/** Editable Neural Networks: editors, constraints, Editable Training, evaluation, tuning, patches, models, data. */
export * from './data/index.js';
export * from './editing/constraint.js';
export * from './editing/constraints/classification.js';
export * from './editing/constraints/regression.js';
export {
  type EditLoopOptions,
  type EditOptions,
  type EditResult,
  edit,
  editLoop,
  type Trajectory,
} from './editing/edit.js';
export * from './editing/editor.js';
export * from './editing/editors/index.js';
export * from './editing/layers.js';
export * from './errors.js';
export * from './models/resnet18.js';
export * from './training/objective.js';
