/** Reads numbers, slices and lines from bytes in order; every read is checked against what is left. */
import { MalformedFile } from './file-error.js';

export class ByteReader {
  offset: number;
  private readonly bytes: Uint8Array;
  private readonly view: DataView;

  constructor(bytes: Uint8Array, offset = 0) {
    this.bytes = bytes;
    this.offset = offset;
    this.view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  }

  uint8(): number {
    return this.view.getUint8(this.advance(1));
  }

  uint16(): number {
    return this.view.getUint16(this.advance(2), true);
  }

  int32(): number {
    return this.view.getInt32(this.advance(4), true);
  }

  uint32(): number {
    return this.view.getUint32(this.advance(4), true);
  }

  /** A length or position: numbers past 2^53 become inexact, and are past any file's end all the same. */
  uint64(): number {
    return Number(this.view.getBigUint64(this.advance(8), true));
  }

  bigEndianFloat64(): number {
    return this.view.getFloat64(this.advance(8), false);
  }

  /** The next `length` bytes, as a view. */
  take(length: number): Uint8Array {
    const start = this.advance(length);
    return this.bytes.subarray(start, start + length);
  }

  utf8(length: number): string {
    return asBuffer(this.take(length)).toString('utf8');
  }

  latin1(length: number): string {
    return asBuffer(this.take(length)).toString('latin1');
  }

  /** The text up to the next newline, which is read too. */
  line(): string {
    const end = this.bytes.indexOf(10, this.offset);
    if (end < 0) throw new MalformedFile('it ends in the middle of a line; it is truncated or damaged');
    const text = this.latin1(end - this.offset);
    this.offset = end + 1;
    return text;
  }

  private advance(length: number): number {
    const start = this.offset;
    const left = this.bytes.length - start;
    if (!(length >= 0 && length <= left)) {
      throw new MalformedFile(`${length} more bytes were expected and ${left} are left; it is truncated or damaged`);
    }
    this.offset += length;
    return start;
  }
}

const asBuffer = (bytes: Uint8Array): Buffer => Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
