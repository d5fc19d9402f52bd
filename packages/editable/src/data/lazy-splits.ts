/** Splits read on first use: a command that looks only at test images does not wait for the train split. */
import { EditableError } from '../errors.js';
import type { ImageSplit, SplitName } from './image-dataset.js';

/** Calls `read` at most once for each split. */
export function lazySplits(read: (which: SplitName) => ImageSplit): (which: SplitName) => ImageSplit {
  const splits = new Map<SplitName, ImageSplit>();
  return (which) => {
    if (which !== 'train' && which !== 'test') {
      throw new EditableError('INVALID_ARGUMENT', `split: expected 'train' or 'test', received '${which}'.`);
    }
    const split = splits.get(which) ?? read(which);
    splits.set(which, split);
    return split;
  };
}
