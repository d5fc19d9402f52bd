/** The addon in several threads at once, each with its own tensors. */
import { describe, expect, it } from 'vitest';
import { compileProgram, runProgram } from './programs/program.js';

describe('worker threads', () => {
  it.each(['main-first', 'worker-first'])('compute side by side, end, and leave the rest alone (%s)', async (order) => {
    const { status, signal, stdout, stderr } = await runProgram(await compileProgram('worker'), [order]);
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    const { own, results, after } = JSON.parse(stdout);
    expect(results[0]).toBe(own);
    expect(after).toBe(own);
    expect(new Set(results).size).toBe(3);
  });

  it('can be ended in the midst of their work', async () => {
    const { status, signal, stdout, stderr } = await runProgram(await compileProgram('ended-worker'), []);
    expect({ status, signal, stderr }).toEqual({ status: 0, signal: null, stderr: '' });
    expect(JSON.parse(stdout)).toEqual({ ended: 12 });
  });
});
