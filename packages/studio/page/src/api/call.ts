/** A route of the server's table called by its name: parameters, query, body and answer have the types that the table gives. */
import { type ErrorDocument, type Route, type Routes, routes } from '@editable/studio/api';
import { RefusedError, unreachable } from '../errors.js';

export type RouteName = keyof Routes;

type ShapesOf<Name extends RouteName> = Routes[Name] extends Route<infer Shapes> ? Shapes : never;

/** What a route has to be given. */
export type Asked<Name extends RouteName> = Omit<ShapesOf<Name>, 'answer'>;

export type Answered<Name extends RouteName> =
  ShapesOf<Name> extends { readonly answer: infer Answer } ? Answer : never;

interface Parts {
  readonly params?: Readonly<Record<string, string | number>>;
  readonly query?: Readonly<Record<string, string | number | undefined>>;
  readonly body?: unknown;
}

export function addressOf<Name extends RouteName>(name: Name, asked: Asked<Name>): string {
  const { params = {}, query = {} } = asked as Parts;
  const path = routes[name].path.replace(/:(\w+)/g, (_, key: string) => encodeURIComponent(String(params[key])));
  const given = Object.entries(query).filter(([, value]) => value !== undefined);
  const search = new URLSearchParams(given.map(([key, value]) => [key, String(value)])).toString();
  return search === '' ? path : `${path}?${search}`;
}

/** @throws RefusedError with the server's sentence */
export async function call<Name extends RouteName>(
  name: Name,
  asked: Asked<Name>,
  signal?: AbortSignal,
): Promise<Answered<Name>> {
  const { body } = asked as Parts;
  const response = await ask(addressOf(name, asked), {
    method: routes[name].method,
    ...(signal === undefined ? {} : { signal }),
    ...(body === undefined ? {} : { body: JSON.stringify(body), headers: { 'content-type': 'application/json' } }),
  });
  return (await response.json()) as Answered<Name>;
}

/** Any address of the server. @throws RefusedError */
export async function ask(address: string, init: RequestInit = {}): Promise<Response> {
  const response = await fetch(address, init).catch((cause: unknown) => {
    if (init.signal?.aborted === true) throw cause;
    throw unreachable(cause);
  });
  if (response.ok) return response;
  const refused = (await response.json().catch(() => ({}))) as Partial<ErrorDocument>;
  throw new RefusedError(
    refused.code ?? String(response.status),
    refused.error ?? `The server answered ${response.status} ${response.statusText}.`,
  );
}
