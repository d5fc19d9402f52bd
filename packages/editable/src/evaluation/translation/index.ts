export * from './bleu-change.js';
export * from './control-sentences.js';
export * from './evaluate-translation.js';
export * from './noised-sources.js';
export * from './translation-records.js';
export * from './translation-repairer.js';
export * from './translation-tasks.js';
export * from './translation-test-set.js';
