/** The one division of a train split into training and validation images: every run and every tuning uses it. */
import { holdOut, type ImageDataset, type ImageSplit } from '../data/index.js';

/** As many as CIFAR-10's usual split holds out, and of fewer images a tenth. */
const validationImages = (images: number): number => Math.max(1, Math.min(5000, Math.floor(images / 10)));

/** `train` is what training sees; `validation` is what tuning sees. Neither touches the test split. */
export function trainingSplits(dataset: ImageDataset): { train: ImageSplit; validation: ImageSplit } {
  const all = dataset.split('train');
  return holdOut(all, { size: validationImages(all.length), seed: 0 });
}
