/** The one division of a train split into training and validation images: every run and every tuning uses it. */
import { holdOut, type ImageDataset, type ImageSplit } from '../data/index.js';

const validationImages = 5000;

/** `train` is what training sees; `validation` is what tuning sees. Neither touches the test split. */
export const trainingSplits = (dataset: ImageDataset): { train: ImageSplit; validation: ImageSplit } =>
  holdOut(dataset.split('train'), { size: validationImages, seed: 0 });
