/** Pictures and classes as requests name them, as the work threads take them. */
import { labelNamed } from '@editable/workspace';
import type { PictureInput, WishInput } from '../api/repairs.js';
import type { WorkPicture, WorkWish } from '../work/work-calls.js';
import type { Parts } from './parts.js';

export const workWishes = (parts: Parts, wishes: readonly WishInput[]): Promise<readonly WorkWish[]> =>
  Promise.all(
    wishes.map(async ({ picture, target, views, margin }) => ({
      picture: await workPicture(parts, picture),
      target: labelNamed(String(target), parts.config.classes),
      views,
      margin,
    })),
  );

/** @throws StudioError for a picture that is not there, or cannot be read */
export async function workPicture({ records, pictures }: Parts, input: PictureInput): Promise<WorkPicture> {
  if ('index' in input) return input;
  if ('feedback' in input)
    return { pixels: records.pixels('feedback', input.feedback), name: `feedback ${input.feedback}` };
  if ('difference' in input)
    return { pixels: records.pixels('differences', input.difference), name: `difference ${input.difference}` };
  const { pixels } = await pictures.read(Buffer.from(input.image, 'base64'));
  return { pixels, name: input.name ?? 'a picture' };
}

/** [C, H, W] bytes. */
export async function pixelsOfInput(parts: Parts, input: PictureInput): Promise<Uint8Array> {
  const picture = await workPicture(parts, input);
  if ('pixels' in picture) return picture.pixels;
  return (await parts.desk.call('picture', { split: 'test', index: picture.index })).pixels;
}
