/** Photographs as training takes them, each decoded, cropped at random, resized, flipped and normalised, by two threads. */
import { dirname, join } from 'node:path';
import {
  assembleBatch,
  augmentedImages,
  BatchSchedule,
  photographs,
  ReadAhead,
  randomResizedCrop,
  stream,
} from 'editable';
import { madeFolder, writePhotographs } from './photograph-files.mjs';

const workers = 2;

const common = {
  pytorchRow: 'photographs',
  unit: 'ms',
  goal: 0.8,
  goalTuned: 0.8,
  repeats: 7,
  warmUps: 1,
};

const row = (name, title, size) => ({
  ...common,
  name,
  title,
  parameters: ({ batch }) => ({ folder: join(madeFolder(), 'train'), batch, workers }),
  async prepare({ folder, batch }) {
    const images = 8 * batch;
    await writePhotographs(dirname(folder), images, size);
    return { run: await epochs(dirname(folder), { batch, workers }), calls: images };
  },
});

export const rows = [
  row('photographs', 'a photograph of 500 × 375 for training', { width: 500, height: 375 }),
  row('small-photographs', 'the same of 224 × 224', { width: 224, height: 224 }),
];

/** Read once as a whole, as every folder is; what is known of it then stays beside it. */
export async function openTrain(folder, workers) {
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  const preprocessing = { resize: 256, crop: 224 };
  return await photographs({ folder }, { preprocessing, splits: ['train'], onDemand: ['train'], workers });
}

/** Each call reads every photograph of train/ once, in batches, in another order and cropped anew. */
export async function epochs(folder, { batch, workers, onBatch = () => {} }) {
  const dataset = await openTrain(folder, workers);
  const split = dataset.split('train');
  const schedule = new BatchSchedule(split.length, { batchSize: batch, seed: 0 });
  const all = Uint32Array.from({ length: batch }, (_, i) => i);
  let step = 0;
  return async () => {
    const end = step + schedule.stepsPerEpoch;
    const reading = new ReadAhead(
      (at) => augmentedImages(split, schedule.at(at), { ...randomResizedCrop, random: stream(0, 'augment', at) }),
      { ahead: 2, end },
    );
    for (; step < end; step++) {
      const { images, labels } = assembleBatch(await reading.at(step), all, dataset);
      if (images.length !== batch * 3 * 224 * 224 || labels.length !== batch) throw new Error('a batch is not whole.');
      onBatch(step);
    }
  };
}
