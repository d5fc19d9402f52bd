/** The data sets that are known by a name. Imports nothing: help and option checks read it without libtorch. */

export const datasetNames = ['fashion-mnist', 'cifar-10', 'cifar-100'] as const;

export type DatasetName = (typeof datasetNames)[number];
