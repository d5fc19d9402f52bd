/** Who asks, and whether they may: tokens with roles, pages of other sites, names of other hosts. */
import { createHash, timingSafeEqual } from 'node:crypto';
import type { FastifyRequest } from 'fastify';
import { type Role, roles, type You } from '../api/serving.js';
import { StudioError } from '../errors.js';
import type { TokenHolder } from './options.js';

export const sessionCookie = 'editable-token';

export class Access {
  readonly #holders: readonly TokenHolder[];

  /** Without holders everybody who reaches the server may do everything: for this machine only. */
  constructor(holders: readonly TokenHolder[]) {
    this.#holders = holders;
  }

  get usesTokens(): boolean {
    return this.#holders.length > 0;
  }

  /** @throws StudioError UNAUTHORIZED, FORBIDDEN */
  admit(request: FastifyRequest, needed: Role): You {
    this.refuseOthersPages(request);
    if (!this.usesTokens) return { name: null, role: 'approve' };
    const you = this.holderOf(tokenIn(request));
    if (roles.indexOf(you.role) >= roles.indexOf(needed)) return you;
    throw new StudioError(
      'FORBIDDEN',
      `expected a token with the role ${needed}, received ${you.name}'s, which may ${you.role}.`,
    );
  }

  /** @throws StudioError UNAUTHORIZED */
  holderOf(token: string | undefined): You {
    if (token === undefined)
      throw new StudioError('UNAUTHORIZED', 'expected a token, as "Authorization: Bearer TOKEN", received none.');
    const hash = createHash('sha256').update(token).digest();
    // Every holder is compared, so that the time tells nothing.
    const found = this.#holders.filter(({ sha256 }) => timingSafeEqual(Buffer.from(sha256, 'hex'), hash));
    if (found[0] === undefined)
      throw new StudioError('UNAUTHORIZED', 'the token is none of this server’s; ask who runs it.');
    const { name, role } = found[0];
    return { name, role };
  }

  /** A page of another site could otherwise write with this user's rights, or reach this machine under another name. */
  refuseOthersPages({ headers, method }: FastifyRequest): void {
    const { origin, host = '' } = headers;
    if (!this.usesTokens && !isLoopback(host))
      throw new StudioError(
        'FORBIDDEN',
        `expected to be asked as localhost or 127.0.0.1, received the host "${host.slice(0, 80)}".`,
      );
    if (method === 'GET' || method === 'HEAD') return;
    const site = headers['sec-fetch-site'];
    const isOthers = (origin !== undefined && hostOf(origin) !== host) || site === 'cross-site' || site === 'same-site';
    if (isOthers) throw new StudioError('FORBIDDEN', 'a page of another site may not write here.');
  }
}

function tokenIn({ headers }: FastifyRequest): string | undefined {
  const bearer = /^Bearer (\S+)$/i.exec(headers.authorization ?? '')?.[1];
  if (bearer !== undefined) return bearer;
  const pairs = (headers.cookie ?? '').split(';').map((pair) => pair.trim().split('='));
  const value = pairs.find(([name]) => name === sessionCookie)?.[1];
  return value === undefined ? undefined : Buffer.from(value, 'base64url').toString();
}

/** The cookie of a page that signed in; with an empty token, the one that ends it. */
export const cookieOf = (token: string, isSecure: boolean): string =>
  [
    `${sessionCookie}=${Buffer.from(token).toString('base64url')}`,
    'Path=/',
    'HttpOnly',
    'SameSite=Strict',
    ...(isSecure ? ['Secure'] : []),
    ...(token === '' ? ['Max-Age=0'] : []),
  ].join('; ');

function hostOf(origin: string): string | undefined {
  try {
    return new URL(origin).host;
  } catch {
    return undefined;
  }
}

/** A host, with or without a port, that means this machine to itself. */
export const isLoopback = (host: string): boolean => /^(localhost|127(\.\d{1,3}){3}|\[?::1\]?)(:\d+)?$/i.test(host);
