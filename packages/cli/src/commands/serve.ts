/** `editable serve`: predictions over HTTP, and the work of the store. */
import { existsSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { basename, dirname, join, resolve } from 'node:path';
import type { RunningServer, ServeOptions } from '@editable/studio';
import { defineCommand, exitCodes } from '../command.js';
import type { Console } from '../console/console.js';
import { shown } from '../console/job-display.js';
import { choice, path, text, toggle, wholeNumber } from '../options/kinds.js';
import { refuseOptionsOf } from '../options/other-task.js';
import { type PatchFlags, patchOptions } from '../options/shared.js';
import { type BenchFlags, benchOptions, type PersonFlags, personOptions } from '../options/store.js';
import type { OptionTable } from '../options/table.js';

interface ServeFlags extends BenchFlags, PersonFlags, PatchFlags {
  readonly store: string | undefined;
  readonly port: number;
  readonly host: string;
  readonly name: string | undefined;
  readonly runs: string | undefined;
  readonly tokens: string | undefined;
  readonly threads: number | undefined;
  readonly maxBatch: number;
  readonly exact: boolean;
  readonly longestBlock: number | undefined;
  readonly maxBody: number;
  readonly logLevel: 'silent' | 'error' | 'warn' | 'info' | 'debug';
}

const options: OptionTable<ServeFlags> = {
  port: { kind: wholeNumber({ max: 65_535 }), default: 8080, description: 'the port; 0 takes any that is free' },
  host: {
    kind: text('address', 'an address'),
    default: '127.0.0.1',
    description: 'the address to listen at; one that others reach needs --tokens',
  },
  store: { kind: path('folder'), description: "the store (default: the run's, RUN/store, made where there is none)" },
  name: { kind: text('name', 'a name'), description: "the model's name in addresses (default: the run's folder)" },
  runs: {
    kind: path('folder'),
    description: 'retrained runs that repairs can be moved to, each a folder in it (default: where the run lies)',
  },
  tokens: {
    kind: path('file'),
    description: 'who may do what, JSON: [{"name": "ann", "role": "read|propose|approve", "token": "…"}]',
  },
  threads: {
    kind: wholeNumber({ min: 1, max: 1024 }),
    description: "threads for predictions, and as many for jobs (default: half of the processor's, or OMP_NUM_THREADS)",
  },
  maxBatch: {
    kind: wholeNumber({ min: 1, max: 4096 }),
    default: 32,
    description: 'most pictures of several requests in one run of the network',
  },
  exact: {
    kind: toggle,
    default: false,
    description: 'run each picture by itself: the same bits under any load; otherwise the last bits may differ',
  },
  longestBlock: {
    kind: wholeNumber({ max: 60_000 }),
    description:
      'milliseconds that one picture may keep other requests waiting (default: 5): so quick a network answers lone requests without another thread; 0: none',
  },
  maxBody: {
    kind: wholeNumber({ min: 1, max: 4096 }),
    default: 32,
    description: 'largest request, in MiB',
  },
  logLevel: {
    kind: choice(['silent', 'error', 'warn', 'info', 'debug']),
    default: 'info',
    description: 'what is logged on stderr, as JSON lines; debug also has every prediction',
  },
  patch: { ...patchOptions.patch, description: 'of a translation model: patches to apply first, in this order' },
  ...personOptions,
  ...benchOptions,
};

export const serveCommand: ReturnType<typeof defineCommand> = defineCommand<ServeFlags>({
  name: 'serve',
  summary:
    "Answer over HTTP with what the run's store says is active, and do the store's work there, too; or translate.",
  arguments: [{ name: 'run', description: 'the run folder' }],
  options,
  examples: [
    'serve runs/plain --port 8080',
    'serve runs/plain --host 0.0.0.0 --tokens tokens.json',
    'serve runs/de-en',
  ],
  run: async ([folder], flags, console) => {
    const run = folder as string;
    shareThreads(flags.threads);
    const { taskOfRun } = await import('editable');
    if (taskOfRun(run) === 'translation') return serveTranslator(run, flags, console);
    refuseOptionsOf('translation', flags, ['patch']);
    return serveStore(run, flags, console);
  },
});

async function serveStore(run: string, flags: ServeFlags, console: Console): Promise<number> {
  const store = flags.store ?? join(run, 'store');
  if (!(await isWhole(store))) await makeStoreOf(run, store, flags, console);
  const { serve } = await import('@editable/studio');
  const { dataDir, control, maxBatch, exact, longestBlock } = flags;
  const runs = flags.runs ?? dirname(resolve(run));
  const common = await commonOptions(run, flags);
  const limits = { ...common.limits, ...(longestBlock === undefined ? {} : { block: longestBlock }) };
  const server = await serve({ ...common, store, runs, dataDir, control, maxBatch, exact, limits });
  const { address, model, serves } = server;
  return untilEnd(server, { store, address, model, serves }, console);
}

/** There is no store of sentences yet: the run's weights answer, with patches where they are asked for. */
async function serveTranslator(run: string, flags: ServeFlags, console: Console): Promise<number> {
  refuseOptionsOf('image-classification', flags, ['store', 'runs', 'dataDir', 'control', 'exact', 'longestBlock']);
  const { serveTranslation } = await import('@editable/studio');
  const server = await serveTranslation({ ...(await commonOptions(run, flags)), run, patches: flags.patch });
  const { address, model, serves } = server;
  return untilEnd(server, { run, address, model, serves }, console);
}

async function commonOptions(
  run: string,
  { name, host, port, tokens, device, threads, logLevel, maxBody }: ServeFlags,
): Promise<Omit<ServeOptions, 'store'>> {
  const { readTokens } = await import('@editable/studio');
  const limits = { body: maxBody * 2 ** 20 };
  const holders = tokens === undefined ? [] : readTokens(tokens);
  return { model: name ?? nameOf(run), host, port, tokens: holders, device, threads, logLevel, limits };
}

async function untilEnd(server: RunningServer, document: object, console: Console): Promise<number> {
  console.print(`serving ${server.model} at ${server.address}`);
  console.result(document);
  await untilStopped();
  await server.close();
  return exitCodes.done;
}

/**
 * Before libtorch is loaded: OpenBLAS has one number of threads for the whole process, and with as many for predictions and jobs
 * as there are cores each waits for the other's (a prediction of 2 ms took 120).
 */
function shareThreads(threads: number = Math.max(1, Math.floor(availableParallelism() / 2))): void {
  process.env.OMP_NUM_THREADS ??= String(threads);
}

/** A folder's name as an address has it. */
const nameOf = (run: string): string => basename(resolve(run)).replace(/[^\w.-]+/g, '-') || 'model';

/** A first start that was interrupted leaves a store without its base. */
async function isWhole(folder: string): Promise<boolean> {
  if (!existsSync(join(folder, 'journal.sqlite'))) return false;
  const { Store } = await import('@editable/workspace');
  using store = Store.open(folder);
  return store.state.base !== null;
}

async function makeStoreOf(run: string, store: string, flags: ServeFlags, console: Console): Promise<void> {
  const { makeStore, openModel } = await import('@editable/workspace');
  console.remark(`Making a store of ${run} in ${store}: its network and its curvature.`);
  await shown(console, async (job) => {
    const opened = await openModel(run, flags, job);
    makeStore(store, opened, { by: flags.by }, job)[Symbol.dispose]();
  });
}

/** SIGTERM, as systemd and containers send it, or Ctrl-C. */
function untilStopped(): Promise<void> {
  // A server that is interrupted is stopped in order; other commands simply end.
  process.removeAllListeners('SIGINT');
  return new Promise((stop) => {
    process.once('SIGTERM', () => stop());
    process.once('SIGINT', () => stop());
  });
}
