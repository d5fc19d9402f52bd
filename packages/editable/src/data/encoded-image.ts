/** The bytes of somebody's picture before they are decoded: PNG, JPEG or WebP, of bounded size. */
import { EditableError } from '../errors.js';
import { readFileBytes } from './read-file.js';

const maxBytes = 64 * 2 ** 20;

/** Above this a picture is refused before it is decoded, so that memory stays bounded. */
export const maxPixels = 50_000_000;

/** @throws EditableError INVALID_FILE for a file of another kind, whatever its name says */
export function readEncodedImage(path: string): Uint8Array {
  const bytes = readFileBytes(path, { maxBytes });
  if (isPngJpegOrWebp(bytes)) return bytes;
  throw new EditableError(
    'INVALID_FILE',
    `Expected ${path} to be a PNG, JPEG or WebP image; it is another kind of file.`,
  );
}

/** The error for bytes that were no whole image of this kind. */
export function undecodable(path: string, cause: unknown): EditableError {
  const problem = (cause as Error).message.replace(/\s+/g, ' ').trim();
  return new EditableError(
    'INVALID_FILE',
    `Cannot decode ${path} (limit: ${maxPixels / 1e6} megapixels): ${problem}.`,
    { cause },
  );
}

function isPngJpegOrWebp(bytes: Uint8Array): boolean {
  const start = Buffer.from(bytes.subarray(0, 12)).toString('latin1');
  return start.startsWith('\x89PNG\r\n\x1a\n') || start.startsWith('\xff\xd8\xff') || /^RIFF.{4}WEBP/s.test(start);
}
