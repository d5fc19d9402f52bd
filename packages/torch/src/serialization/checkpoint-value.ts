/** What a checkpoint holds once read: plain data and tensors, nothing else. */
import type { HostTensor } from '../host-tensor.js';
import { CheckpointTensor } from './checkpoint-tensors.js';
import { MalformedFile } from './file-error.js';

/** Dictionaries are Maps, lists and tuples arrays, None null. A value may contain itself, as in Python. */
export type CheckpointValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Uint8Array
  | HostTensor
  | readonly CheckpointValue[]
  | ReadonlyMap<CheckpointValue, CheckpointValue>
  | ReadonlySet<CheckpointValue>;

export const isCheckpointTensor = (value: CheckpointValue | undefined): value is HostTensor =>
  value instanceof CheckpointTensor;

export const isDictionary = (
  value: CheckpointValue | undefined,
): value is ReadonlyMap<CheckpointValue, CheckpointValue> => value instanceof Map;

// Far beyond what Python's own pickler can write, and shallow enough for a recursive walk.
const deepest = 1000;

/** The tree itself, once every value in it is known to be plain data no deeper than a walk can bear. */
export const requirePlain = (root: unknown): CheckpointValue => {
  const seen = new Set<unknown>();
  let level: unknown[] = [root];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > deepest) throw new MalformedFile(`its values are nested more than ${deepest} deep; it is damaged`);
    const next: unknown[] = [];
    for (const value of level) {
      if (typeof value !== 'object' || value === null || seen.has(value)) continue;
      seen.add(value);
      for (const child of children(value)) next.push(child);
    }
    level = next;
  }
  return root as CheckpointValue;
};

function* children(value: object): Generator<unknown> {
  if (Array.isArray(value) || value instanceof Set) yield* value;
  else if (value instanceof Map) {
    for (const [key, item] of value) {
      yield key;
      yield item;
    }
  } else if (!(value instanceof Uint8Array) && !(value instanceof CheckpointTensor)) {
    throw new MalformedFile(
      'it holds a function, a type or a storage where data was expected; save model.state_dict()',
    );
  }
}
