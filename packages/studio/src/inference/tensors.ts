/** Tensors of the Open Inference Protocol: JSON and binary, in and out. */
import { type Normalization, normalizeImages } from 'editable';
import type { InferInput, InferOutput, InferRequest, Parameters, RequestedOutput } from '../api/inference.js';
import { invalid } from '../errors.js';

export interface PictureShape {
  /** [C, H, W] */
  readonly shape: readonly [number, number, number];
  readonly normalization: Normalization;
  /** Most pictures of one request. */
  readonly most: number;
}

export interface Pictures {
  readonly count: number;
  /** [count, C, H, W], normalised as in training. */
  readonly data: Float32Array;
}

/** What a request's only input holds. `binary`: what follows the JSON. @throws StudioError INVALID_ARGUMENT */
export function picturesOf({ inputs }: InferRequest, binary: Uint8Array, expected: PictureShape): Pictures {
  const [input, more] = inputs;
  if (input === undefined || more !== undefined)
    throw invalid(`expected one input named "input", received ${inputs.length}.`);
  if (input.name !== 'input') throw invalid(`expected an input named "input", received "${input.name.slice(0, 80)}".`);
  const count = countOf(input, expected);
  const numbers = count * product(expected.shape);
  const data = input.data === undefined ? fromBinary(input, binary, numbers) : fromJson(input, numbers);
  return { count, data: data instanceof Uint8Array ? normalised(data, expected) : data };
}

function countOf({ shape }: InferInput, { shape: expected, most }: PictureShape): number {
  const [count, ...rest] = shape.length === expected.length ? [1, ...shape] : shape;
  if (count !== undefined && count > most)
    throw invalid(`input: expected at most ${most} pictures in a request, received ${count}; send several requests.`);
  if (count !== undefined && count > 0 && rest.join() === expected.join()) return count;
  throw invalid(`input: expected the shape [N, ${expected.join(', ')}], received [${shape.join(', ')}].`);
}

function fromJson({ data = [], datatype, parameters }: InferInput, numbers: number): Float32Array | Uint8Array {
  if (parameters?.binary_data_size !== undefined)
    throw invalid('input: expected either data or binary_data_size, received both.');
  const target = arrayOf(datatype, numbers);
  const bytes = target instanceof Uint8Array;
  let at = 0;
  const take = (value: unknown, depth: number): void => {
    if (Array.isArray(value) && depth < 8) {
      for (const each of value) take(each, depth + 1);
      return;
    }
    const fits = typeof value === 'number' && Number.isFinite(value) && (!bytes || (value >= 0 && value <= 255));
    if (!fits || at >= numbers) {
      throw invalid(
        at >= numbers
          ? `input: expected ${numbers} numbers, as its shape says, received more.`
          : `input: expected numbers${bytes ? ' from 0 to 255' : ''}, received ${JSON.stringify(value)?.slice(0, 40)} at ${at}.`,
      );
    }
    target[at] = value;
    at += 1;
  };
  take(data, 0);
  if (at === numbers) return target;
  throw invalid(`input: expected ${numbers} numbers, as its shape says, received ${at}.`);
}

function fromBinary(
  { datatype, parameters }: InferInput,
  binary: Uint8Array,
  numbers: number,
): Float32Array | Uint8Array {
  const size = parameters?.binary_data_size;
  const target = arrayOf(datatype, numbers);
  if (size === undefined)
    throw invalid('input: expected data, or binary_data_size in its parameters, received neither.');
  if (size !== target.byteLength || binary.length !== target.byteLength) {
    throw invalid(
      `input: expected ${target.byteLength} bytes of ${datatype} after the JSON, received ${binary.length} and binary_data_size ${size}.`,
    );
  }
  // Copied: the bytes of a body lie at any offset, and floats only at multiples of four.
  new Uint8Array(target.buffer).set(binary);
  const odd = target instanceof Float32Array && target.findIndex((value) => !Number.isFinite(value));
  if (typeof odd === 'number' && odd >= 0)
    throw invalid(`input: expected finite numbers, received ${target[odd]} at ${odd}.`);
  return target;
}

function arrayOf(datatype: string, numbers: number): Float32Array<ArrayBuffer> | Uint8Array<ArrayBuffer> {
  if (datatype === 'FP32') return new Float32Array(numbers);
  if (datatype === 'UINT8') return new Uint8Array(numbers);
  throw invalid(`input: expected FP32 (normalised) or UINT8 (pixels), received "${datatype.slice(0, 40)}".`);
}

/** Pixels [N, C, H, W] as the network takes them. */
export function normalised(pixels: Uint8Array, { shape, normalization }: Omit<PictureShape, 'most'>): Float32Array {
  const size = product(shape);
  const pictures = Array.from({ length: pixels.length / size }, (_, at) => pixels.subarray(at * size, (at + 1) * size));
  return normalizeImages(pictures, shape, normalization);
}

/** The nearest pixels of a picture that came normalised. */
export function pixelsOf(
  data: Float32Array,
  { shape, normalization: { mean, std } }: Omit<PictureShape, 'most'>,
): Uint8Array {
  const [channels, height, width] = shape;
  const plane = height * width;
  return Uint8Array.from(data, (value, at) => {
    const channel = Math.floor(at / plane) % channels;
    return Math.max(0, Math.min(255, Math.round((value * (std[channel] as number) + (mean[channel] as number)) * 255)));
  });
}

export interface Outputs {
  readonly outputs: readonly InferOutput[];
  /** What follows the JSON, in the order of `outputs`. */
  readonly binary: readonly Uint8Array[];
}

/** The outputs that are asked for; logits where none is named. @throws StudioError INVALID_ARGUMENT */
export function outputsOf(
  { outputs, parameters }: InferRequest,
  {
    count,
    logits,
    classes,
  }: { readonly count: number; readonly logits: Float32Array; readonly classes: readonly string[] },
): Outputs {
  const asked: readonly RequestedOutput[] =
    outputs === undefined || outputs.length === 0 ? [{ name: 'logits' }] : outputs;
  const binary: Uint8Array[] = [];
  const written = asked.map(({ name, parameters: own }) => {
    const values = valuesOf(name, logits, count);
    const isBinary = (own?.binary_data ?? parameters?.binary_data_output) === true;
    const best = bestOf(own ?? parameters);
    const output = best === null ? numbersOut(name, values, count) : classesOut(name, values, { count, classes, best });
    if (!isBinary) return output.json;
    const bytes = output.bytes();
    binary.push(bytes);
    const { data: _, ...rest } = output.json;
    return { ...rest, parameters: { binary_data_size: bytes.length } };
  });
  return { outputs: written, binary };
}

interface WrittenOutput {
  readonly json: InferOutput;
  bytes(): Uint8Array;
}

function valuesOf(name: string, logits: Float32Array, count: number): Float32Array {
  if (name === 'logits') return logits;
  if (name === 'probabilities') return softmax(logits, count);
  throw invalid(`outputs: expected "logits" or "probabilities", received "${name.slice(0, 80)}".`);
}

function bestOf(parameters: Parameters | undefined): number | null {
  const best = parameters?.classification;
  if (best === undefined) return null;
  if (typeof best === 'number' && Number.isInteger(best) && best >= 1) return best;
  throw invalid(`classification: expected a whole number of at least 1, received ${JSON.stringify(best)}.`);
}

const numbersOut = (name: string, values: Float32Array, count: number): WrittenOutput => ({
  json: { name, datatype: 'FP32', shape: [count, values.length / count], data: Array.from(values) },
  bytes: () => new Uint8Array(values.slice().buffer),
});

/** "value:label:name", as Triton writes them. */
function classesOut(
  name: string,
  values: Float32Array,
  { count, classes, best }: { readonly count: number; readonly classes: readonly string[]; readonly best: number },
): WrittenOutput {
  const width = values.length / count;
  const kept = Math.min(best, width);
  const data = Array.from({ length: count }, (_, row) => {
    const own = values.subarray(row * width, (row + 1) * width);
    const order = [...own.keys()].sort((a, b) => (own[b] as number) - (own[a] as number) || a - b);
    return order.slice(0, kept).map((label) => `${own[label]}:${label}:${classes[label]}`);
  }).flat();
  return { json: { name, datatype: 'BYTES', shape: [count, kept], data }, bytes: () => lengthPrefixed(data) };
}

/** Each text after its length in four bytes, little-endian. */
export function lengthPrefixed(texts: readonly string[]): Uint8Array {
  return Buffer.concat(
    texts.flatMap((text) => {
      const bytes = Buffer.from(text);
      const length = Buffer.alloc(4);
      length.writeUInt32LE(bytes.length);
      return [length, bytes];
    }),
  );
}

/** Of each of `count` rows. */
export function softmax(logits: Float32Array, count: number): Float32Array {
  const width = logits.length / count;
  const result = new Float32Array(logits.length);
  for (let row = 0; row < count; row++) {
    const own = logits.subarray(row * width, (row + 1) * width);
    const highest = own.reduce((most, value) => Math.max(most, value), -Infinity);
    const powers = Array.from(own, (value) => Math.exp(value - highest));
    const sum = powers.reduce((total, value) => total + value, 0);
    result.set(
      powers.map((value) => value / sum),
      row * width,
    );
  }
  return result;
}

const product = (shape: readonly number[]): number => shape.reduce((all, side) => all * side, 1);
