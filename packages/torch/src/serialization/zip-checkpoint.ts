/** torch.save since 1.6: a ZIP archive of `NAME/data.pkl` and one `NAME/data/KEY` for each storage. */
import { dtypes } from '../dtype.js';
import { CheckpointTensors, type Storage } from './checkpoint-tensors.js';
import { MalformedFile, quoted } from './file-error.js';
import { unpickle } from './pickle.js';
import { openZip, type ZipArchive } from './zip-archive.js';

/** The object of a checkpoint archive, its tensors filled; throws `MalformedFile`. */
export const readZipCheckpoint = (bytes: Uint8Array): unknown => {
  const archive = openZip(bytes);
  const folder = checkpointFolder(archive);
  const tensors = new CheckpointTensors();
  const { value } = unpickle(archive.read(`${folder}data.pkl`), tensors.pickleOptions);
  const contents = new Map<string, Uint8Array>();
  tensors.fill((storage) => {
    const known = contents.get(storage.key) ?? readStorage(archive, folder, storage);
    contents.set(storage.key, known);
    return known;
  }, bytes.length);
  return value;
};

/** The archive's folder with its slash, once its contents are known to be a checkpoint that this machine can read. */
const checkpointFolder = (archive: ZipArchive): string => {
  const name = archive.names.find((entry) => /^([^/]*\/)?(data\.pkl|model\.json)$/.test(entry));
  if (name === undefined) throw new MalformedFile('it is a ZIP archive, but has no data.pkl as PyTorch checkpoints do');
  const folder = name.slice(0, name.lastIndexOf('/') + 1);
  const isProgram = (entry: string): boolean =>
    entry === `${folder}constants.pkl` || entry.startsWith(`${folder}code/`);
  if (name.endsWith('model.json') || archive.names.some(isProgram)) {
    throw new MalformedFile('it is a TorchScript program, not a checkpoint of tensors; import it as TorchScript');
  }
  if (archive.names.includes(`${folder}byteorder`)) requireLittleEndian(archive.read(`${folder}byteorder`));
  return folder;
};

const requireLittleEndian = (order: Uint8Array): void => {
  if (Buffer.from(order).toString('latin1') === 'little') return;
  throw new MalformedFile('its numbers are not little-endian; save it again on a little-endian machine');
};

const readStorage = (archive: ZipArchive, folder: string, { key, dtype, elements }: Storage): Uint8Array => {
  const contents = archive.read(`${folder}data/${key}`);
  const expected = elements * dtypes[dtype].bytes;
  if (contents.length === expected) return contents;
  throw new MalformedFile(`its storage ${quoted(key)} has ${contents.length} bytes where ${expected} were declared`);
};
