/** The one picture that --image or --index names. */
import type { PictureName } from '@editable/workspace';
import { UsageError } from '../errors.js';
import type { InputFlags } from './shared.js';

/** @throws UsageError unless exactly one of --image and --index is given */
export function pictureNamed({ image, index }: InputFlags): PictureName {
  if (image !== undefined && index === undefined) return { image };
  if (index !== undefined && image === undefined) return { index };
  throw new UsageError('expected one of --image FILE and --index N to say which picture is meant.');
}
