/** Numbers as people read them: rates in percent, changes with a sign, times in words. */

/** 0.0891 → "8.91 %" */
export const percent = (rate: number, digits = 2): string => `${(100 * rate).toFixed(digits)} %`;

/** 0.004 → "+0.40 %", −0.004 → "−0.40 %" */
export const signedPercent = (rate: number, digits = 2): string =>
  `${rate < 0 ? '−' : '+'}${percent(Math.abs(rate), digits)}`;

/** [0.03, 0.05] → "3.00 to 5.00" (percent) */
export const percentInterval = ([low, high]: readonly [number, number], digits = 2): string =>
  `${(100 * low).toFixed(digits).replace('-', '−')} to ${(100 * high).toFixed(digits).replace('-', '−')}`;

/** 75 → "1 min 15 s", 3.24 → "3.2 s" */
export function duration(seconds: number): string {
  if (seconds < 10) return `${seconds.toFixed(1)} s`;
  const whole = Math.round(seconds);
  if (whole < 60) return `${whole} s`;
  const minutes = Math.floor(whole / 60);
  return minutes < 60 ? `${minutes} min ${whole % 60} s` : `${Math.floor(minutes / 60)} h ${minutes % 60} min`;
}

/** Thousands apart: 10000 → "10,000" */
export const count = (value: number): string => value.toLocaleString('en-US');

/** Three digits that matter: 0.000123456 → "0.000123" */
export const significant = (value: number, digits = 3): string => String(Number(value.toPrecision(digits)));

/** "1 image", "3 images" */
export const plural = (value: number, noun: string): string => `${count(value)} ${noun}${value === 1 ? '' : 's'}`;
