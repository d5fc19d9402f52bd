import { describe, expect, it } from 'vitest';
import { normalised, outputsOf, type PictureShape, picturesOf, pixelsOf, softmax } from './tensors.js';

const picture: PictureShape = { shape: [2, 1, 2], normalization: { mean: [0, 0.5], std: [1, 0.5] }, most: 4 };
const none = new Uint8Array();

describe('picturesOf', () => {
  it('reads numbers flat or nested, pixels normalised, and one picture without a batch', () => {
    const pixels = [0, 255, 0, 255];
    const input = { name: 'input', datatype: 'UINT8' };
    const flat = picturesOf({ inputs: [{ ...input, shape: [2, 1, 2], data: pixels }] }, none, picture);
    const nested = picturesOf(
      { inputs: [{ ...input, shape: [1, 2, 1, 2], data: [[[[0, 255]], [[0, 255]]]] }] },
      none,
      picture,
    );
    expect(flat).toEqual({ count: 1, data: Float32Array.of(0, 1, -1, 1) });
    expect(nested).toEqual(flat);
    expect(pixelsOf(normalised(Uint8Array.from(pixels), picture), picture)).toEqual(Uint8Array.from(pixels));
  });

  it('reads binary floats at any offset, and refuses those that are not finite', () => {
    const bytes = new Uint8Array(17);
    bytes.set(new Uint8Array(Float32Array.of(1, 2, 3, 4).buffer), 1);
    const inputs = [{ name: 'input', datatype: 'FP32', shape: [1, 2, 1, 2], parameters: { binary_data_size: 16 } }];
    expect(picturesOf({ inputs }, bytes.subarray(1), picture).data).toEqual(Float32Array.of(1, 2, 3, 4));
    const odd = new Uint8Array(Float32Array.of(1, Number.NaN, 3, 4).buffer);
    expect(() => picturesOf({ inputs }, odd, picture)).toThrow('expected finite numbers, received NaN at 1');
  });
});

describe('outputsOf', () => {
  const logits = Float32Array.of(0, 2, 1, 3, 0, 0);
  const given = { count: 2, logits, classes: ['boot', 'bag', 'shirt'] };

  it('gives the best classes as value, label and name, in binary with their lengths', () => {
    const outputs = [
      { name: 'logits', parameters: { classification: 2, binary_data: true } },
      { name: 'probabilities' },
    ];
    const { outputs: written, binary } = outputsOf({ inputs: [], outputs }, given);
    expect(written[0]).toEqual({
      name: 'logits',
      datatype: 'BYTES',
      shape: [2, 2],
      parameters: { binary_data_size: 47 },
    });
    expect(Buffer.from(binary[0]!).toString('latin1')).toBe(
      ['2:1:bag', '1:2:shirt', '3:0:boot', '0:1:bag']
        .map((text) => `${String.fromCharCode(text.length)}\0\0\0${text}`)
        .join(''),
    );
    expect(written[1]!.data).toEqual([...softmax(logits, 2)]);
  });

  it('gives probabilities that add up to one for each row', () => {
    const [a, b, c, d, e, f] = softmax(Float32Array.of(1000, 1000, -1000, 0, 0, 0), 2) as unknown as number[];
    expect([a, b, c]).toEqual([0.5, 0.5, 0]);
    expect(d! + e! + f!).toBeCloseTo(1, 6);
  });
});
