/** The shape of one image, as bytes lie in memory. */

export type ImageShape = readonly [channels: number, height: number, width: number];
