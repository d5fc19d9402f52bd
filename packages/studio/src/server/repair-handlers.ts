/** Repairs: asked for, looked at, approved, ended. */
import { statusOf } from '@editable/workspace';
import type { SomeHandlers } from './handling.js';
import type { Parts } from './parts.js';
import { askerOf, personOf } from './people.js';
import { workWishes } from './wishes.js';

type Names = 'repairs' | 'repair' | 'propose' | 'approve' | 'approveOne' | 'retire' | 'preview';

export function repairHandlers(parts: Parts): SomeHandlers<Names> {
  const { store, desk, jobs, live, rollouts, documents } = parts;
  const documentsOf = (repairs: readonly { readonly id: string }[]) =>
    documents.repairs(repairs.map(({ id }) => store.repair(id)));
  return {
    repairs: ({ query: { status } }) => {
      const { state } = store;
      return documents.repairs(
        [...state.repairs.values()].filter((each) => status === undefined || statusOf(state, each) === status),
      );
    },
    repair: ({ params }) => documents.repair(store.repair(params.id)),
    propose: async ({ body, you }) => {
      const wishes = await workWishes(parts, body.wishes);
      const proposed = await desk.call('propose', { by: personOf(you, body.by), why: body.why, wishes });
      await live.refresh();
      return documentsOf(proposed);
    },
    approve: async ({ body, you }) => {
      const { repairs, why } = body;
      const approved = await desk.call('approve', { by: personOf(you, body.by), why, repairs });
      await live.refresh();
      return documentsOf(approved);
    },
    approveOne: async ({ params, body, you }) => {
      await desk.call('approve', { by: personOf(you, body.by), why: body.why, repairs: [params.id] });
      await live.refresh();
      return documents.repair(store.repair(params.id));
    },
    retire: ({ params, body, you, reply }) => {
      const { id } = store.repair(params.id);
      const by = personOf(you, body.by);
      void reply.status(202);
      return jobs.begin('retire', by, async (thread, options) => {
        const { why, testImages } = body;
        const { release } = await thread.call('retire', { repair: id, by, why, testImages }, options);
        await live.refresh();
        return {
          repair: documents.repair(store.repair(id)),
          release: release === null ? null : documents.release(release, rollouts.candidate),
        };
      });
    },
    preview: async ({ body, you, reply }) => {
      const repairs = (body.repairs ?? []).map((name) => store.repair(name).id);
      const wishes = await workWishes(parts, body.wishes ?? []);
      void reply.status(202);
      return jobs.begin('preview', askerOf(you), (thread, options) =>
        thread.call('preview', { wishes, repairs }, options),
      );
    },
  };
}
