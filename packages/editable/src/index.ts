/**
 * Editable Neural Networks: editors, constraints, Editable Training, evaluation, tuning, patches, models, data.
 *
 * @module editable
 */

// Figure 2.
export * from './analysis/class-drawdown.js';
export type { DescribedEdit } from './analysis/described-edit.js';
export type { DescriberOptions } from './analysis/edit-describer.js';
export * from './analysis/edit-descriptors.js';
export * from './analysis/explained-variance.js';
export * from './analysis/find-mistakes.js';
export { type LabelErrorOptions, suspectLabels } from './analysis/label-errors.js';
export * from './analysis/matrix.js';
export { nearDuplicates, usualNearness } from './analysis/near-duplicates.js';
export { type NeighborVotesOptions, neighborVotes } from './analysis/neighbor-votes.js';
export * from './analysis/truncated-svd.js';
export * from './analysis/tsne.js';
export * from './data/index.js';
export * from './editing/constraint.js';
export * from './editing/constraints/classification.js';
export * from './editing/constraints/regression.js';
export * from './editing/constraints/sequence.js';
export {
  type Answers,
  type AnswersChoice,
  type AnswersTo,
  type DrawnAnswers,
  drawnSequences,
  mostProbable,
} from './editing/curvature/answers.js';
export * from './editing/curvature/curvature.js';
export {
  type CurvatureSource,
  type KeptFactors,
  loadFactors,
  saveFactors,
} from './editing/curvature/curvature-file.js';
export * from './editing/curvature/ekfac.js';
export * from './editing/curvature/jacobian.js';
export * from './editing/curvature/kronecker.js';
export {
  type EditLoopOptions,
  type EditOptions,
  type EditResult,
  edit,
  editLoop,
  type Trajectory,
} from './editing/edit.js';
export * from './editing/editor.js';
export * from './editing/editor-choice.js';
export * from './editing/editors/index.js';
export * from './editing/layers.js';
export * from './editing/locality.js';
export * from './editing/together/edit-together.js';
export * from './errors.js';
export { Activations } from './evaluation/activations.js';
export { basePredictions, type PredictionsOptions } from './evaluation/base-predictions.js';
export * from './evaluation/control-curvature.js';
export * from './evaluation/edit-tasks.js';
export * from './evaluation/evaluate.js';
export * from './evaluation/evaluation-options.js';
export { GradientRepairer } from './evaluation/gradient-repairer.js';
export { judgedImages, judgedSplit } from './evaluation/judged-images.js';
export * from './evaluation/picture-views.js';
export { classesOf, countFlips, errorRate, noClass } from './evaluation/predictions.js';
export * from './evaluation/preview.js';
export * from './evaluation/records.js';
export type { ReducedPrecision } from './evaluation/reduced-precision.js';
export * from './evaluation/reference-ranks.js';
export * from './evaluation/repairer.js';
export * from './evaluation/sampling.js';
export { type MergedShards, mergeShards, shardKey, writeRecords } from './evaluation/shards.js';
export * from './evaluation/statistics.js';
export * from './evaluation/test-set.js';
export * from './evaluation/translation/index.js';
export { averageWeights } from './models/average-weights.js';
export * from './models/cifar-resnet18.js';
export * from './models/densenet.js';
export { type ExtraLayerSize, hasStandardizedExtraLayer } from './models/extra-layer.js';
export { type Weights, withWeights } from './models/load-weights.js';
export * from './models/mobilenet-v2.js';
export * from './models/network-names.js';
export type * from './models/network-options.js';
export { type Network, networks, type Preprocessing } from './models/networks.js';
export * from './models/registry.js';
export * from './models/resnet.js';
export * from './models/resnet-cifar.js';
export * from './models/squeezenet.js';
export { tailOf } from './models/tail.js';
export * from './models/transformer/index.js';
export * from './models/vgg.js';
export { modelHash } from './patches/model-hash.js';
export { applyPatch, describePatch, type PatchDescription, type PatchDetails, savePatch } from './patches/patch.js';
export type { PatchInfo, PatchTarget } from './patches/patch-info.js';
export { configSchemas, editorChoiceSchema } from './runs/config-schema.js';
export { hasFactorShards, type MergedFactors, mergeFactorShards } from './runs/factor-shards.js';
export * from './runs/json-lines.js';
export * from './runs/read-config.js';
export * from './runs/run.js';
export * from './runs/run-config.js';
export * from './runs/run-curvature.js';
export * from './runs/run-files.js';
export * from './runs/splits.js';
export * from './runs/translation-curvature.js';
export * from './runs/translation-run.js';
export * from './sequences/edit-sequence.js';
export * from './sequences/repair-many.js';
export type { RepairTask } from './sequences/repair-set.js';
export type { SequenceCheckpoint, SequenceRecord } from './sequences/sequence-records.js';
export { agreeOn, failTogether } from './sharing/group-agreement.js';
export { alone, rangeOf, type Share, type Sharing } from './sharing/share.js';
export * from './tasks/image-classification.js';
export type * from './tasks/task.js';
export * from './tasks/translation.js';
export * from './training/objective.js';
export { isFinished } from './training/run-folder.js';
export * from './training/settings.js';
export * from './training/standardized-extra-layer.js';
export * from './training/train-run.js';
export * from './training/train-translation.js';
export * from './training/trainer.js';
export type { StepMetrics } from './training/training-loop.js';
export * from './training/translation-settings.js';
export type { Validation } from './training/validation.js';
export * from './translation/index.js';
export * from './tuning/card-file.js';
export type { CardProgress, CardSample, CardStage, SkippedPair } from './tuning/card-search.js';
export * from './tuning/editability-card.js';
export { layerSubsets } from './tuning/layer-subsets.js';
export type { Trial } from './tuning/trial.js';
export type { TrialOptions } from './tuning/trial-options.js';
export { type TuneOptions, type Tuning, tune } from './tuning/tune.js';

// What Table 3 compares with, and the workarounds of section 1.

export * from './baselines/conditional-objective.js';
export * from './baselines/conditional-process.js';
export * from './baselines/conditional-process-repairer.js';
export type { ConditionalSettings, ConditionalStepTerms } from './baselines/conditional-training.js';
export * from './baselines/deep-nearest-neighbors.js';
export * from './baselines/lookup-table.js';
export * from './baselines/nearest-neighbors.js';
export * from './baselines/rehearsal.js';
export * from './baselines/retraining.js';
export * from './baselines/train-conditional-process.js';
export type { TrainImages } from './baselines/train-images.js';
