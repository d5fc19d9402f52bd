/** How pickles write integers and, in protocol 0, texts. */
import { MalformedFile } from './file-error.js';

// Longer ones are never sizes or counts, and cost more than linear time to convert.
const longestInteger = 1024;

/** Little-endian two's complement of any length; a bigint only where a number would be inexact. */
export const decodeLong = (bytes: Uint8Array): number | bigint => {
  if (bytes.length > longestInteger) throw new MalformedFile(`its pickle has an integer of ${bytes.length} bytes`);
  if (bytes.length === 0) return 0;
  const magnitude = BigInt(`0x${Buffer.from(bytes).reverse().toString('hex')}`);
  return narrowed(BigInt.asIntN(bytes.length * 8, magnitude));
};

/** Decimal text, with Python 2's trailing L, and the 00 and 01 that stand for False and True. */
export const parseInteger = (line: string): number | bigint | boolean => {
  if (line === '00' || line === '01') return line === '01';
  const digits = /^\s*([+-]?)(\d+)L?\s*$/.exec(line.slice(0, longestInteger));
  if (digits === null || line.length > longestInteger)
    throw new MalformedFile('its pickle has an integer without digits');
  return narrowed(BigInt(digits[2]!) * (digits[1] === '-' ? -1n : 1n));
};

/** A Python 2 string literal with its quotes and escapes. */
export const decodeStringRepr = (line: string): string => {
  const quote = line[0];
  if (line.length < 2 || (quote !== "'" && quote !== '"') || line.at(-1) !== quote) {
    throw new MalformedFile('its pickle has a text without quotes');
  }
  return line.slice(1, -1).replace(/\\(x[0-9a-fA-F]{2}|.)/g, (_, code: string) => {
    if (code.length > 1) return String.fromCharCode(Number.parseInt(code.slice(1), 16));
    return simpleEscapes.get(code) ?? `\\${code}`;
  });
};

/** Python's raw-unicode-escape. */
export const decodeUnicodeEscapes = (line: string): string =>
  line.replace(/\\(?:u([0-9a-fA-F]{4})|U(00[01][0-9a-fA-F]{5}))/g, (match, short?: string, long?: string) => {
    const code = Number.parseInt(short ?? long ?? '', 16);
    return code <= 0x10ffff ? String.fromCodePoint(code) : match;
  });

const narrowed = (value: bigint): number | bigint => {
  const number = Number(value);
  return Number.isSafeInteger(number) ? number : value;
};

const simpleEscapes: ReadonlyMap<string, string> = new Map([
  ['n', '\n'],
  ['r', '\r'],
  ['t', '\t'],
  ['\\', '\\'],
  ["'", "'"],
  ['"', '"'],
]);
