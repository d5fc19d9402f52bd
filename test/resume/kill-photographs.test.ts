/** kill -9 at random moments of a training on a folder of photographs, cropped at random; continued: equal bits. */
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { stream } from 'editable';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { build, contents, killedAndContinued, run } from './killing.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-kill-photographs-'));
const data = join(folder, 'data');
const kills = 6;
const { XDG_CACHE_HOME: cacheBefore } = process.env;

beforeAll(async () => {
  process.env.XDG_CACHE_HOME = join(folder, 'cache');
  build();
  for (let i = 0; i < 240; i++) {
    const path = join(data, i < 220 ? 'train' : 'val', `class-${i % 4}`, `${i}.jpg`);
    mkdirSync(dirname(path), { recursive: true });
    writeFileSync(path, await photograph(i));
  }
});

afterAll(() => {
  if (cacheBefore === undefined) delete process.env.XDG_CACHE_HOME;
  else process.env.XDG_CACHE_HOME = cacheBefore;
  rmSync(folder, { recursive: true, force: true });
});

/** Noise of a colour and a size of its own. */
function photograph(i: number): Promise<Buffer> {
  const random = stream(i, 'photograph');
  const [width, height] = [40 + random.int(60), 40 + random.int(60)];
  const pixels = Uint8Array.from({ length: width * height * 3 }, (_, at) => 60 * (i % 4) + random.int(40) + (at % 3));
  return sharp(pixels, { raw: { width, height, channels: 3 } })
    .jpeg()
    .toBuffer();
}

const train = (out: string): string[] => [
  ...['train', '--dataset', data, '--resize', '32', '--crop', '32', '--width', '2', '--epochs', '6'],
  ...['--batch-size', '16', '--checkpoint-every', '3', '--out', out],
];

describe('kill -9', () => {
  it('at six moments of train on photographs: the same model and metrics, bit for bit', async () => {
    const [whole, broken] = [join(folder, 'whole'), join(folder, 'broken')];
    await run(train(whole));
    await killedAndContinued(train(broken), kills, broken);
    expect(contents(broken)).toEqual(contents(whole));
    expect(contents(whole)['/config.json']).toContain('"augmentation": "random-resized-crop"');
    expect(contents(whole)['/metrics.jsonl']?.trim().split('\n').length).toBe(6 * Math.floor(198 / 16));
  });

  it('at three moments of train in bfloat16: the same', async () => {
    const [whole, broken] = ['whole-bfloat16', 'broken-bfloat16'].map((name) => join(folder, name)) as [string, string];
    // Begun already, as so small a network would be refused: it is faster in float32.
    const config = contents(join(folder, 'whole'))['/config.json'] as string;
    const { training, ...rest } = JSON.parse(config);
    for (const out of [whole, broken]) {
      mkdirSync(out);
      writeFileSync(
        join(out, 'config.json'),
        JSON.stringify({ ...rest, training: { ...training, precision: 'bfloat16' } }),
      );
    }
    const train16 = (out: string): string[] => [...train(out), '--precision', 'bfloat16'];
    await run(train16(whole));
    await killedAndContinued(train16(broken), 3, broken);
    expect(contents(broken)).toEqual(contents(whole));
    expect(contents(whole)['/model.safetensors']).not.toBe(contents(join(folder, 'whole'))['/model.safetensors']);
  });
});
