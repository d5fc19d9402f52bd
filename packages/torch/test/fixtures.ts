/** What record.py wrote, and how a computed tensor is compared with it. */
import { fileURLToPath } from 'node:url';
import { loadSafetensors, type Tensor } from '@editable/torch';
import { expect } from 'vitest';

export const fixturePath = (name: string): string => fileURLToPath(new URL(`./fixtures/${name}`, import.meta.url));

export const loadFixture = (name: string): ReturnType<typeof loadSafetensors> => loadSafetensors(fixturePath(name));

/** Every tensor whose name starts with `prefix.`, without it. */
export const under = (tensors: ReadonlyMap<string, Tensor>, prefix: string): Map<string, Tensor> =>
  new Map(
    [...tensors]
      .filter(([name]) => name.startsWith(`${prefix}.`))
      .map(([name, tensor]) => [name.slice(prefix.length + 1), tensor]),
  );

/** Same shape, and no element further off than `tolerance`, relative to the largest one that was recorded (at least 1). */
export function expectClose(actual: Tensor, wanted: Tensor | undefined, tolerance: number, what: string): void {
  if (wanted === undefined) throw new Error(`nothing was recorded for ${what}`);
  expect(actual.shape, what).toEqual(wanted.shape);
  const [a, b] = [actual.detach().to('float64'), wanted.to('float64')];
  const scale = Math.max(1, b.abs().max().item());
  expect(a.sub(b).abs().max().item() / scale, what).toBeLessThanOrEqual(tolerance);
}
