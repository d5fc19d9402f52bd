/** Pictures that came in: files of anybody's making, decoded as the command line does, within bounds. */
import { randomUUID } from 'node:crypto';
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { type ImageFile, type RunConfig, readImageFile, readPhotograph } from 'editable';
import sharp, { type Metadata } from 'sharp';
import { StudioError } from '../errors.js';

export interface ReadPicture {
  /** [C, H, W] */
  readonly pixels: Uint8Array;
  readonly resizedFrom: readonly [number, number] | null;
}

export class PictureReader {
  readonly #config: RunConfig;
  readonly #folder: string;
  readonly #maxPixels: number;

  /** `folder`: for files while they are read. */
  constructor(config: RunConfig, folder: string, maxPixels: number) {
    this.#config = config;
    this.#folder = folder;
    this.#maxPixels = maxPixels;
  }

  /** @throws StudioError UNSUPPORTED, TOO_LARGE or INVALID_ARGUMENT */
  async read(bytes: Uint8Array): Promise<ReadPicture> {
    await this.#requireSmall(bytes);
    const path = join(this.#folder, randomUUID());
    await writeFile(path, bytes);
    try {
      return await this.#decoded(path);
    } catch (error) {
      const reason = (error as Error).message.replaceAll(path, 'the picture');
      throw new StudioError('INVALID_ARGUMENT', reason, { cause: error });
    } finally {
      await rm(path, { force: true });
    }
  }

  /** By the file's head, before anything is decoded: a small file may hold a picture that fills the memory. */
  async #requireSmall(bytes: Uint8Array): Promise<void> {
    const { format, width = 0, height = 0, pages = 1 } = await headOf(bytes);
    if (!['png', 'jpeg', 'webp'].includes(format ?? '')) {
      throw new StudioError('UNSUPPORTED', 'expected a PNG, JPEG or WebP picture; it is another kind of file.');
    }
    if (width * height * pages <= this.#maxPixels) return;
    throw new StudioError(
      'TOO_LARGE',
      `expected a picture of at most ${this.#maxPixels / 1e6} megapixels, received ${width} × ${height}.`,
    );
  }

  async #decoded(path: string): Promise<ReadPicture> {
    const { preprocessing, shape } = this.#config;
    if (preprocessing === undefined) {
      const { pixels, resized, originalSize }: ImageFile = await readImageFile(path, shape);
      return { pixels, resizedFrom: resized ? originalSize : null };
    }
    const { pixels, originalSize } = await readPhotograph(path, preprocessing);
    return { pixels, resizedFrom: originalSize };
  }
}

async function headOf(bytes: Uint8Array): Promise<Metadata> {
  try {
    return await sharp(bytes, { limitInputPixels: false }).metadata();
  } catch (cause) {
    throw new StudioError('UNSUPPORTED', 'expected a PNG, JPEG or WebP picture; it cannot be read as one.', { cause });
  }
}
