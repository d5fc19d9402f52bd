/** What identifies the images of a split: what is kept of one is never taken for what is known of another. */
import { createHash } from 'node:crypto';
import type { ImageSplit } from './image-dataset.js';
import { labelBytes } from './label-bytes.js';

const known = new WeakMap<ImageSplit, string>();

/** SHA-256 over labels and pixels, or what the split has for it, 64 hexadecimal digits. It does not change, so it is read once. */
export function splitHash(split: ImageSplit): string {
  const before = split.hash ?? known.get(split);
  if (before !== undefined) return before;
  const hash = createHash('sha256').update(labelBytes(split.labels));
  for (let i = 0; i < split.length; i++) hash.update(split.image(i));
  const digest = hash.digest('hex');
  known.set(split, digest);
  return digest;
}
