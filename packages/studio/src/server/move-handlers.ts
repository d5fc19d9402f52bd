/** The way to a retrained network: which runs there are, and every repair solved on one of them. */
import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { type RunConfig, readRunConfig } from 'editable';
import type { RunDocument } from '../api/moves.js';
import { notFound, StudioError } from '../errors.js';
import type { SomeHandlers } from './handling.js';
import type { Parts } from './parts.js';
import { personOf } from './people.js';

export function moveHandlers(parts: Parts): SomeHandlers<'runs' | 'move'> {
  const { jobs, live, documents, rollouts } = parts;
  return {
    runs: () => runsOf(parts),
    move: ({ body, you, reply }) => {
      const { run: name, controlImages, testImages } = body;
      const by = personOf(you, body.by);
      const run = fittingRun(parts, name);
      void reply.status(202);
      return jobs.begin('move', by, async (thread, options) => {
        const { release, ...moved } = await thread.call('move', { run, by, controlImages, testImages }, options);
        await live.refresh();
        return { ...moved, release: documents.release(release, rollouts.candidate) };
      });
    },
  };
}

function runsOf({ runs, config }: Parts): readonly RunDocument[] {
  if (runs === undefined) return [];
  return readdirSync(runs, { withFileTypes: true })
    .filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'))
    .flatMap(({ name }) => {
      const found = configOf(join(runs, name));
      if (found === undefined) return [];
      return [{ name, network: found.model.kind, fits: isAlike(found, config) }];
    });
}

/** Its folder. @throws StudioError NOT_FOUND; REFUSED where it takes other pictures or says other classes */
function fittingRun({ runs, config }: Parts, name: string): string {
  const folder = runs === undefined ? undefined : join(runs, name);
  const found = folder === undefined ? undefined : configOf(folder);
  if (folder === undefined || found === undefined)
    throw notFound(`run: expected one of those that /api/runs lists, received "${name}".`);
  if (isAlike(found, config)) return folder;
  throw new StudioError(
    'REFUSED',
    `run: expected the classes, the image size and the normalisation of what is served, received others in "${name}"; serve it by itself.`,
  );
}

/** Undefined for a folder that is no run of pictures. */
function configOf(folder: string): RunConfig | undefined {
  try {
    return readRunConfig(folder);
  } catch {
    return undefined;
  }
}

const isAlike = (a: RunConfig, b: RunConfig): boolean =>
  JSON.stringify([a.classes, a.shape, a.normalization]) === JSON.stringify([b.classes, b.shape, b.normalization]);
