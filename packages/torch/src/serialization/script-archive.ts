/** What libtorch does not look at before it runs a TorchScript file: that it is one, and that it is whole. */
import { readFileOrExplain } from './atomic-file.js';
import { MalformedFile, reading } from './file-error.js';
import { openZip } from './zip-archive.js';

/**
 * Reads every entry of the archive against its checksum: libtorch's own reader skips them, and damage can end the
 * process there. Throws `TorchError` INVALID_FILE for a missing, damaged or foreign file.
 */
export const requireScriptArchive = (path: string): void => {
  const bytes = readFileOrExplain(path);
  reading(path, () => {
    const isArchive = Buffer.from(bytes.subarray(0, 4)).toString('latin1') === 'PK\x03\x04';
    if (!isArchive) throw new MalformedFile('it is not a TorchScript file (no ZIP archive, as torch.jit.save writes)');
    const archive = openZip(bytes);
    for (const name of archive.names) archive.read(name);
    const has = (entry: RegExp): boolean => archive.names.some((name) => entry.test(name));
    if (has(/^[^/]*\/(constants\.pkl|model\.json)$/) && has(/^[^/]*\/code\//)) return;
    throw new MalformedFile(
      has(/^[^/]*\/data\.pkl$/)
        ? 'it is a checkpoint of tensors, not a TorchScript program; name the model that it belongs to'
        : 'it is a ZIP archive, but not one that torch.jit.save wrote',
    );
  });
};
