/** Names for what depends on settings: the same settings give the same name. */
import { createHash } from 'node:crypto';

export const digest = (value: unknown): string => createHash('sha256').update(JSON.stringify(value)).digest('hex');

export const shortDigest = (value: unknown): string => digest(value).slice(0, 10);
