/** Where a tensor lies. */

/** `cpu`, `cuda` or `cuda:1`. */
export type Device = string;
