/** What else one does with a store: compare, export, verify, check before serving, move to a retrained network. */
import { execFileSync } from 'node:child_process';
import { appendFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { readSafetensors, readStateDict } from '@editable/torch';
import { DatabaseSync } from '@photostructure/sqlite';
import { applyPatch, modelHash } from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import {
  activate,
  type Bench,
  checkRelease,
  conflictsOf,
  diffReleases,
  exportRelease,
  loadRelease,
  makeRelease,
  moveTo,
  type ReleasedSet,
  recordCheck,
  retire,
  rollBack,
  Store,
  type StoredRepair,
  usualBudget,
  verifyStore,
} from '../src/index.js';
import { smallRun } from './small-run.js';
import { approved, mistakesOf, reopened, smallStore } from './small-store.js';

const folder = mkdtempSync(join(tmpdir(), 'editable-operations-'));
afterAll(() => rmSync(folder, { recursive: true }));

let bench: Bench;
let repairs: StoredRepair[];
let first: ReleasedSet;
let second: ReleasedSet;
beforeAll(async () => {
  bench = smallStore(folder);
  const [a, b, c] = mistakesOf(bench);
  repairs = [approved(bench, { ...a!, views: 4 }), approved(bench, b!)];
  first = await makeRelease(bench, { by: 'bob' });
  activate(bench.store, first.stored.id, { by: 'bob', override: 'a test' });
  repairs.push(approved(bench, c!));
  second = await makeRelease(bench, { by: 'bob' });
});

describe('diffReleases', () => {
  it('tells repairs, weights and answers apart', () => {
    const diff = diffReleases(bench, { from: first.stored.id, to: second.stored.id });
    expect(diff).toMatchObject({ added: [repairs[2]!.id], removed: [], images: 400 });
    expect(diff.weights.map(({ name }) => name)).toContain('layer3.0.conv1.weight');
    for (const { relative, changed, numbers } of diff.weights) {
      expect(relative).toBeGreaterThan(0);
      expect(changed).toBeLessThanOrEqual(numbers);
    }
    expect(diff.answers.map(({ index }) => index)).toContain(repairs[2]!.source.index);
    expect(diff.agreement).toBe(1 - diff.answers.length / 400);
  });

  it('finds nothing between a release and itself, and everything that it repairs between it and the base', () => {
    const { id } = first.stored;
    expect(diffReleases(bench, { from: id, to: id })).toMatchObject({
      added: [],
      weights: [],
      answers: [],
      agreement: 1,
    });
    const back = diffReleases(bench, { from: id, to: null });
    expect(back.removed).toEqual(first.stored.repairs);
  });
});

describe('exportRelease', () => {
  const at = (name: string): string => join(folder, name);
  const weights = (): Map<string, string> => {
    const { model } = loadRelease(bench, second.stored.id);
    return new Map(
      [...model.parameters, ...model.buffers].map(([name, value]) => [
        name,
        Buffer.from(value.toHost().bytes).toString('base64'),
      ]),
    );
  };
  const encoded = (tensors: ReadonlyMap<string, { readonly bytes: Uint8Array }>): Map<string, string> =>
    new Map([...tensors].map(([name, { bytes }]) => [name, Buffer.from(bytes).toString('base64')]));

  it('writes the whole model as safetensors and as a state dict, to the bit', () => {
    const { id, result } = second.stored;
    const path = at('whole.safetensors');
    expect(exportRelease(bench, { id, format: 'safetensors', path })).toMatchObject({ release: id, path, result });
    expect(encoded(readSafetensors(path).tensors)).toEqual(weights());
    exportRelease(bench, { id, format: 'pytorch', path: at('whole.pt') });
    expect(encoded(readStateDict(at('whole.pt')))).toEqual(weights());
  });

  it.skipIf(!existsSync('/usr/lib/python3/dist-packages/torch'))('PyTorch reads the state dict, to the bit', () => {
    exportRelease(bench, { id: second.stored.id, format: 'pytorch', path: at('python.pt') });
    const program = `import torch, base64, json, sys
state = torch.load(sys.argv[1], weights_only=True)
print(json.dumps({name: base64.b64encode(value.numpy().tobytes()).decode() for name, value in state.items()}))`;
    const out = execFileSync('/usr/bin/python3', ['-c', program, at('python.pt')], {
      encoding: 'utf8',
      maxBuffer: 2 ** 28,
    });
    expect(new Map(Object.entries(JSON.parse(out)))).toEqual(weights());
  });

  it('writes a patch that gives the release', () => {
    const path = at('patch.safetensors');
    exportRelease(bench, { id: second.stored.id, format: 'patch', path });
    const { model, info } = applyPatch(bench.opened.model, path);
    expect(modelHash(model)).toBe(second.release.result);
    expect(info.repairs).toHaveLength(3);
  });
});

describe('conflictsOf', () => {
  it('solves each repair alone and says which right answers two of them turn wrong', async () => {
    const { alone, contradicting, overlapping } = await conflictsOf(bench);
    expect(alone.map(({ repair, holds }) => [repair, holds])).toEqual(
      repairs.map(({ id }) => [id, true]).sort(([a], [b]) => (a! < b! ? -1 : 1)),
    );
    expect(contradicting).toEqual([]);
    const test = bench.opened.dataset.split('test');
    for (const { repairs: pair, pictures } of overlapping) {
      const [a, b] = pair.map((id) => alone.find(({ repair }) => repair === id)!.negativeFlips);
      expect(pictures.every((at) => a!.includes(at) && b!.includes(at) && at < test.length)).toBe(true);
    }
  });
});

describe('checkRelease', () => {
  const check = (options: object = {}, id = second.stored.id): ReturnType<typeof checkRelease> =>
    checkRelease(() => reopened(bench.store), { id, base: bench.base.base, budget: generous, ...options });
  const generous = { drawdown: 1, negativeFlips: 1 };

  it('passes what was released, with a case for each repair, its views and each budget', async () => {
    const report = await check();
    expect(report.passed, JSON.stringify(report.cases)).toBe(true);
    expect(report.cases.map(({ group }) => group).sort()).toEqual([
      ...['budget', 'budget', 'files', 'files'],
      ...['repairs', 'repairs', 'repairs', 'views', 'views', 'views'],
    ]);
    expect(report.effect).toEqual(second.release.effect);
  });

  it('is kept in the journal, and asked for before a release is served', async () => {
    const { store } = smallStore(join(folder, 'gate'));
    const own = reopened(store);
    // The least confident mistake costs least.
    approved(own, mistakesOf(own).at(-1)!);
    const { id } = (await makeRelease(own, { by: 'bob' })).stored;
    const options = { id, base: own.base.base };
    expect(() => activate(store, id, { by: 'bob' })).toThrow('has not been checked: expected a check that passed');
    recordCheck(store, await checkRelease(() => own, { ...options, budget: { ...usualBudget, drawdown: -1 } }), {
      by: 'ann',
    });
    expect(() => activate(store, id, { by: 'bob' })).toThrow('failed its last check');
    const report = await checkRelease(() => own, options);
    expect(report.passed, JSON.stringify(report.cases)).toBe(true);
    recordCheck(store, report, { by: 'ann' });
    activate(store, id, { by: 'bob' });
    rollBack(store, { by: 'bob', why: 'practice' });
    recordCheck(store, await checkRelease(() => own, { ...options, budget: generous }), { by: 'ann' });
    expect(() => activate(store, id, { by: 'bob' })).toThrow('laxer budget than the usual');
    expect(() => activate(store, id, { by: 'bob', override: '\n' })).toThrow('expected a reason');
    activate(store, id, { by: 'bob', override: 'the old one answers nothing' });
    expect(store.entries.at(-1)).toMatchObject({ event: { release: id, override: 'the old one answers nothing' } });
    expect(verifyStore(store).problems).toEqual([]);
  });

  it.each([
    ['drawdown', { drawdown: -1, negativeFlips: 1 }],
    ['negative flips', { drawdown: 1, negativeFlips: -0.1 }],
  ])('catches %s over its budget', async (name, budget) => {
    const { passed, cases } = await check({ budget });
    expect(passed).toBe(false);
    expect(cases.filter((each) => !each.passed)).toMatchObject([{ group: 'budget', name }]);
  });

  it('catches a repair that does not hold: one that the release was made without', async () => {
    // A release whose file claims a repair that was never solved for.
    const broken = smallStore(join(folder, 'broken'));
    const [a, b] = mistakesOf(broken);
    approved(broken, a!);
    const honest = await makeRelease(broken, { by: 'x' });
    const other = approved(broken, b!);
    const { encodeRelease, readRelease } = await import('../src/store/release-file.js');
    const { release, tensors } = readRelease(broken.store.files, honest.stored.id);
    const claimed = { ...release, repairs: [...release.repairs, other.id].sort() };
    const id = broken.store.files.keepRelease(encodeRelease(claimed, tensors));
    const { base, parent, repairs: ids, result } = claimed;
    broken.store.append('x', () => [{ kind: 'released', release: id, parent, base, repairs: ids, result }]);
    const report = await checkRelease(() => broken, { id, base: broken.base.base, budget: generous });
    const failed = report.cases.filter(({ passed }) => !passed);
    expect(failed).toMatchObject([{ group: 'repairs', name: expect.stringContaining(other.id.slice(0, 10)) }]);
  });

  it('catches a tampered file and another base', async () => {
    const tampered = smallStore(join(folder, 'tampered'));
    approved(tampered, mistakesOf(tampered)[0]!);
    const { stored } = await makeRelease(tampered, { by: 'x' });
    const path = tampered.store.files.releasePath(stored.id);
    const bytes = readFileSync(path);
    const at = bytes.length - 5;
    bytes[at] = bytes[at]! ^ 1;
    writeFileSync(path, bytes);
    const options = { id: stored.id, base: tampered.base.base, budget: generous };
    const report = await checkRelease(() => reopened(tampered.store), options);
    expect(report).toMatchObject({ passed: false, effect: null });
    expect(report.cases).toMatchObject([
      { group: 'files', passed: false, found: expect.stringContaining('another hash') },
    ]);
    const weights = join(tampered.opened.run.folder, 'model.safetensors');
    writeFileSync(
      weights,
      readFileSync(join(smallRun(join(folder, 'else'), { steps: 3 }).run.folder, 'model.safetensors')),
    );
    const wrongBase = await checkRelease(() => reopened(tampered.store), options);
    expect(wrongBase.cases[0]).toMatchObject({
      passed: false,
      found: expect.stringContaining('holds another network'),
    });
  });
});

describe('verifyStore', () => {
  it('finds a whole store whole, and files that an operation cut short has left', () => {
    expect(verifyStore(bench.store)).toMatchObject({ ok: true, bases: 1, repairs: 3, releases: 2, problems: [] });
    const left = bench.store.files.keepPicture(Uint8Array.from([1, 2, 3]));
    expect(verifyStore(bench.store)).toMatchObject({ ok: true, unused: [`pictures/${left}`] });
    rmSync(join(bench.store.folder, 'pictures', left));
  });

  it('names each file that was changed or is missing, and a changed journal', async () => {
    const spoiled = smallStore(join(folder, 'spoiled'));
    const [repair] = [approved(spoiled, mistakesOf(spoiled)[0]!)];
    const { stored } = await makeRelease(spoiled, { by: 'x' });
    const { store } = spoiled;
    appendFileSync(store.files.releasePath(stored.id), 'x');
    rmSync(join(store.folder, 'pictures', repair!.wish.picture));
    appendFileSync(join(store.files.baseFolder(store.base.base), 'curvature.safetensors'), 'x');
    expect(verifyStore(store).problems).toEqual([
      expect.stringContaining('is not the curvature that releases of'),
      expect.stringMatching(/pictures.* is missing/),
      expect.stringContaining('its contents have another hash'),
    ]);
    const database = new DatabaseSync(store.files.journal);
    database.exec(`UPDATE journal SET by = 'eve' WHERE seq = 2`);
    database.close();
    using again = Store.open(store.folder);
    expect(verifyStore(again)).toMatchObject({
      ok: false,
      problems: [expect.stringContaining('entry 2 of the journal')],
    });
    expect(() => again.state).toThrow(expect.objectContaining({ code: 'DAMAGED_STORE' }));
  });

  it('does not need a damaged release that is active for the release that follows it', async () => {
    const hurt = smallStore(join(folder, 'hurt'));
    const [a, b] = mistakesOf(hurt);
    approved(hurt, a!);
    const { stored } = await makeRelease(hurt, { by: 'x' });
    activate(hurt.store, stored.id, { by: 'x', override: 'a test' });
    appendFileSync(hurt.store.files.releasePath(stored.id), 'x');
    approved(hurt, b!);
    const next = await makeRelease(reopened(hurt.store), { by: 'x' });
    expect(next.stored).toMatchObject({ parent: stored.id, repairs: { length: 2 } });
    activate(hurt.store, next.stored.id, { by: 'x', override: 'a test' });
    expect(modelHash(loadRelease(reopened(hurt.store), next.stored.id).model)).toBe(next.release.result);
  });

  it('says what is no store', () => {
    expect(() => Store.open(folder)).toThrow('is not a store: it holds no journal');
    writeFileSync(join(folder, 'journal.sqlite'), 'not a database, but a text of some length that is none'.repeat(20));
    expect(() => Store.open(folder)).toThrow(/cannot be used as a journal: .*not a database/);
    expect(readdirSync(folder)).toContain('journal.sqlite');
  });
});

describe('moveTo', () => {
  it('solves every repair on a retrained network and says which it has by itself', async () => {
    const retrained = smallRun(join(folder, 'retrained'), { steps: 120, seed: 1 });
    const moved = await moveTo(bench.store, retrained, { by: 'ann', controlImages: 200 }, async () =>
      reopened(bench.store),
    );
    expect(moved.from).toBe(bench.base.base);
    expect(moved.base).toBe(modelHash(retrained.model));
    expect(moved.released.release.effect.repairs.map(({ holds }) => holds)).toEqual([true, true, true]);
    expect(moved.standings).toHaveLength(3);
    for (const id of moved.notNeeded) expect(moved.standings.find(({ repair }) => repair === id)?.holds).toBe(true);
    expect(bench.store.state.active).toBe(first.stored.id);
    expect(() => loadRelease(bench, moved.released.stored.id)).toThrow(/is a release of the base .*; open that one/);
    const over = { by: 'ann', why: 'over' };
    await expect(retire(bench.store, repairs[0]!.id, over, async () => reopened(bench.store))).rejects.toThrow(
      /expected the base that is served, .*, received /,
    );
    const { released } = await retire(bench.store, repairs[0]!.id, over, async (base) => reopened(bench.store, base));
    expect(released?.stored).toMatchObject({ base: bench.base.base, repairs: [repairs[1]!.id] });
    expect(bench.store.state.active).toBe(released?.stored.id);
    await expect(makeRelease(bench, { by: 'ann' })).rejects.toThrow('is not the newest base any more');
    activate(bench.store, moved.released.stored.id, { by: 'ann', override: 'a test' });
    rollBack(bench.store, { by: 'ann', why: 'practice', to: 'base' });
    expect(bench.store.state).toMatchObject({ active: null, base: moved.base, unrepaired: bench.base.base });
    expect(verifyStore(bench.store)).toMatchObject({ ok: true, bases: 2, releases: 4 });
  });
});
