/** Whether all processes of a group were given the same: compared before the first step, told in one sentence. */
import { TorchError } from '../errors.js';
import { tensor } from '../tensor.js';
import type { ProcessGroup } from './process-group.js';

/**
 * Compares short texts by name (hashes of code, data and settings) over the group.
 *
 * @throws TorchError GROUP_FAILED in every process, naming the first rank that differs from rank 0 and in what
 */
export function agree(group: ProcessGroup, facts: Readonly<Record<string, string>>): void {
  const all = exchange(group, JSON.stringify(facts)).map((text) => JSON.parse(text) as Record<string, string>);
  const first = all[0] as Record<string, string>;
  for (const [rank, other] of all.entries()) {
    const name = [...new Set([...Object.keys(first), ...Object.keys(other)])].find((key) => first[key] !== other[key]);
    if (name === undefined) continue;
    throw new TorchError(
      'GROUP_FAILED',
      `rank ${rank} (${group.peers[rank] ?? '?'}) has another ${name} than rank 0: ${other[name] ?? 'none'} there, ${first[name] ?? 'none'} here. Give all processes the same.`,
    );
  }
}

/** Each process's text, by rank. */
export function exchange(group: ProcessGroup, text: string): string[] {
  const bytes = new TextEncoder().encode(text);
  const lengths = group.allGather(tensor([bytes.length], { dtype: 'int64' })).map((each) => each.item());
  const padded = new Uint8Array(Math.max(1, ...lengths)); // Gloo divides by the number of bytes
  padded.set(bytes);
  const all = group.allGather(tensor(padded));
  return all.map((each, rank) => new TextDecoder().decode((each.data() as Uint8Array).subarray(0, lengths[rank])));
}
