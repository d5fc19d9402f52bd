/**
 * A process that works on a store until it has made so many changes, or is killed: STORE DATA NAME SEED CHANGES. It says on a line
 * of its own how many entries of the journal are its own, each time that one more was acknowledged.
 */
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import {
  activate,
  approve,
  benchOf,
  checkRelease,
  makeRelease,
  propose,
  recordCheck,
  retire,
  rollBack,
  Store,
  statusOf,
  testPicture,
} from '@editable/workspace';
import { imageSplit, openRun, stream } from 'editable';

const [folder, data, name, seed, changes] = process.argv.slice(2);
const random = stream(Number(seed), 'worker');
const store = Store.open(folder);
const bench = opened();
const second = `${name} second`;
process.stdout.write('ready\n');

for (let done = 0; done < Number(changes); ) {
  try {
    await one();
  } catch (error) {
    // What another process did first, or what the store's state does not allow.
    if (!['REFUSED', 'CONFLICT', 'NOT_FOUND'].includes(error.code)) throw error;
    continue;
  }
  const own = store.entries.filter(({ by }) => by === name || by === second).length;
  process.stdout.write(`${own}\n`);
  done += 1;
}

async function one() {
  const { state } = store;
  const of = (status) => [...state.repairs.values()].filter((repair) => statusOf(state, repair) === status);
  const any = (items) => items[random.int(Math.max(1, items.length))]?.id ?? 'none';
  switch (random.int(7)) {
    case 0: {
      const picture = testPicture(random.int(bench.opened.dataset.split('test').length), bench.opened.dataset);
      return propose(bench, { picture, target: picture.truth, by: name, why: 'wrong' });
    }
    case 1:
      return approve(store, any(of('proposed')), { by: second, why: 'looked at' });
    case 2:
      return makeRelease(bench, { by: name, testImages: 50 });
    case 3:
      return activate(store, any([...state.releases.values()]), { by: name, override: 'a test' });
    case 4: {
      const { id } = store.release(any([...state.releases.values()]));
      const report = await checkRelease(() => bench, { id, base: bench.base.base, testImages: 50 });
      return recordCheck(store, report, { by: name });
    }
    case 5:
      return rollBack(store, { by: name, why: 'alarm' });
    default:
      return retire(
        store,
        any([...of('active'), ...of('approved')]),
        { by: name, why: 'over', testImages: 50 },
        () => bench,
      );
  }
}

function opened() {
  const run = openRun(store.files.baseFolder(store.base.base));
  const { classes, shape, normalization } = run.config;
  const splits = Object.fromEntries(
    ['train', 'test'].map((split) => [
      split,
      imageSplit(readFileSync(join(data, `${split}.pixels`)), readFileSync(join(data, `${split}.labels`)), shape),
    ]),
  );
  const dataset = { name: 'stripes', folder: data, classes, shape, normalization, split: (which) => splits[which] };
  return benchOf(store, store.base, { run, dataset, model: run.model, patches: [], device: 'cpu' });
}
