/** Communication while backward goes on. */
import { type BucketTrace, groupBackends } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileProgram, type Program, together } from './processes.js';

interface Found {
  readonly equal: boolean;
  readonly again: boolean;
  readonly unused: readonly number[];
  readonly trace: BucketTrace;
}

let program: Program;
beforeAll(async () => {
  program = await compileProgram('overlap');
});
afterAll(() => program?.remove());

describe.skipIf(!groupBackends().includes('gloo'))('averageGradients', () => {
  it('has the first buckets over before backward is, and gives the bits of averaging afterwards', async () => {
    const ended = await together(program, 2);
    expect(ended.map(({ stderr }) => stderr)).toEqual(['', '']);
    for (const { stdout } of ended) {
      const { equal, again, unused, trace } = JSON.parse(stdout) as Found;
      expect({ equal, again, unused }).toEqual({ equal: true, again: true, unused: [0, 0, 0] });
      const { backwardEnded, buckets } = trace;
      expect(buckets).toHaveLength(13);
      expect(buckets.filter(({ began }) => began < backwardEnded).length).toBeGreaterThan(8);
    }
    // The process that is ahead may be through before the other begins; the one behind finds the other's part there.
    const over = ended.map(({ stdout }) => {
      const { backwardEnded, buckets } = (JSON.parse(stdout) as Found).trace;
      return buckets.filter((bucket) => bucket.ended < backwardEnded).length;
    });
    expect(Math.max(...over)).toBeGreaterThan(3);
  });
});
