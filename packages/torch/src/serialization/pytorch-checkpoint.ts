/** PyTorch's checkpoint files (`.pth`, `.pt`, `.th`) of any age, read without running code from them. */
import type { HostTensor, HostTensors } from '../host-tensor.js';
import { readFileOrExplain } from './atomic-file.js';
import { type CheckpointValue, isCheckpointTensor, isDictionary, requirePlain } from './checkpoint-value.js';
import { MalformedFile, quoted, reading } from './file-error.js';
import { readLegacyCheckpoint } from './legacy-checkpoint.js';
import { readZipCheckpoint } from './zip-checkpoint.js';

/**
 * Everything in a checkpoint as plain data, its tensors row-major; bytes are views of the file's where possible.
 * Throws `TorchError` INVALID_FILE, naming `source`, for anything else than a checkpoint of plain data.
 */
export const parsePytorchCheckpoint = (bytes: Uint8Array, source: string): CheckpointValue =>
  reading(source, () => requirePlain(containerOf(bytes)(bytes)));

/**
 * The state dict of a checkpoint file: its dictionary of tensors, be it the whole file or under `state_dict`, `model`,
 * `net` or `model_state_dict`, without the `module.` that data-parallel training puts before every name.
 */
export const readStateDict = (path: string): HostTensors => {
  const tree = parsePytorchCheckpoint(readFileOrExplain(path), path);
  return reading(path, () => withoutCommonPrefix(tensorsOf(requireStateDict(tree))));
};

type Dictionary = ReadonlyMap<CheckpointValue, CheckpointValue>;

const containerOf = (bytes: Uint8Array): ((bytes: Uint8Array) => unknown) => {
  if (bytes.length === 0) throw new MalformedFile('it is empty');
  const start = Buffer.from(bytes.subarray(0, 9)).toString('latin1');
  if (start.startsWith('PK\x03\x04')) return readZipCheckpoint;
  if (start.startsWith('\x80')) return readLegacyCheckpoint;
  if (start[8] === '{') throw new MalformedFile('it looks like a safetensors file; read it as one');
  throw new MalformedFile('it is not a PyTorch checkpoint (neither a ZIP archive nor a pickle)');
};

const usualKeys = ['state_dict', 'model_state_dict', 'model', 'net'];

/** Nested first: a checkpoint may have a tensor or two (a best loss) beside its state dict. */
const findStateDict = (value: CheckpointValue | undefined, depth = 0): Dictionary | undefined => {
  if (!isDictionary(value) || depth > 2) return undefined;
  for (const key of usualKeys) {
    const nested = findStateDict(value.get(key), depth + 1);
    if (nested !== undefined) return nested;
  }
  return [...value.values()].some(isCheckpointTensor) ? value : undefined;
};

const requireStateDict = (tree: CheckpointValue): Dictionary => {
  const found = findStateDict(tree);
  if (found !== undefined) return found;
  const keys = isDictionary(tree) ? [...tree.keys()].slice(0, 8).map(quoted) : [];
  const received = keys.length > 0 ? `a dictionary with the keys ${keys.join(', ')}` : 'something else';
  throw new MalformedFile(
    `it holds no state dict: expected a dictionary of tensors, at the top or under ${usualKeys.join(', ')}, found ${received}`,
  );
};

/** What else a state dict may hold (a module's extra state) is no tensor and is left out. */
const tensorsOf = (dictionary: Dictionary): [string, HostTensor][] =>
  [...dictionary].flatMap(([name, value]) =>
    typeof name === 'string' && isCheckpointTensor(value) ? [[name, value] as [string, HostTensor]] : [],
  );

const withoutCommonPrefix = (tensors: [string, HostTensor][]): HostTensors => {
  const prefix = 'module.';
  if (!tensors.every(([name]) => name.startsWith(prefix))) return new Map(tensors);
  return new Map(tensors.map(([name, tensor]) => [name.slice(prefix.length), tensor]));
};
