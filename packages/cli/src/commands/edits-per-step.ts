/** How many edits a step of training makes, where several processes may train. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { ProcessGroup } from '@editable/torch';

/** One edit a process and step, unless said otherwise; a run that goes on keeps what it has, whoever goes on with it. */
export async function editsOf(
  { editsPerStep, out }: { readonly editsPerStep: number | undefined; readonly out: string },
  group: ProcessGroup | undefined,
  {
    objective,
    read,
  }: {
    readonly objective: 'plain' | 'editable';
    /** The configuration of a run of the task. */
    readonly read: (folder: string) => { readonly training: { readonly editsPerStep?: number } | null };
  },
): Promise<{ readonly editsPerStep?: number }> {
  const { exchange } = await import('@editable/torch');
  const there = existsSync(join(out, 'config.json')) ? (read(out).training?.editsPerStep ?? 1) : undefined;
  const usual = objective === 'plain' ? 1 : (there ?? group?.size ?? 1);
  const own = editsPerStep ?? usual;
  // The others may not see rank 0's folder.
  const agreed = group === undefined || editsPerStep !== undefined ? own : Number(exchange(group, String(own))[0]);
  return agreed === 1 ? {} : { editsPerStep: agreed };
}
