import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import sharp from 'sharp';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { photographWorkers, type ReadPhotographs } from './photograph-workers.js';
import { randomResizedCrop } from './random-resized-crop.js';

const folder = mkdtempSync(join(tmpdir(), 'workers-'));
const [path, text] = [join(folder, 'grey.png'), join(import.meta.filename)];
const centre: ReadPhotographs = { crops: { kind: 'centre', preprocessing: { resize: 2, crop: 2 } } };
/** A caller's slip: no random state for the crop. */
const slip: ReadPhotographs = { crops: { kind: 'random', crop: randomResizedCrop, side: 2, states: [] } };

beforeAll(() => sharp({ create: { width: 3, height: 2, channels: 3, background: '#070707' } }).toFile(path));
afterAll(() => rmSync(folder, { recursive: true }));

describe('photographWorkers', () => {
  it('answers in the order asked, whichever thread read what, and says what cannot be read', async () => {
    const results = await photographWorkers(3).read([text, path, path, text, path], { ...centre, hash: true });
    expect(results.map(({ position }) => position)).toEqual([0, 1, 2, 3, 4]);
    expect(results.map(({ pixels }) => pixels?.join())).toEqual([
      undefined,
      ...Array(2).fill(Array(12).fill(7).join()),
      undefined,
      Array(12).fill(7).join(),
    ]);
    expect(results[0]?.problem).toMatch(/^Expected .* to be a PNG, JPEG or WebP image/);
    expect(results[1]?.hash).toMatch(/^[0-9a-f]{64}$/);
    expect(await photographWorkers(3).read([], centre)).toEqual([]);
  });

  it('reads one while its caller waits, also while others are being read', async () => {
    const workers = photographWorkers(2);
    const others = workers.read(Array(20).fill(path), centre);
    expect([...(workers.readNow(path, centre).pixels as Uint8Array)]).toEqual(Array(12).fill(7));
    expect(workers.readNow(text, centre).problem).toContain('PNG, JPEG or WebP');
    expect(await others).toHaveLength(20);
  });

  it("tells a failure that is no photograph's to its caller alone, and goes on", async () => {
    const workers = photographWorkers(2);
    const [failed, other] = [workers.read([path], slip), workers.read([path], centre)];
    await expect(failed).rejects.toThrow(TypeError.name);
    expect(() => workers.readNow(path, slip)).toThrow(TypeError.name);
    expect(await other).toHaveLength(1);
  });

  it('takes a whole number of threads', () => {
    expect(() => photographWorkers(0)).toThrow('workers: expected a whole number from 1 to 256, received 0');
  });
});
