/** The examples run as they stand, in order, in an empty folder; README shows the first one word for word. */
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { loadDataset } from 'editable';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';

const root = fileURLToPath(new URL('../../', import.meta.url));
const hasData = await loadDataset('fashion-mnist').then(
  () => true,
  () => false,
);
const why = hasData ? '' : ' (skipped: Fashion-MNIST is not here; Debian: apt-get install dataset-fashion-mnist)';

describe.skipIf(!hasData)(`examples${why}`, () => {
  const folder = mkdtempSync(join(tmpdir(), 'editable-examples-'));
  beforeAll(() => process.chdir(folder));
  afterAll(() => {
    process.chdir(root);
    rmSync(folder, { recursive: true });
  });

  it('01 repairs a mistake', async () => {
    const lines = await printedBy('01-edit-a-mistake');
    expect(lines[1]).toMatch(/^Edited: success true in ([1-9]|10) steps\.$/);
    expect(lines[2]).toMatch(/^Of 1,000 predictions \d+ changed; drawdown -?\d+\.\d points\.$/);
  });

  it('02 trains with edits and measures them', async () => {
    const lines = await printedBy('02-train-editable');
    expect(lines.filter((line) => line.startsWith('step '))).toHaveLength(4);
    const rates = lines.flatMap((line) => /error (\S+) %, success (\S+) %$/.exec(line)?.slice(1) ?? []).map(Number);
    const [plainError, plainSuccess, editableError, editableSuccess] = rates;
    expect(Math.max(plainError!, editableError!)).toBeLessThan(50);
    expect(Math.min(plainSuccess!, editableSuccess!)).toBeGreaterThan(75);
    expect(lines.filter((line) => /^ {2}drawdown -?\d+\.\d %, 95 % interval /.test(line))).toHaveLength(2);
  });

  it('03 writes an editor that succeeds and can be differentiated', async () => {
    const [edited, slope, other] = await printedBy('03-write-an-editor');
    expect(edited).toMatch(/^layerwise: success true in ([1-9]|10) steps$/);
    expect(Number(slope?.split(': ')[1])).toBeLessThan(0);
    expect(other).toBe('p(class 3) ≥ 0.9: success true');
  });

  it('04 saves a patch, applies it to the same bits, and undoes it', async () => {
    const [described, applied, refused, undone] = await printedBy('04-share-a-patch');
    expect(described).toMatch(/: 15 tensors, 33408 bytes, makes image 0 a Sandal$/);
    expect(applied).toBe('applied: same bits true');
    expect(refused).toMatch(/^refused: cannot use .* as a patch: it was made for the model/);
    expect(undone).toBe('undone: true');
  });

  it('05 keeps repairs in a store, serves a release and takes it back', async () => {
    const [made, answers] = await printedBy('05-keep-repairs');
    expect(made).toMatch(/^Release [0-9a-f]{10}: 1 in force, drawdown -?\d+\.\d\d points\.$/);
    const [, before, served, after] = /^Test image \d+: (.*), then (.*), then (.*) again\.$/.exec(answers!)!;
    expect(served).not.toBe(before);
    expect(after).toBe(before);
  });

  it('06 repairs what a task of its own gets wrong, the natural editor with less damage', async () => {
    const [, mistake, ...edits] = await printedBy('06-write-a-task');
    expect(mistake).toMatch(/^Picture \d+: "[a-z ]+" shall be (true|false)\.$/);
    const changed = edits.map((line) => /: success true in [1-9]\d* steps, (\d+) of 3,000/.exec(line)?.[1]).map(Number);
    expect(changed).toHaveLength(2);
    expect(changed[1]).toBeLessThan(changed[0]!);
  });
});

describe('README', () => {
  it('shows example 01', () => {
    const example = readFileSync(join(root, 'examples/01-edit-a-mistake.ts'), 'utf8').replace(/^\/\*\*.*\n/, '');
    const shown = /```ts\n([\s\S]*?)```/.exec(readFileSync(join(root, 'README.md'), 'utf8'))?.[1];
    expect(words(shown ?? '')).toEqual(words(example));
  });
});

async function printedBy(example: string): Promise<string[]> {
  const print = vi.spyOn(console, 'log').mockImplementation(() => {});
  try {
    await import(/* @vite-ignore */ join(root, 'examples', `${example}.ts`));
    return print.mock.calls.map(([line]) => String(line));
  } finally {
    print.mockRestore();
  }
}

/** Without white space and the comma before a closing bracket: README breaks fewer lines than the formatter. */
const words = (code: string): string => code.replace(/\s+/g, '').replace(/,([}\])])/g, '$1');
