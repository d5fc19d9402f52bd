/** A run's folder that several processes make at once. */
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { groupBackends } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { compileProgram, type Program, together } from './processes.js';

let program: Program;
beforeAll(async () => {
  program = await compileProgram('make-folders');
});
afterAll(() => program?.remove());

describe.skipIf(!groupBackends().includes('gloo'))('folders that processes make at the same moment', () => {
  it('are made by one and found by the others', async () => {
    const ended = await together(program, 3, [join(program.folder, 'made')]);
    expect(ended.map(({ stderr, stdout }) => [stderr, JSON.parse(stdout)])).toEqual(ended.map(() => ['', []]));
    for (const which of ['0', '199']) expect(existsSync(join(program.folder, 'made', which, 'evaluations'))).toBe(true);
  });
});
