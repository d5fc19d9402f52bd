/** What the handlers work with. */
import type { Store } from '@editable/workspace';
import type { RunConfig } from 'editable';
import type { FastifyBaseLogger } from 'fastify';
import type { ServerEvent } from '../api/serving.js';
import type { Inference } from '../inference/inference.js';
import type { PictureShape } from '../inference/tensors.js';
import type { Answering } from '../live/answering.js';
import type { LiveModel } from '../live/live-model.js';
import type { Records } from '../live/records.js';
import type { Rollouts } from '../live/rollouts.js';
import type { Metrics } from '../metrics/metrics.js';
import type { Jobs } from '../work/jobs.js';
import type { WorkThread } from '../work/work-thread.js';
import type { Access } from './access.js';
import type { Documents } from './documents.js';
import type { EventHub } from './event-stream.js';
import type { Limits } from './options.js';
import type { PictureReader } from './picture-reader.js';

export interface Parts {
  readonly model: string;
  readonly version: string;
  readonly store: Store;
  readonly documents: Documents;
  /** Of the store's newest base. */
  readonly config: RunConfig;
  readonly picture: PictureShape;
  readonly limits: Limits;
  readonly inference: Inference;
  readonly live: LiveModel;
  readonly records: Records;
  readonly rollouts: Rollouts;
  readonly answering: Answering;
  readonly pictures: PictureReader;
  /** For what is short: it never waits for a job. */
  readonly desk: WorkThread;
  readonly jobs: Jobs;
  readonly jobThread: WorkThread;
  readonly metrics: Metrics;
  readonly access: Access;
  readonly events: EventHub<ServerEvent>;
  readonly log: FastifyBaseLogger;
  /** Where runs lie that repairs can be moved to. */
  readonly runs: string | undefined;
  /** For files that are fetched once. */
  readonly temporary: string;
}
