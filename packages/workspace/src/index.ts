/**
 * What a person works with, free of any terminal or page: runs made ready for use, jobs, pictures, mistakes.
 *
 * @module @editable/workspace
 */
export * from './errors.js';
export * from './job-events.js';
export * from './jobs/card.js';
export * from './jobs/curvature.js';
export * from './jobs/evaluation.js';
export { hasEvaluationShards } from './jobs/evaluation-shards.js';
export * from './jobs/mistake-ranks.js';
export * from './jobs/repair.js';
export * from './jobs/repair-set.js';
export * from './jobs/training.js';
export * from './jobs/translation.js';
export * from './jobs/translation-curvature.js';
export * from './jobs/translation-evaluation.js';
export * from './jobs/translation-import.js';
export * from './jobs/translation-mistakes.js';
export * from './jobs/translation-repair.js';
export * from './jobs/translation-repair-set.js';
export * from './jobs/translation-training.js';
export * from './jobs/tuning.js';
export * from './mistakes/agreed-mistakes.js';
export * from './mistakes/list-mistakes.js';
export * from './pictures/label-names.js';
export * from './pictures/picture.js';
export * from './pictures/repair-list.js';
export * from './runs/editor-choice.js';
export * from './runs/open-data.js';
export * from './runs/open-model.js';
export * from './runs/open-translator.js';
export * from './runs/run-figures.js';
export * from './runs/run-files.js';
export * from './store/index.js';
