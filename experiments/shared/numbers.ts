/** Numbers as tables show them. */

export const percent = (share: number, digits = 2): string => `${(share * 100).toFixed(digits)} %`;

export const percentInterval = ([low, high]: readonly [number, number]): string =>
  `${(low * 100).toFixed(2)} to ${(high * 100).toFixed(2)}`;

/** A time below some minutes, two digits of it. */
export const shortTime = (seconds: number): string =>
  seconds < 1 ? `${Number((seconds * 1000).toPrecision(2))} ms` : `${Number(seconds.toPrecision(2))} s`;

export const mebibytes = (bytes: number | null): string => (bytes === null ? '' : (bytes / 2 ** 20).toFixed(0));

export function duration(seconds: number): string {
  if (seconds < 90) return `${Math.round(seconds)} s`;
  return seconds < 5400 ? `${Math.round(seconds / 60)} min` : `${(seconds / 3600).toFixed(1)} h`;
}
