/** What is served and what stands beside it, mistakes, pictures, feedback, jobs, and who asks. */
import { labelNamed, statusOf, wantedRepairs } from '@editable/workspace';
import { encodePng } from 'editable';
import type { FastifyReply } from 'fastify';
import type { JobStreamEvent } from '../api/jobs.js';
import type { MistakesOf } from '../api/mistakes.js';
import type { FeedbackRequest, ServerEvent, StatusDocument, You } from '../api/serving.js';
import { invalid, notFound } from '../errors.js';
import { normalised } from '../inference/tensors.js';
import { predictionsOf } from '../live/answering.js';
import { releaseIdOf } from './documents.js';
import type { EventStreams } from './event-stream.js';
import type { SomeHandlers } from './handling.js';
import { versionOf } from './inference-handlers.js';
import type { Parts } from './parts.js';
import { askerOf, personOf } from './people.js';
import { pixelsOfInput } from './wishes.js';

type Names =
  | 'status'
  | 'events'
  | 'findMistakes'
  | 'mistakes'
  | 'testPicture'
  | 'repairPicture'
  | 'feedbackPicture'
  | 'differencePicture'
  | 'feedback'
  | 'sendFeedback'
  | 'dismissFeedback'
  | 'rollout'
  | 'startRollout'
  | 'endRollout'
  | 'differences'
  | 'jobs'
  | 'job'
  | 'cancelJob'
  | 'jobEvents';

export function servingHandlers(parts: Parts, streams: EventStreams): SomeHandlers<Names> {
  const { store, desk, jobs, live, records, rollouts, events, picture } = parts;
  const mistakes = new Map<string, MistakesOf>();
  const keyOf = (of: string, split: string): string => `${releaseIdOf(store, of) ?? live.served.base} ${split}`;
  const png = async (reply: FastifyReply, pixels: Uint8Array, scale = 1, isFixed = true): Promise<unknown> =>
    reply
      .type('image/png')
      .header('cache-control', isFixed ? 'private, max-age=86400' : 'no-cache')
      .send(await encodePng(pixels, picture.shape, { scale }));
  return {
    status: async ({ you }) => statusDocument(parts, you),
    events: ({ reply }) =>
      streams.answer(reply, (send) => {
        send({ event: 'served', data: live.served } satisfies ServerEvent);
        return events.listen(send);
      }),
    findMistakes: ({ body: { of = 'active', split = 'test' }, you, reply }) => {
      const release = releaseIdOf(store, of) ?? 'base';
      const key = keyOf(of, split);
      void reply.status(202);
      return jobs.begin('mistakes', askerOf(you), async (thread, options) => {
        const found = await thread.call('mistakes', { of: release, split }, options);
        mistakes.delete(key);
        mistakes.set(key, found);
        for (const oldest of [...mistakes.keys()].slice(0, -8)) mistakes.delete(oldest);
        return found;
      });
    },
    mistakes: ({ query: { of = 'active', split = 'test' } }) => {
      const found = mistakes.get(keyOf(of, split));
      if (found !== undefined) return found;
      throw notFound('nobody looked for mistakes of this release yet: POST /api/mistakes does.');
    },
    testPicture: async ({ params, query, reply }) => {
      const { pixels } = await desk.call('picture', params);
      return png(reply, pixels, query.scale);
    },
    repairPicture: ({ params, query, reply }) =>
      png(reply, store.files.picture(store.repair(params.id).wish.picture), query.scale),
    feedbackPicture: ({ params, query, reply }) => png(reply, records.pixels('feedback', params.id), query.scale),
    differencePicture: ({ params, query, reply }) => png(reply, records.pixels('differences', params.id), query.scale),
    feedback: ({ query }) => records.listFeedback(query.state),
    sendFeedback: async ({ body, you, reply }) => {
      const added = await addFeedback(parts, body, you);
      events.emit({ event: 'feedback', data: { open: records.openFeedback() } });
      void reply.status(201);
      return added;
    },
    dismissFeedback: ({ params }) => {
      const dismissed = records.dismissFeedback(params.id);
      events.emit({ event: 'feedback', data: { open: records.openFeedback() } });
      return dismissed;
    },
    rollout: () => rollouts.document,
    startRollout: async ({ body, you }) => {
      const candidate = versionOf(parts, body.release);
      if (candidate.version === live.served.version)
        throw invalid('release: expected another one than what is served; it would only be compared with itself.');
      if (body.release !== 'base' && candidate.release === null) throw notFound('expected a release.');
      return rollouts.start(candidate, body, personOf(you, body.by));
    },
    endRollout: ({ you }) => rollouts.end(askerOf(you), 'taken back by hand'),
    differences: ({ query: { limit = 200 } }) => records.listDifferences(Math.min(limit, 2000)),
    jobs: () => jobs.list,
    job: ({ params }) => jobs.get(params.id),
    cancelJob: ({ params, reply }) => {
      void reply.status(202);
      return jobs.cancel(params.id);
    },
    jobEvents: ({ params, reply }) => {
      jobs.get(params.id);
      return streams.answer(reply, (send, end) =>
        jobs.follow(params.id, (event: JobStreamEvent) => {
          send(event);
          if (event.event === 'end') end();
        }),
      );
    },
  };
}

async function statusDocument(parts: Parts, you: You): Promise<StatusDocument> {
  const { store, desk, live, jobs, records, rollouts, config, model, version } = parts;
  const { state } = store;
  const described = await desk.call('describe', null);
  const repairs = { proposed: 0, approved: 0, active: 0, retired: 0 };
  for (const repair of state.repairs.values()) repairs[statusOf(state, repair)] += 1;
  const served = state.active === null ? [] : (state.releases.get(state.active)?.repairs ?? []);
  const wanted = wantedRepairs(state).map(({ id }) => id);
  return {
    model,
    classes: config.classes,
    shape: parts.picture.shape,
    ...described,
    served: live.served,
    problem: live.problem,
    repairs,
    releases: state.releases.size,
    unreleased: wanted.join() !== served.join(),
    rollout: rollouts.document,
    feedback: records.openFeedback(),
    jobs: jobs.list.filter(({ ended }) => ended === null),
    you,
    version,
  };
}

async function addFeedback(
  parts: Parts,
  body: FeedbackRequest,
  you: You,
): Promise<ReturnType<Parts['records']['addFeedback']>> {
  const { answering, records, config, picture } = parts;
  const pixels = await pixelsOfInput(parts, body.picture);
  const data = normalised(pixels, picture);
  const answered = await answering.answer({ id: crypto.randomUUID(), pictures: { count: 1, data } });
  const [said] = predictionsOf(answered, config.classes);
  const named = (word: number | string): { label: number; name: string } => {
    const label = labelNamed(String(word), config.classes);
    return { label, name: config.classes[label] as string };
  };
  const { label, name } = said as NonNullable<typeof said>;
  return records.addFeedback(
    {
      at: new Date().toISOString(),
      by: askerOf(you, body.by),
      release: answered.version,
      predicted: body.predicted === undefined ? { label, name } : named(body.predicted),
      expected: body.expected === undefined ? null : named(body.expected),
      note: body.note ?? '',
      state: 'open',
    },
    pixels,
  );
}
