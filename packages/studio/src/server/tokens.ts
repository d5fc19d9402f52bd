/** The file that says who may do what. */
import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { z } from 'zod';
import { words } from '../api/words.js';
import { invalid } from '../errors.js';
import type { TokenHolder } from './options.js';

/** Shorter ones can be guessed. */
const shortest = 16;

const holder = z
  .strictObject({
    name: words,
    role: z.enum(['read', 'propose', 'approve']),
    token: z.string().min(shortest).max(1000).regex(/^\S+$/).optional(),
    sha256: z
      .string()
      .regex(/^[0-9a-f]{64}$/)
      .optional(),
  })
  .refine(({ token, sha256 }) => (token === undefined) !== (sha256 === undefined));

/**
 * JSON: `[{ "name", "role", "token" }]`, or `sha256` in the place of `token`, so that the file does not tell it.
 *
 * @throws StudioError INVALID_ARGUMENT
 */
export function readTokens(path: string): readonly TokenHolder[] {
  const parsed = z.array(holder).min(1).safeParse(contentsOf(path));
  if (!parsed.success) {
    throw invalid(
      `tokens: expected ${path} to be JSON like [{"name": "ann", "role": "propose", "token": "at least ${shortest} letters"}], with read, propose or approve.`,
    );
  }
  return parsed.data.map(({ name, role, token, sha256 }) => ({
    name,
    role,
    sha256:
      sha256 ??
      createHash('sha256')
        .update(token as string)
        .digest('hex'),
  }));
}

function contentsOf(path: string): unknown {
  try {
    return JSON.parse(readFileSync(path, 'utf8'));
  } catch (error) {
    throw invalid(`tokens: ${path} cannot be read as JSON: ${(error as Error).message}.`);
  }
}
