/** A store for tests on the small run, and its bench opened again as another process would. */
import { join } from 'node:path';
import { openRun } from 'editable';
import {
  addBase,
  approve,
  type Bench,
  benchOf,
  listMistakes,
  type OpenedModel,
  propose,
  Store,
  type StoredRepair,
  testPicture,
} from '../src/index.js';
import { smallRun, stripesDataset } from './small-run.js';

export function smallStore(folder: string, options: Parameters<typeof smallRun>[1] = {}): Bench {
  const opened = smallRun(join(folder, 'run'), options);
  const store = Store.create(join(folder, 'store'));
  addBase(store, opened, { by: 'ann', controlImages: 200 });
  return reopened(store);
}

/** A base, the newest one unless said otherwise, read from the store's files. */
export function reopened(store: Store, base = store.base): Bench {
  const run = openRun(store.files.baseFolder(base.base));
  const opened: OpenedModel = { run, dataset: stripesDataset, model: run.model, patches: [], device: 'cpu' };
  return benchOf(store, base, opened);
}

/** Test images that the base gets wrong, the surest first, with their labels. */
export const mistakesOf = ({ opened }: Bench): readonly { readonly index: number; readonly target: number }[] =>
  listMistakes(opened, 'test').mistakes.map(({ index, truth }) => ({ index, target: truth.label }));

export function proposed(
  bench: Bench,
  { index, target, ...more }: { readonly index: number; readonly target: number; readonly views?: number },
): StoredRepair {
  const picture = testPicture(index, bench.opened.dataset);
  return propose(bench, { picture, target, by: 'ann', why: 'a customer complained', ...more });
}

export const approved = (bench: Bench, wish: Parameters<typeof proposed>[1]): StoredRepair =>
  approve(bench.store, proposed(bench, wish).id, { by: 'bob', why: 'seen, the label is right' });
