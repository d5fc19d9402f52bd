/** Commands that several processes run together: they meet first, rank 0 alone speaks, and an error of one is told to all. */
import type { ProcessGroup } from '@editable/torch';
import type { Share, Sharing } from 'editable';
import type { Console } from './console/console.js';
import { UsageError } from './errors.js';

/** Runs the body in the group that a launcher asks for, or alone. */
export async function withGroup<Result>(
  { device }: { readonly device: string },
  body: (group: ProcessGroup | undefined) => Promise<Result>,
): Promise<Result> {
  const { groupOfEnvironment } = await import('@editable/torch');
  const group = await groupOfEnvironment({ backend: device.startsWith('cuda') ? 'nccl' : 'gloo' });
  try {
    return await body(group);
  } catch (error) {
    if ((error as { code?: string }).code !== 'GROUP_FAILED')
      group?.fail(error instanceof Error ? error.message : String(error));
    throw error;
  }
}

/** Runs the body on the share that --shard names, without meeting others; else in a launcher's group, of which rank 0 alone speaks. */
export function sharing<Result>(
  flags: { readonly device: string; readonly shard: string | undefined },
  console: Console,
  body: (console: Console, sharing: Sharing) => Promise<Result>,
): Promise<Result> {
  if (flags.shard !== undefined) return body(console, { share: shareOf(flags.shard) });
  return withGroup(flags, (group) =>
    body(group === undefined || group.rank === 0 ? console : silentConsole, group === undefined ? {} : { group }),
  );
}

function shareOf(shard: string): Share {
  const [rank, size] = shard.split('/').map(Number) as [number, number];
  if (rank < size) return { rank, size };
  throw new UsageError(`--shard: expected a shard from 0/${size} to ${size - 1}/${size}, received "${shard}".`);
}

/** One GPU a process: `cuda` means the one of its number on this machine. */
export const deviceOf = (device: string, group: ProcessGroup | undefined): string =>
  device === 'cuda' && group !== undefined ? `cuda:${group.place.localRank}` : device;

/** What the processes beside rank 0 say: nothing. */
export const silentConsole: Console = {
  json: false,
  print: () => {},
  remark: () => {},
  result: () => {},
  progress: () => ({ update: () => {}, stop: () => {} }),
};
