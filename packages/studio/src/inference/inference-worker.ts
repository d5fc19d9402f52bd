/** The thread that holds the networks and runs them. Nothing else computes here, so predictions wait for predictions only. */
import { workerData } from 'node:worker_threads';
import { type nn, noGrad, scope, setThreads, tensor } from '@editable/torch';
import { loadRelease, openServingBench, type ServingBench, Store, WorkspaceError } from '@editable/workspace';
import { answerCalls } from '../threads/answer-calls.js';
import type { InferenceData, LoadCall, Loaded, RunCall, RunResult } from './inference-calls.js';

const { store: folder, device, threads } = workerData as InferenceData;
setThreads(threads);
// Open for as long as the thread lives.
const store = Store.open(folder);
const bases = new Map<string, ServingBench>();
const models = new Map<string, { readonly model: nn.Model; readonly base: string; readonly classes: number }>();

answerCalls({
  load: ({ release, base }: LoadCall) => ({ result: load(release, base) }),
  unload: ({ version }: { readonly version: string }) => {
    unload(version);
    return { result: null };
  },
  run: (call: RunCall) => {
    const result = run(call);
    return { result, transfer: [result.logits.buffer] };
  },
});

/** Read, checked against its hash, and tried on a grey picture before anybody is answered by it. */
function load(release: string | null, base: string): Loaded {
  const version = release ?? base;
  const there = models.get(version);
  if (there !== undefined) return { version, classes: there.classes };
  const bench = bases.get(base) ?? openBase(base);
  bases.set(base, bench);
  const { model } = loadRelease(bench, release);
  const { config } = bench.opened.run;
  const shape = [1, ...config.shape] as const;
  const logits = answersOf(model, new Float32Array(shape.reduce((product, side) => product * side, 1)), shape);
  if (logits.length !== config.classes.length || !logits.every(Number.isFinite)) {
    throw new WorkspaceError(
      'REFUSED',
      `expected ${config.classes.length} finite numbers of ${version.slice(0, 10)}, received ${logits.length} on a grey picture; it is not served.`,
    );
  }
  models.set(version, { model, base, classes: logits.length });
  return { version, classes: logits.length };
}

/** Frees what only this version has. */
function unload(version: string): void {
  const { model, base } = models.get(version) ?? {};
  if (model === undefined || base === undefined) return;
  models.delete(version);
  const shared = bases.get(base)?.opened.model;
  for (const [name, value] of model.parameters) if (value !== shared?.parameters.get(name)) value.dispose();
  if (![...models.values()].some((each) => each.base === base)) bases.delete(base);
}

function openBase(base: string): ServingBench {
  const stored = store.state.bases.get(base);
  if (stored !== undefined) return openServingBench(store, { base: stored, device });
  throw new WorkspaceError('NOT_FOUND', `${folder} has no base ${base.slice(0, 10)}.`);
}

function run({ version, shape, data, apart }: RunCall): RunResult {
  const { model } = models.get(version) ?? absent(version);
  if (!apart || shape[0] === 1) return { logits: answersOf(model, data, shape) };
  const [pictures, ...each] = shape;
  const size = data.length / pictures;
  const rows = Array.from({ length: pictures }, (_, at) =>
    answersOf(model, data.subarray(at * size, (at + 1) * size), [1, ...each]),
  );
  const width = rows[0]?.length ?? 0;
  const logits = new Float32Array(pictures * width);
  for (const [at, row] of rows.entries()) logits.set(row, at * width);
  return { logits };
}

const answersOf = (model: nn.Model, data: Float32Array, shape: readonly number[]): Float32Array<ArrayBuffer> =>
  scope(() =>
    noGrad(() => {
      const { output } = model.call(tensor(data, { shape: [...shape], device: device as 'cpu' }));
      return Float32Array.from(output.to('cpu').contiguous().data() as Iterable<number>);
    }),
  );

function absent(version: string): never {
  throw new WorkspaceError('NOT_FOUND', `${version.slice(0, 10)} is not loaded.`);
}
