/** What a JPEG's frame header says, without a decoder: asking libvips for it costs a fifth of decoding a small photograph. */

export interface JpegHeader {
  readonly width: number;
  readonly height: number;
  /** 1: grey, 3: colour, 4: CMYK. */
  readonly components: number;
}

const startOfImage = 0xffd8;
const endOfImage = 0xd9;
const startOfScan = 0xda;
/** Between 0xc0 and 0xcf, but no frame headers. */
const tables = [0xc4, 0xc8, 0xcc];

/** Undefined where the bytes are no JPEG, or one whose header is not found where the format (ITU T.81, annex B) has it. */
export function jpegHeader(bytes: Uint8Array): JpegHeader | undefined {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 4 || view.getUint16(0) !== startOfImage) return undefined;
  let at = 2;
  while (at + 9 < bytes.length && bytes[at] === 0xff) {
    const marker = bytes[at + 1]!;
    if (marker === 0xff) at += 1;
    else if (marker === startOfScan || marker === endOfImage) return undefined;
    else if (isFrame(marker)) {
      const header = { height: view.getUint16(at + 5), width: view.getUint16(at + 7), components: bytes[at + 9]! };
      return header.width > 0 && header.height > 0 ? header : undefined;
    } else at += 2 + view.getUint16(at + 2);
  }
  return undefined;
}

const isFrame = (marker: number): boolean => marker >= 0xc0 && marker <= 0xcf && !tables.includes(marker);
