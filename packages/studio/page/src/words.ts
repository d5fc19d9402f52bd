/** Numbers, times and names as people read them. */

/** 0.0891 → "8.91 %" */
export const percent = (rate: number, digits = 2): string => `${(100 * rate).toFixed(digits)} %`;

/** 0.004 → "+0.40 %" */
export const signedPercent = (rate: number, digits = 2): string =>
  `${rate < 0 ? '−' : '+'}${percent(Math.abs(rate), digits)}`;

/** [−0.001, 0.05] → "−0.10 to 5.00 %" */
export const percentInterval = ([low, high]: readonly [number, number], digits = 2): string =>
  `${(100 * low).toFixed(digits).replace('-', '−')} to ${(100 * high).toFixed(digits).replace('-', '−')} %`;

export const count = (value: number): string => value.toLocaleString('en-US');

export const plural = (value: number, noun: string, nouns = `${noun}s`): string =>
  `${count(value)} ${value === 1 ? noun : nouns}`;

/** A hash as people read and type it. */
export const short = (id: string): string => id.slice(0, 10);

export const releaseNamed = (id: string | null): string => (id === null ? 'the base' : short(id));

/** "24 Nov, 19:38" in the reader's time */
export const moment = (iso: string): string =>
  new Date(iso).toLocaleString('en-GB', { day: 'numeric', month: 'short', hour: '2-digit', minute: '2-digit' });

export const duration = (seconds: number): string =>
  seconds < 60 ? `${seconds.toFixed(1)} s` : `${Math.floor(seconds / 60)} min ${Math.round(seconds % 60)} s`;
