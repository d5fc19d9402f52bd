/** A worker thread: reads and decodes photographs, and takes the next one as soon as one is done, whoever asked for it. */
import { createHash } from 'node:crypto';
import { parentPort } from 'node:worker_threads';
import sharp from 'sharp';
import { EditableError } from '../errors.js';
import { decodeRgb } from './decode-rgb.js';
import { readEncodedImage } from './encoded-image.js';
import { decodePhotograph, decodeRandomCrop } from './photograph.js';
import type { PhotographAnswer, PhotographResult, PhotographWork, WantedCrops } from './photograph-work.js';
import { RandomStream } from './random.js';

/** While libvips decodes two, on threads of its own, this one scales a third. */
const lanes: Promise<void>[] = Array.from({ length: 3 }, () => Promise.resolve());

// Every photograph is another one: what libvips keeps of operations is never asked for again.
sharp.cache(false);

parentPort?.on('message', async (work: PhotographWork) => {
  const results: PhotographResult[] = [];
  const failures: string[] = [];
  const share = (): Promise<void> =>
    takeShare(work, results).catch((error: unknown) => void failures.push((error as Error).stack ?? String(error)));
  for (const [i, lane] of lanes.entries()) lanes[i] = lane.then(share);
  await Promise.all(lanes);
  const [failure] = failures;
  answer(work, { id: work.id, results, ...(failure === undefined ? {} : { failure }) });
});

async function takeShare({ paths, crops, hash, next }: PhotographWork, results: PhotographResult[]): Promise<void> {
  for (;;) {
    const position = Atomics.add(next, 0, 1);
    if (position >= paths.length) return;
    results.push({ position, ...(await resultOf(paths[position] as string, { crops, hash, position })) });
  }
}

async function resultOf(
  path: string,
  { crops, hash, position }: Pick<PhotographWork, 'crops' | 'hash'> & { readonly position: number },
): Promise<Omit<PhotographResult, 'position'>> {
  try {
    const bytes = readEncodedImage(path);
    const pixels = await pixelsOf(bytes, crops, { path, position });
    return {
      ...(pixels === undefined ? {} : { pixels }),
      ...(hash ? { hash: createHash('sha256').update(bytes).digest('hex') } : {}),
    };
  } catch (error) {
    if (error instanceof EditableError && error.code === 'INVALID_FILE') return { problem: error.message };
    throw error;
  }
}

async function pixelsOf(
  bytes: Uint8Array,
  crops: WantedCrops,
  { path, position }: { readonly path: string; readonly position: number },
): Promise<Uint8Array | undefined> {
  if (crops.kind === 'centre') return (await decodePhotograph(bytes, crops.preprocessing, path)).pixels;
  if (crops.kind === 'random') {
    const random = new RandomStream(crops.states[position]!);
    return decodeRandomCrop(bytes, { ...crops.crop, side: crops.side, random }, path);
  }
  await decodeRgb(bytes, path);
  return undefined;
}

/** Pixels are handed over, not copied. */
function answer({ waiting }: PhotographWork, message: PhotographAnswer): void {
  const pixels = message.results.flatMap((each) =>
    each.pixels === undefined ? [] : [each.pixels.buffer as ArrayBuffer],
  );
  if (waiting === undefined) {
    parentPort?.postMessage(message, pixels);
    return;
  }
  waiting.port.postMessage(message, pixels);
  waiting.port.close();
  Atomics.store(waiting.done, 0, 1);
  Atomics.notify(waiting.done, 0);
}
