/** A thread for the store's operations: predictions and other requests go on while it computes. */
import { workerData } from 'node:worker_threads';
import {
  activate,
  approveAll,
  type Bench,
  checkRelease,
  conflictsOf,
  diffReleases,
  exportRelease,
  type JobOptions,
  labelNamed,
  listMistakes,
  loadRelease,
  makeRelease,
  moveTo,
  type NarrowingPreview,
  narrowingPreview,
  openBench,
  openModel,
  type Picture,
  preparePreviews,
  propose,
  recordCheck,
  retire,
  rollBack,
  Store,
  type StoredBase,
  TestAnswers,
  testPicture,
  verifyStore,
  WorkspaceError,
  wishedFor,
  wishedPictures,
} from '@editable/workspace';
import { trainingSplits } from 'editable';
import { answerCalls, type CallContext, type CallHandlers } from '../threads/answer-calls.js';
import type { WorkCalls, WorkData, WorkName, WorkNote, WorkPicture, WorkWish } from './work-calls.js';

const { store: folder, device, dataDir, control } = workerData as WorkData;
// Open for as long as the thread lives.
const store = Store.open(folder);
let bench: { readonly key: string; readonly bench: Bench; readonly answers: TestAnswers } | undefined;

type Operations = {
  readonly [Name in WorkName]: (
    input: WorkCalls[Name]['input'],
    job: JobOptions,
    context: CallContext,
  ) => WorkCalls[Name]['result'] | Promise<WorkCalls[Name]['result']>;
};

const operations: Operations = {
  describe: async (_, job) => {
    const { dataset } = (await opened(store.base, job)).opened;
    return { dataset: dataset.name, testImages: dataset.split('test').length };
  },
  prepare: async (_, job) => {
    const own = await opened(store.base, job);
    return { more: bench !== undefined && preparePreviews(own, bench.answers) };
  },
  propose: async ({ wishes, ...deed }, job) => {
    const own = await opened(store.base, job);
    const asked = wishes.map((wish) => ({ ...proposalOf(own, wish), ...deed }));
    return asked.map((each) => propose(own, each));
  },
  approve: ({ repairs, ...deed }) => approveAll(store, repairs, deed),
  activate: ({ release, ...deed }) => activate(store, release, deed),
  rollback: (deed) => rollBack(store, deed),
  retire: async ({ repair, ...options }, job) => {
    const result = await retire(store, repair, options, (base) => opened(base, job), job);
    return { repair: result.repair, release: result.released?.stored.id ?? null };
  },
  move: async ({ run, ...options }, job) => {
    const retrained = await openModel(run, { device, dataDir, control }, job);
    const { released, ...moved } = await moveTo(store, retrained, options, () => opened(store.base, job), job);
    return { ...moved, release: released.stored.id };
  },
  release: async (options, job) => {
    const { stored } = await makeRelease(await opened(store.base, job), options, job);
    return { release: stored.id };
  },
  preview: async ({ wishes, repairs }, job, context) => {
    const own = await opened(store.base, job);
    const wished = [
      ...wishes.map((wish) => wishedFor(own, proposalOf(own, wish))),
      ...wishedPictures(
        own,
        repairs.map((name) => store.repair(name)),
      ),
    ];
    const asked = [...new Map(wished.map((each) => [each.id, each])).values()];
    const onPreview = (each: NarrowingPreview): void =>
      context.note({ kind: 'preview', preview: each } satisfies WorkNote);
    return narrowingPreview(own, asked, { onPreview, answers: bench?.answers }, job);
  },
  check: async ({ by, release, budget, testImages }, job) => {
    const { id, base } = named(release);
    const report = await checkRelease(() => opened(base, job), { id, base: base.base, budget, testImages }, job);
    recordCheck(store, report, { by });
    return report;
  },
  conflicts: async (_, job) => conflictsOf(await opened(store.base, job), undefined, job),
  diff: async ({ from, to, testImages }, job) => {
    const [a, b] = [named(from), named(to)];
    if (a.base.base !== b.base.base)
      throw new WorkspaceError('REFUSED', 'the two are of different bases; compare releases of one network.');
    return diffReleases(await opened(a.base, job), { from: a.id, to: b.id, testImages }, job);
  },
  export: async ({ release, ...options }, job) => {
    const { id, base } = named(release);
    return exportRelease(await opened(base, job), { id, ...options });
  },
  verify: (_, job) => verifyStore(store, job),
  log: (asked) => store.latest(asked),
  mistakes: async ({ of, split }, job) => {
    const { id, base } = named(of);
    const own = await opened(base, job);
    const { run: _, patches: __, ...found } = listMistakes({ ...own.opened, model: loadRelease(own, id).model }, split);
    return { release: id, ...found };
  },
  picture: async ({ split, index }, job) => {
    const { dataset } = (await opened(store.base, job)).opened;
    const pictures = split === 'test' ? dataset.split('test') : trainingSplits(dataset).validation;
    if (index < pictures.length) return { pixels: Uint8Array.from(pictures.image(index)) };
    throw new WorkspaceError(
      'NOT_FOUND',
      `expected a ${split} image from 0 to ${pictures.length - 1}, received ${index}.`,
    );
  },
};

/** The base with its data, kept open from one call to the next. */
async function opened(base: StoredBase, job: JobOptions): Promise<Bench> {
  const key = JSON.stringify([base.base, base.solver]);
  if (bench?.key !== key) {
    const fresh = await openBench(store, { base, device, dataDir, control }, job);
    bench?.answers[Symbol.dispose]();
    bench = { key, bench: fresh, answers: new TestAnswers(fresh) };
  }
  return bench.bench;
}

/** A release by its name, "active" or "base", with the base that it is of. */
function named(name: string): { readonly id: string | null; readonly base: StoredBase } {
  const { state } = store;
  if (name === 'base') return { id: null, base: store.base };
  if (name === 'active' && state.active === null)
    return { id: null, base: state.bases.get(state.unrepaired as string) as StoredBase };
  const { id, base } = store.release(name);
  return { id, base: state.bases.get(base) as StoredBase };
}

const proposalOf = (
  { opened: { run, dataset } }: Bench,
  { picture, target, views, margin }: WorkWish,
): {
  readonly picture: Picture;
  readonly target: number;
  readonly views: number | undefined;
  readonly margin: number | undefined;
} => ({
  picture: 'index' in picture ? testPicture(picture.index, dataset) : ownPicture(picture),
  target: labelNamed(String(target), run.config.classes),
  views,
  margin,
});

const ownPicture = ({ pixels, name }: Exclude<WorkPicture, { readonly index: number }>): Picture => ({
  pixels,
  truth: null,
  index: null,
  file: name,
  resizedFrom: null,
});

/** Progress at most ten times a second: a page cannot show more. */
function jobOf({ note, signal }: CallContext): JobOptions {
  let last = { kind: '', at: 0 };
  return {
    signal,
    onEvent: (event) => {
      const now = performance.now();
      const isLast = 'total' in event && event.done >= event.total;
      if ('total' in event && !isLast && event.kind === last.kind && now - last.at < 100) return;
      last = { kind: event.kind, at: now };
      note({ kind: 'event', event } satisfies WorkNote);
    },
  };
}

const handlers: CallHandlers = Object.fromEntries(
  Object.entries(operations).map(([name, operation]) => [
    name,
    async (input: never, context: CallContext) => ({ result: await operation(input, jobOf(context), context) }),
  ]),
);

answerCalls(handlers);
