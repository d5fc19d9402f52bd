/** Sentences as tensors of the Open Inference Protocol: BYTES in JSON, or each after its length in four bytes. */
import type { InferInput, InferOutput, InferRequest } from '../api/inference.js';
import { invalid } from '../errors.js';
import { lengthPrefixed } from '../inference/tensors.js';

export interface AskedSentences {
  readonly sentences: readonly string[];
  readonly beam: number;
  readonly lengthPenalty: number;
}

export const usualBeam = 5;

/** What a request's only input holds, and how it shall be translated. @throws StudioError INVALID_ARGUMENT */
export function sentencesOf({ inputs, parameters }: InferRequest, binary: Uint8Array, most: number): AskedSentences {
  const [input, more] = inputs;
  if (input === undefined || more !== undefined || input.name !== 'source')
    throw invalid(
      `expected one input named "source", received ${inputs.map(({ name }) => `"${name.slice(0, 80)}"`).join(', ')}.`,
    );
  const count = countOf(input, most);
  const sentences = input.data === undefined ? fromBinary(input, binary) : fromJson(input);
  if (sentences.length !== count)
    throw invalid(`source: expected ${count} sentences, as its shape says, received ${sentences.length}.`);
  const beam = parameters?.beam ?? usualBeam;
  if (typeof beam !== 'number' || !Number.isInteger(beam) || beam < 1 || beam > 100)
    throw invalid(`beam: expected a whole number from 1 to 100, received ${JSON.stringify(beam)}.`);
  const lengthPenalty = parameters?.length_penalty ?? 1;
  if (typeof lengthPenalty !== 'number')
    throw invalid(`length_penalty: expected a number, received ${JSON.stringify(lengthPenalty)}.`);
  return { sentences, beam, lengthPenalty };
}

function countOf({ shape, datatype }: InferInput, most: number): number {
  const [count, one = 1, more] = shape;
  if (datatype !== 'BYTES') throw invalid(`source: expected BYTES, received "${datatype.slice(0, 40)}".`);
  if (count === undefined || count < 1 || one !== 1 || more !== undefined)
    throw invalid(`source: expected the shape [N] or [N, 1], received [${shape.join(', ')}].`);
  if (count <= most) return count;
  throw invalid(`source: expected at most ${most} sentences in a request, received ${count}; send several requests.`);
}

function fromJson({ data = [] }: InferInput): readonly string[] {
  return data.flat().map((sentence, at) => {
    if (typeof sentence === 'string') return sentence;
    throw invalid(`source: expected texts, received ${JSON.stringify(sentence)?.slice(0, 40)} at ${at}.`);
  });
}

function fromBinary({ parameters }: InferInput, binary: Uint8Array): readonly string[] {
  const size = parameters?.binary_data_size;
  if (size !== binary.length)
    throw invalid(
      `source: expected data, or as many bytes after the JSON as binary_data_size says (${size}), received ${binary.length}.`,
    );
  const bytes = Buffer.from(binary.buffer, binary.byteOffset, binary.byteLength);
  const decoder = new TextDecoder('utf-8', { fatal: true });
  const sentences: string[] = [];
  for (let at = 0; at < bytes.length; ) {
    const end = at + 4 <= bytes.length ? at + 4 + bytes.readUInt32LE(at) : Number.POSITIVE_INFINITY;
    if (end > bytes.length)
      throw invalid(`source: expected each text after its length in four bytes, received less at byte ${at}.`);
    try {
      sentences.push(decoder.decode(bytes.subarray(at + 4, end)));
    } catch {
      throw invalid(`source: expected UTF-8, received other bytes in text ${sentences.length}.`);
    }
    at = end;
  }
  return sentences;
}

/** `translation` and, where asked for, `score`. @throws StudioError INVALID_ARGUMENT */
export function translationsOut(
  { outputs = [], parameters }: InferRequest,
  translations: readonly { readonly text: string; readonly score: number }[],
): { readonly outputs: readonly InferOutput[]; readonly binary: readonly Uint8Array[] } {
  const binary: Uint8Array[] = [];
  const asked = outputs.length === 0 ? [{ name: 'translation' }] : outputs;
  const written = asked.map(({ name, parameters: own }): InferOutput => {
    const shape = [translations.length];
    const isText = name === 'translation';
    if (!isText && name !== 'score')
      throw invalid(`outputs: expected "translation" or "score", received "${name.slice(0, 80)}".`);
    const head = { name, shape, datatype: isText ? 'BYTES' : 'FP32' };
    const data = translations.map(({ text, score }) => (isText ? text : score));
    if ((own?.binary_data ?? parameters?.binary_data_output) !== true) return { ...head, data };
    const bytes = isText
      ? lengthPrefixed(data as string[])
      : new Uint8Array(Float32Array.from(data as number[]).buffer);
    binary.push(bytes);
    return { ...head, parameters: { binary_data_size: bytes.length } };
  });
  return { outputs: written, binary };
}
