/** Releases: made, compared, checked, exported, served, taken back. */
import { createReadStream, statSync } from 'node:fs';
import { join } from 'node:path';
import { usualBudget } from '@editable/workspace';
import type { ReleaseDocument } from '../api/releases.js';
import type { Served } from '../api/serving.js';
import { notFound, StudioError } from '../errors.js';
import { ownReleaseId, releaseIdOf } from './documents.js';
import type { SomeHandlers } from './handling.js';
import type { Parts } from './parts.js';
import { askerOf, personOf } from './people.js';

type Names =
  | 'bases'
  | 'releases'
  | 'release'
  | 'makeRelease'
  | 'activate'
  | 'rollback'
  | 'diff'
  | 'check'
  | 'conflicts'
  | 'export'
  | 'download'
  | 'verify'
  | 'log';

const usualEntries = 100;

export function releaseHandlers(parts: Parts): SomeHandlers<Names> {
  const { store, desk, jobs, live, rollouts, temporary, documents } = parts;
  const documentOf = (id: string): ReleaseDocument => documents.release(id, rollouts.candidate);
  return {
    bases: () => {
      const { bases, base } = store.state;
      return [...bases.values()].map((each) => ({ ...each, newest: each.base === base }));
    },
    releases: () => [...store.state.releases.keys()].reverse().map(documentOf),
    release: ({ params }) => documentOf(ownReleaseId(store, params.id)),
    makeRelease: ({ body, you, reply }) => {
      const by = personOf(you, body.by);
      void reply.status(202);
      return jobs.begin('release', by, async (thread, options) => {
        const { release } = await thread.call('release', { by, testImages: body.testImages }, options);
        return documentOf(release);
      });
    },
    activate: async ({ params, body, you }) => {
      const id = ownReleaseId(store, params.id);
      await desk.call('activate', { release: id, by: personOf(you, body.by), why: body.why, override: body.override });
      return swapped(parts);
    },
    rollback: async ({ body, you }) => {
      await desk.call('rollback', { by: personOf(you, body.by), why: body.why, to: body.to });
      return swapped(parts);
    },
    diff: ({ body, you, reply }) => {
      const [from, to] = [body.from, body.to].map((name) => releaseIdOf(store, name) ?? 'base') as [string, string];
      void reply.status(202);
      return jobs.begin('diff', askerOf(you), (thread, options) =>
        thread.call('diff', { from, to, testImages: body.testImages }, options),
      );
    },
    check: ({ body, you, reply }) => {
      const { release: name, testImages, by: asker, ...asked } = body;
      const by = personOf(you, asker);
      const release = releaseIdOf(store, name) ?? 'base';
      const budget = {
        ...usualBudget,
        ...Object.fromEntries(Object.entries(asked).filter(([, value]) => value !== undefined)),
      };
      void reply.status(202);
      return jobs.begin('check', by, async (thread, options) => {
        const report = await thread.call('check', { by, release, budget, testImages }, options);
        await live.refresh();
        return report;
      });
    },
    conflicts: ({ you, reply }) => {
      void reply.status(202);
      return jobs.begin('conflicts', askerOf(you), (thread, options) => thread.call('conflicts', null, options));
    },
    export: ({ body, you, reply }) => {
      const release = releaseIdOf(store, body.release);
      const file = `${release ?? 'base'}-${body.format}`;
      void reply.status(202);
      return jobs.begin('export', askerOf(you), async (thread, options) => {
        const path = join(temporary, file);
        const input = { release: release ?? 'base', format: body.format, path };
        const { tensors, result } = await thread.call('export', input, options);
        const { format } = body;
        return { release, format, tensors, result, bytes: statSync(path).size, download: `/api/exports/${file}` };
      });
    },
    download: ({ params, reply }) => {
      const [, name, format] = /^([0-9a-f]{64}|base)-(safetensors|pytorch|torchscript|patch)$/.exec(params.id) ?? [];
      const path = join(temporary, `${name}-${format}`);
      const size = name === undefined ? undefined : statSync(path, { throwIfNoEntry: false })?.size;
      if (name === undefined || size === undefined)
        throw notFound('expected the file of an export that was made since the server began; export it again.');
      const ending = { pytorch: 'pth', torchscript: 'pt' }[format as string] ?? 'safetensors';
      return reply
        .header('content-disposition', `attachment; filename="${name.slice(0, 10)}-${format}.${ending}"`)
        .header('content-length', String(size))
        .type('application/octet-stream')
        .send(createReadStream(path));
    },
    verify: ({ you, reply }) => {
      void reply.status(202);
      return jobs.begin('verify', askerOf(you), (thread, options) => thread.call('verify', null, options));
    },
    log: ({ query: { before = Number.MAX_SAFE_INTEGER, limit = usualEntries } }) => desk.call('log', { before, limit }),
  };
}

/** Answers once predictions are those of what the store says. */
async function swapped({ live }: Parts): Promise<Served> {
  await live.refresh();
  if (live.problem !== null) throw new StudioError('UNAVAILABLE', live.problem);
  return live.served;
}
