import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { reading } from './file-error.js';
import { unpickle } from './pickle.js';
import { findPlainGlobal } from './plain-globals.js';

const recorded = JSON.parse(readFileSync(join(import.meta.dirname, 'fixtures', 'pickles.json'), 'utf8')) as Record<
  string,
  string
>;

const load = (bytes: Uint8Array | string): unknown =>
  reading(
    'x.pkl',
    () => unpickle(new Uint8Array(Buffer.from(bytes as string, 'latin1')), { findGlobal: findPlainGlobal }).value,
  );

describe('unpickle', () => {
  it.each(['0', '1', '2', '3', '4', '5'])('reads plain data of protocol %s', (protocol) => {
    const bytes = new Uint8Array(Buffer.from(recorded[protocol]!, 'base64'));
    const { value, end } = unpickle(bytes, { findGlobal: findPlainGlobal });
    const read = value as Map<string, unknown>;
    expect(end).toBe(bytes.length);
    expect(Object.fromEntries(read)).toEqual({
      none: null,
      flags: [true, false],
      integers: [0, -1, 255, 256, -(2 ** 31), 2 ** 31, 2n ** 53n, 2n ** 70n, -(2n ** 70n)],
      floats: [0.5, -1e300, Number.POSITIVE_INFINITY],
      text: 'quo"te\' back\\slash \n é € 😀',
      bytes: Uint8Array.of(0, 0x80, 0xff),
      tuples: [[], [1], [1, 2], [1, 2, 3], [1, 2, 3, 4]],
      set: new Set([1, 2]),
      frozen: new Set([3]),
      ordered: new Map([
        ['a', 1],
        ['b', 2],
      ]),
      shared: [[1], [1]],
    });
    const [first, second] = read.get('shared') as unknown[];
    expect(first).toBe(second);
  });

  it('reads a text of Python 2, and its bytes where they are no text', () => {
    expect(load('U\x03abc.')).toBe('abc');
    expect(load('U\x01\xff.')).toBe('\xff');
    expect(load("S'a\\x41\\n'\n.")).toBe('aA\n');
  });

  it('reads the arguments that training scripts leave', () => {
    const program = 'cargparse\nNamespace\n)\x81}U\x02lrG\x3f\xe0\0\0\0\0\0\0sb.';
    expect(load(program)).toEqual(new Map([['lr', 0.5]]));
  });

  it.each([
    ['os', 'system'],
    ['builtins', 'eval'],
    ['torch.storage', '_load_from_bytes'],
    ['builtins', '__proto__'],
    ['constructor', 'prototype'],
  ])('refuses %s.%s by name', (module, name) => {
    expect(() => load(`c${module}\n${name}\n(S'rm -rf /'\ntR.`)).toThrow(
      expect.objectContaining({
        code: 'INVALID_FILE',
        message: expect.stringContaining(`Python's ${module}.${name}, which`),
      }),
    );
  });

  const long = 'x'.repeat(20);
  const bad: [string, string, string][] = [
    ['a missing end', '(', 'truncated'],
    ['a length beyond the file', 'X\xff\xff\xff\x7fabc.', '2147483647 more bytes were expected and 4 are left'],
    ['a negative length', 'T\xff\xff\xff\xffabc.', '-1 more bytes were expected'],
    ['an unknown code', '\xff.', 'unknown code 0xff'],
    ['taking from an empty stack', 'R.', 'takes more items than it made'],
    ['taking across a mark', ']K\x01(a.', 'takes more items than it made'],
    ['a group without a start', 't.', 'never opened'],
    ['an unknown memo', 'h\x05.', 'refers to item 5 before it exists'],
    ['a key without a value', '}(K\x01u.', 'a key of a dictionary has no value'],
    ['appending to a dictionary', '}K\x01a.', 'not a list'],
    ['calling data', 'K\x01)R.', 'not a function'],
    ['attributes of a number', 'K\x01}b.', 'attributes to something that has none'],
    ['an endless integer', `\x8b\0\0\0\x01${long}`, 'more bytes were expected'],
    ['letters for an integer', `I${long}\n.`, 'without digits'],
    ['an object outside', 'K\x01Q.', 'refers to an object outside of it'],
  ];

  it.each(bad)('refuses %s', (_, program, message) => {
    expect(() => load(program)).toThrow(
      expect.objectContaining({ code: 'INVALID_FILE', message: expect.stringContaining(message) }),
    );
  });

  it('stops at files made to exhaust memory or time', () => {
    expect(() => load(`${']'.repeat(6_000_000)}.`)).toThrow('too large');
    expect(() => load(`L${'9'.repeat(1_000_000)}\n.`)).toThrow('integer');
    // A list of a thousand items, copied into a set a hundred thousand times.
    const copies = `(${'K\x01'.repeat(1000)}lq\x00c__builtin__\nset\nq\x010${'h\x01h\x00\x85R0'.repeat(100_000)}.`;
    expect(() => load(copies)).toThrow('too large');
  });
});
