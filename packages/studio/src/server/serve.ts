/** Starts everything in its order, and stops it in the other. */
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { threads } from '@editable/torch';
import { Store, short } from '@editable/workspace';
import { type RunConfig, readRunConfig } from 'editable';
import type { FastifyInstance } from 'fastify';
import { routes } from '../api/routes.js';
import type { ServerEvent } from '../api/serving.js';
import { StudioError } from '../errors.js';
import { Inference } from '../inference/inference.js';
import { Answering } from '../live/answering.js';
import { activeVersion, LiveModel, type Version } from '../live/live-model.js';
import { Records } from '../live/records.js';
import { Rollouts, server } from '../live/rollouts.js';
import { Metrics } from '../metrics/metrics.js';
import { Jobs } from '../work/jobs.js';
import { WorkThread } from '../work/work-thread.js';
import { Access } from './access.js';
import { Documents } from './documents.js';
import { EventHub, EventStreams } from './event-stream.js';
import { figureHandlers } from './figure-handlers.js';
import type { Handlers } from './handling.js';
import { createHttp, registerHttp } from './http.js';
import { inferenceHandlers } from './inference-handlers.js';
import { moveHandlers } from './move-handlers.js';
import { operationHandlers } from './operation-handlers.js';
import { type Limits, type ServeOptions, usualLimits } from './options.js';
import type { Parts } from './parts.js';
import { PictureReader } from './picture-reader.js';
import { releaseHandlers } from './release-handlers.js';
import { repairHandlers } from './repair-handlers.js';
import { closeHttp, packageVersion, type RunningServer, requireSafe } from './running-server.js';
import { servingHandlers } from './serving-handlers.js';

/** Where the page is built to. */
const builtPage = fileURLToPath(new URL('../../page/dist', import.meta.url));

/** @throws where the store, what it says is active, or the address cannot be used */
export async function serve(options: ServeOptions): Promise<RunningServer> {
  const { host = '127.0.0.1', port = 8080, tokens = [], model } = options;
  requireSafe(options, host);
  const limits: Limits = { ...usualLimits, ...options.limits };
  const app = createHttp({ limits, logLevel: options.logLevel ?? 'info' });
  const temporary = mkdtempSync(join(tmpdir(), 'editable-serve-'));
  const parts = orRemoved(temporary, () => createParts(app, options, { limits, temporary }));
  openEarly(parts);
  const streams = new EventStreams(limits.streams);
  const close = closing(app, parts, streams);
  try {
    await parts.live.start();
    parts.metrics.serves(parts.live.served.version, false);
    await parts.rollouts.resume((release) => versionOfRelease(parts.store, release));
    const handlers: Omit<Handlers, 'openapi'> = {
      ...inferenceHandlers(parts),
      ...repairHandlers(parts),
      ...releaseHandlers(parts),
      ...moveHandlers(parts),
      ...figureHandlers(parts),
      ...servingHandlers(parts, streams),
      ...operationHandlers(parts),
    };
    const { page = builtPage, logLevel = 'info' } = options;
    const http = { version: packageVersion, limits, logLevel, page, access: new Access(tokens) };
    await registerHttp(app, { routes, handlers }, parts.metrics, http);
    const address = await app.listen({ host, port });
    return { address, model, serves: parts.live.served.version, close };
  } catch (error) {
    await close();
    throw error;
  }
}

/** What `make` gives; where it fails, the folder made for it goes. */
function orRemoved<Made>(folder: string, make: () => Made): Made {
  try {
    return make();
  } catch (error) {
    rmSync(folder, { recursive: true, force: true });
    throw error;
  }
}

/** Data and curvature are read before somebody waits for them; where that fails, the first who needs them is told. */
function openEarly({ desk, jobThread, log }: Parts): void {
  for (const thread of [desk, jobThread])
    thread
      .call('describe', null)
      .then(() => (thread === jobThread ? preparePreviews(thread) : undefined))
      .catch((error: Error) => {
        if (!isEnded(error)) log.warn({ reason: error.message }, 'the data cannot be opened');
      });
}

/** The thread was ended before it came to an end itself. */
const isEnded = (error: Error): boolean => error instanceof StudioError && error.code === 'UNAVAILABLE';

/** Part by part: a job that is asked for meanwhile waits for one part at most. */
async function preparePreviews(thread: WorkThread): Promise<void> {
  for (let more = true; more; ) ({ more } = await thread.call('prepare', null));
}

function createParts(
  app: FastifyInstance,
  { store: folder, model, tokens = [], device = 'cpu', ...options }: ServeOptions,
  { limits, temporary }: { readonly limits: Limits; readonly temporary: string },
): Parts {
  const store = Store.open(folder);
  const config = readRunConfig(store.files.baseFolder(activeVersion(store.state).base ?? store.base.base));
  const picture = pictureOf(config, limits);
  const metrics = new Metrics(model, () => inference.waiting);
  const inference = new Inference({
    store: folder,
    device,
    threads: options.threads ?? threads(),
    shape: picture.shape,
    exact: options.exact === true,
    maxBatch: options.maxBatch ?? 32,
    maxWaiting: limits.waiting,
    longestBlock: limits.block,
    onBatch: (pictures) => metrics.ran(pictures),
    onUnoptimized: (version, why) => app.log.warn({ version, why }, 'lone pictures take longer than they could'),
  });
  const live = new LiveModel(store, inference);
  const records = new Records(folder);
  const rollouts = new Rollouts(live, records);
  const work = { store: folder, device, dataDir: options.dataDir, control: options.control };
  const events = new EventHub<ServerEvent>();
  const jobThread = new WorkThread(work);
  const jobs = new Jobs(jobThread, {
    onChange: (job) => {
      events.emit({ event: 'job', data: job });
      app.log.info({ job: job.id, kind: job.kind, state: job.state, by: job.by, error: job.error }, 'job');
    },
  });
  const answering = new Answering({
    live,
    inference,
    rollouts,
    picture,
    classes: config.classes,
    onAnswer: (record) => metrics.answered(record),
  });
  const parts: Parts = {
    model,
    version: packageVersion,
    store,
    documents: new Documents(store),
    config,
    picture,
    limits,
    inference,
    live,
    records,
    rollouts,
    answering,
    pictures: new PictureReader(config, temporary, limits.pixels),
    desk: new WorkThread(work),
    jobs,
    jobThread,
    metrics,
    access: new Access(tokens),
    events,
    log: app.log,
    runs: options.runs,
    temporary,
  };
  tell(parts);
  return parts;
}

function pictureOf({ shape, normalization }: RunConfig, limits: Limits): Parts['picture'] {
  const [channels, height, width] = shape;
  return { shape: [channels, height, width], normalization, most: limits.pictures };
}

/** What happens inside, for the log, the metrics and those who listen. */
function tell({ live, rollouts, events, metrics, log, desk }: Parts): void {
  live.on('served', (served, before) => {
    metrics.serves(served.version, true);
    log.info({ served: served.version, before: before.version, repairs: served.repairs }, 'what is served changed');
    events.emit({ event: 'served', data: served });
  });
  live.on('store', (seq) => events.emit({ event: 'store', data: { seq } }));
  live.on('problem', (problem) => {
    log.error({ problem }, 'the store says otherwise');
    events.emit({ event: 'alarm', data: { text: problem } });
  });
  rollouts.on('changed', (rollout) => events.emit({ event: 'rollout', data: rollout }));
  rollouts.on('alarm', (text) => {
    metrics.alarm();
    log.warn({ alarm: text }, 'alarm');
    events.emit({ event: 'alarm', data: { text } });
  });
  rollouts.on('unsaved', ({ message }) => log.warn({ reason: message }, 'a candidate is counted and not kept'));
  rollouts.on('failing', (served, because) => {
    metrics.alarm();
    const text = `${short(served.version)} is taken back: ${because}.`;
    log.error({ alarm: text }, 'alarm');
    events.emit({ event: 'alarm', data: { text } });
    desk
      .call('rollback', { by: server, why: `alarm: ${because}`, to: undefined })
      .then(() => live.refresh())
      .catch((error: Error) => log.error({ err: error }, 'the way back failed'));
  });
}

function versionOfRelease(store: Store, release: string | null): Version | undefined {
  const { base, releases } = store.state;
  if (release === null) return base === null ? undefined : { release: null, base, version: base };
  const found = releases.get(release);
  return found === undefined ? undefined : { release, base: found.base, version: release };
}

function closing(app: FastifyInstance, parts: Parts, streams: EventStreams): () => Promise<void> {
  let closed: Promise<void> | undefined;
  const close = async (): Promise<void> => {
    const { live, rollouts, jobs, jobThread, desk, inference, records, store, temporary } = parts;
    live.stop();
    jobs.cancelAll();
    streams.close();
    await closeHttp(app);
    rollouts.close();
    await Promise.all([jobThread, desk, inference].map((thread) => thread.close()));
    records[Symbol.dispose]();
    store[Symbol.dispose]();
    rmSync(temporary, { recursive: true, force: true });
  };
  return () => {
    closed ??= close();
    return closed;
  };
}
