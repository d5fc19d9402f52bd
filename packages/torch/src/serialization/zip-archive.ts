/** Reads the ZIP archives that torch.save writes: stored entries as views of the file, deflated ones unpacked. */
import { crc32, inflateRawSync } from 'node:zlib';
import { ByteReader } from './byte-reader.js';
import { allowance, MalformedFile, quoted } from './file-error.js';

export interface ZipArchive {
  readonly names: readonly string[];
  /** The contents of an entry, checked against its checksum; throws `MalformedFile` when absent or damaged. */
  read(name: string): Uint8Array;
}

/** The table of contents of an archive (ZIP64 too); throws `MalformedFile` when it has none. */
export const openZip = (bytes: Uint8Array): ZipArchive => {
  const entries = new Map<string, Entry>();
  for (const [name, entry] of readDirectory(bytes)) {
    if (entries.has(name)) throw new MalformedFile(`its archive has the entry ${quoted(name)} twice`);
    entries.set(name, entry);
  }
  // Entries do not overlap, so reading each once reads no more than the file; weights hardly compress.
  const spendStored = allowance(bytes.length, 'the entries of its archive overlap; it is damaged');
  const spendUnpacked = allowance(
    2 ** 26 + 16 * bytes.length,
    'its archive unpacks to far more than a checkpoint would',
  );
  return {
    names: [...entries.keys()],
    read: (name) => {
      const entry = entries.get(name);
      if (entry === undefined) throw new MalformedFile(`its archive has no entry ${quoted(name)}`);
      spendStored(entry.packedSize);
      if (entry.method !== stored) spendUnpacked(entry.size);
      return checkSum(name, entry, unpack(name, entry, locate(bytes, entry)));
    },
  };
};

interface Entry {
  readonly method: number;
  readonly crc: number;
  readonly packedSize: number;
  readonly size: number;
  readonly header: number;
}

const stored = 0;
const deflated = 8;
const endSignature = 0x06054b50;
const zip64LocatorSignature = 0x07064b50;
const zip64EndSignature = 0x06064b50;
const directorySignature = 0x02014b50;
const localSignature = 0x04034b50;

function* readDirectory(bytes: Uint8Array): Generator<[string, Entry]> {
  const { offset, count } = findDirectory(bytes);
  const reader = new ByteReader(bytes, offset);
  for (let i = 0; i < count; i++) yield readDirectoryEntry(reader);
}

const expect = (reader: ByteReader, signature: number, what: string): void => {
  if (reader.uint32() !== signature)
    throw new MalformedFile(`its archive has no ${what} where one should be; it is damaged`);
};

const readDirectoryEntry = (reader: ByteReader): [string, Entry] => {
  expect(reader, directorySignature, 'table entry');
  reader.take(4); // versions
  const flags = reader.uint16();
  if ((flags & 1) !== 0) throw new MalformedFile('its archive is encrypted; unpack it first');
  const method = reader.uint16();
  reader.take(4); // time
  const crc = reader.uint32();
  const sizes = { packedSize: reader.uint32(), size: reader.uint32() };
  const [nameLength, extraLength, commentLength] = [reader.uint16(), reader.uint16(), reader.uint16()];
  reader.take(8); // disk and attributes
  const header = reader.uint32();
  const name = reader.utf8(nameLength);
  const large = zip64Values(reader.take(extraLength), { ...sizes, header });
  reader.take(commentLength);
  return [name, { method, crc, ...large }];
};

const saturated = 0xffffffff;

/** Values that do not fit 32 bits stand in the extra field with tag 1, in this order, each only if needed. */
const zip64Values = (
  extra: Uint8Array,
  { size, packedSize, header }: Pick<Entry, 'size' | 'packedSize' | 'header'>,
): Pick<Entry, 'size' | 'packedSize' | 'header'> => {
  if (size !== saturated && packedSize !== saturated && header !== saturated) return { size, packedSize, header };
  for (const reader = new ByteReader(extra); reader.offset < extra.length; ) {
    const [tag, length] = [reader.uint16(), reader.uint16()];
    const field = new ByteReader(reader.take(length));
    if (tag !== 1) continue;
    const widened = (value: number): number => (value === saturated ? field.uint64() : value);
    return { size: widened(size), packedSize: widened(packedSize), header: widened(header) };
  }
  return { size, packedSize, header };
};

const findDirectory = (bytes: Uint8Array): { offset: number; count: number } => {
  const end = findEnd(bytes);
  const reader = new ByteReader(bytes, end + 10);
  const count = reader.uint16();
  reader.take(4); // length
  const offset = reader.uint32();
  return locateZip64(bytes, end) ?? { offset, count };
};

/** The end record is the last thing in the file but for a comment of at most 64 KiB. */
const findEnd = (bytes: Uint8Array): number => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  for (let at = bytes.length - 22; at >= Math.max(0, bytes.length - 22 - 0xffff); at--) {
    if (view.getUint32(at, true) === endSignature) return at;
  }
  throw new MalformedFile('its archive has no table of contents at the end; it is truncated');
};

const locateZip64 = (bytes: Uint8Array, end: number): { offset: number; count: number } | undefined => {
  if (end < 20) return undefined;
  const locator = new ByteReader(bytes, end - 20);
  if (locator.uint32() !== zip64LocatorSignature) return undefined;
  locator.take(4); // disk
  const reader = new ByteReader(bytes);
  reader.take(locator.uint64());
  expect(reader, zip64EndSignature, 'ZIP64 table');
  reader.take(20 + 8); // record length, versions, disks; entries on this disk
  const count = reader.uint64();
  reader.take(8); // length
  return { offset: reader.uint64(), count };
};

/** The packed bytes: the local header repeats name and extra field, whose padding aligns what follows to 64 bytes. */
const locate = (bytes: Uint8Array, entry: Entry): Uint8Array => {
  const reader = new ByteReader(bytes);
  reader.take(entry.header);
  expect(reader, localSignature, 'entry header');
  reader.take(22);
  const [nameLength, extraLength] = [reader.uint16(), reader.uint16()];
  reader.take(nameLength + extraLength);
  return reader.take(entry.packedSize);
};

const unpack = (name: string, { method, size }: Entry, packed: Uint8Array): Uint8Array => {
  if (method === stored && packed.length === size) return packed;
  try {
    if (method === deflated) return new Uint8Array(inflateRawSync(packed, { maxOutputLength: Math.max(1, size) }));
  } catch {
    // Said below: damaged contents fail in many ways.
  }
  throw new MalformedFile(`the entry ${quoted(name)} of its archive cannot be unpacked; it is damaged`);
};

const checkSum = (name: string, { crc, size }: Entry, contents: Uint8Array): Uint8Array => {
  // torch.serialization.set_crc32_options(False) leaves the checksum 0.
  if (contents.length === size && (crc === 0 || crc32(contents) === crc)) return contents;
  throw new MalformedFile(`the entry ${quoted(name)} of its archive does not match its checksum; it is damaged`);
};
