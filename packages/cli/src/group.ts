/** Commands that several processes run together: they meet first, rank 0 alone speaks, and an error of one is told to all. */
import type { ProcessGroup } from '@editable/torch';
import type { Console } from './console/console.js';

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
