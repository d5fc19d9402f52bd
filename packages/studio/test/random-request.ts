/** Requests that nobody would send: routes of the table with words, numbers and bytes at random. */
import { routes } from '../src/api/index.js';
import type { RawRequest } from './raw-request.js';

const nobody = '0'.repeat(64);
const json = { 'content-type': 'application/json' };

/** A route of the table, or something like one, with a body of any kind. */
export function randomRequest(normal: () => number): RawRequest {
  const under = (most: number): number => Math.floor(Math.abs(normal()) * 1000) % most;
  const pick = <Item>(all: readonly Item[]): Item => all[under(all.length)] as Item;
  const words = [
    '',
    '0',
    '-1',
    'NaN',
    'active',
    'base',
    '..',
    '%00',
    '%ff',
    '<script>',
    nobody,
    'a'.repeat(300),
    'run',
    '1e9',
    '__proto__',
    'ü',
  ];
  const { method, path } = pick(
    Object.values(routes).filter(({ answer }) => !('type' in answer && answer.type === 'text/event-stream')),
  );
  const url = path.replace(/:(\w+)/g, () => encodeURIComponent(pick(words)));
  const values: readonly unknown[] = [
    null,
    true,
    0,
    -1,
    1e308,
    '',
    'x',
    [],
    {},
    [[[[]]]],
    { a: 1 },
    'ann',
    { index: 0 },
    [{ name: 'input' }],
  ];
  const keys = [
    'inputs',
    'wishes',
    'why',
    'by',
    'release',
    'mode',
    'share',
    'picture',
    'target',
    'repairs',
    'outputs',
    '__proto__',
    'constructor',
    'token',
    'testImages',
  ];
  const object = Object.fromEntries(Array.from({ length: under(6) }, () => [pick(keys), pick(values)]));
  const noise = Buffer.from(Array.from({ length: under(200) }, () => under(256)));
  const kinds: readonly (() => Pick<RawRequest, 'headers' | 'body'>)[] = [
    () => ({ headers: json, body: JSON.stringify(object) }),
    () => ({ headers: json, body: noise }),
    () => ({ headers: json, body: '['.repeat(under(50_000)) }),
    () => ({ headers: { 'content-type': 'image/png' }, body: noise }),
    () => ({
      headers: {
        'content-type': 'application/octet-stream',
        'inference-header-content-length': pick(['0', '5', '-1', 'x', '99999999999']),
      },
      body: noise,
    }),
    () => ({
      headers: { 'content-type': pick(['text/plain', 'multipart/form-data', 'application/json; charset=x', '']) },
      body: noise,
    }),
    () => ({}),
  ];
  const query =
    under(3) === 0 ? `?${pick(['limit', 'of', 'scale', 'before', 'status'])}=${encodeURIComponent(pick(words))}` : '';
  const isBare = method === 'GET' || under(10) === 0;
  return {
    method: under(10) === 0 ? pick(['PATCH', 'OPTIONS', 'HEAD', 'DELETE', 'PUT']) : method,
    path: `${url}${query}`,
    ...(isBare ? {} : pick(kinds)()),
  };
}
