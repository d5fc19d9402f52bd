/** Where pictures are. */
import { addressOf } from '../api/call.js';

const query = { scale: 1 };

export const testPictureAt = (index: number, split: 'test' | 'validation' = 'test'): string =>
  addressOf('testPicture', { params: { split, index }, query });

export const repairPictureAt = (id: string): string => addressOf('repairPicture', { params: { id }, query });
export const feedbackPictureAt = (id: number): string => addressOf('feedbackPicture', { params: { id }, query });
export const differencePictureAt = (id: number): string => addressOf('differencePicture', { params: { id }, query });
