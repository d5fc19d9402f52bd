export { type Augmentation, augmentedViews, cropAndFlip, type ViewOptions } from './augmentation.js';
export { type Augment, augmentedImages } from './augmented-images.js';
export { assembleBatch, type Batch, type BatchOptions } from './batch.js';
export { BatchSchedule, type BatchScheduleOptions, epochOrder, sequentialBatches } from './batches.js';
export { cifar10 } from './cifar10.js';
export { cifar100 } from './cifar100.js';
export { concatenate } from './concatenate.js';
export * from './dataset-names.js';
export { downloadFashionMnist, fashionMnist } from './fashion-mnist.js';
export { type HoldOutOptions, holdOut } from './hold-out.js';
export { type IdxArray, parseIdx, readIdx } from './idx.js';
export {
  type DatasetSource,
  type FolderSource,
  type ImageDataset,
  type ImageSplit,
  imageSplit,
  type PhotographFiles,
  type SplitName,
  subset,
} from './image-dataset.js';
export { type EncodeOptions, encodePng, type ImageFile, readImageFile } from './image-file.js';
export type { ImageShape } from './image-shape.js';
export { labelBytes } from './label-bytes.js';
export { loadDataset } from './load-dataset.js';
export type { DatasetLocation } from './locate.js';
export { type Normalization, normalizeImages } from './normalization.js';
export {
  type CorpusLanguages,
  type CorpusSplit,
  type ParallelCorpus,
  readCorpusSplit,
  readParallelCorpus,
  readSplitIfThere,
  type TextPair,
} from './parallel-corpus.js';
export {
  type Photograph,
  type RandomCropOptions,
  type ResizeAndCrop,
  readPhotograph,
  readRandomCrop,
} from './photograph.js';
export { type PhotographsOptions, photographs, unlabelledPhotographs } from './photographs.js';
export { type RandomState, RandomStream, stream } from './random.js';
export { cropBox, type RandomResizedCrop, randomResizedCrop } from './random-resized-crop.js';
export { ReadAhead, type ReadAheadOptions } from './read-ahead.js';
