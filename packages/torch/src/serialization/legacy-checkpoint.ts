/** torch.save before 1.6: five pickles (magic number, protocol, system, object, storage keys), then the storages. */
import { dtypes } from '../dtype.js';
import { ByteReader } from './byte-reader.js';
import { CheckpointTensors, type Storage } from './checkpoint-tensors.js';
import { MalformedFile, quoted } from './file-error.js';
import { unpickle } from './pickle.js';

const magicNumber = 0x1950a86a20f9469cfc6cn;
const protocolVersion = 1001;

/** The object of a checkpoint stream, its tensors filled; throws `MalformedFile`. */
export const readLegacyCheckpoint = (bytes: Uint8Array): unknown => {
  const magic = plainPickle(bytes, 0);
  if (magic.value !== magicNumber) throw new MalformedFile('it is a Python pickle, but not one that torch.save wrote');
  const protocol = plainPickle(bytes, magic.end);
  if (protocol.value !== protocolVersion) {
    throw new MalformedFile(`its format has version ${quoted(protocol.value)} where ${protocolVersion} was expected`);
  }
  // What the writing system was like says nothing here: storages are little-endian in any case.
  const system = plainPickle(bytes, protocol.end);
  const tensors = new CheckpointTensors();
  const object = unpickle(bytes, { ...tensors.pickleOptions, start: system.end });
  const keys = plainPickle(bytes, object.end);
  const contents = readStorages(new ByteReader(bytes, keys.end), keys.value, tensors.storages);
  tensors.fill((storage) => contentsOf(contents, storage), bytes.length);
  return object.value;
};

const plainPickle = (bytes: Uint8Array, start: number): { value: unknown; end: number } =>
  unpickle(bytes, { start, findGlobal: () => undefined });

/** Each storage is its number of elements, then those elements; the keys give the order. */
const readStorages = (
  reader: ByteReader,
  keys: unknown,
  storages: ReadonlyMap<string, Storage>,
): Map<string, Uint8Array> => {
  if (!Array.isArray(keys)) throw new MalformedFile('its list of storages is damaged');
  const contents = new Map<string, Uint8Array>();
  for (const key of keys as unknown[]) {
    const storage = typeof key === 'string' ? storages.get(key) : undefined;
    if (storage === undefined) throw new MalformedFile('it has a storage that no tensor declares; it is damaged');
    const elements = reader.uint64();
    if (elements !== storage.elements) {
      throw new MalformedFile(
        `its storage ${quoted(storage.key)} has ${elements} elements where ${storage.elements} were declared`,
      );
    }
    contents.set(storage.key, reader.take(elements * dtypes[storage.dtype].bytes));
  }
  return contents;
};

const contentsOf = (contents: ReadonlyMap<string, Uint8Array>, { key }: Storage): Uint8Array => {
  const bytes = contents.get(key);
  if (bytes === undefined) throw new MalformedFile(`its storage ${quoted(key)} is missing; it is truncated or damaged`);
  return bytes;
};
