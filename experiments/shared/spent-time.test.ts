import { existsSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { SpentTime } from './spent-time.js';

it('SpentTime goes on from an earlier call, and leaves no file when done', () => {
  const folder = mkdtempSync(join(tmpdir(), 'spent-'));
  const path = join(folder, 'row.seconds');
  writeFileSync(path, '100');
  {
    using spent = new SpentTime(path);
    expect(spent.seconds).toBeGreaterThanOrEqual(100);
    expect(spent.seconds).toBeLessThan(101);
    spent.finish();
  }
  expect(existsSync(path)).toBe(false);
  rmSync(folder, { recursive: true });
});
