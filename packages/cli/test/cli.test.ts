/** The real command on tiny runs: what it prints, writes and refuses. */
import { execFileSync, spawn, spawnSync } from 'node:child_process';
import {
  appendFileSync,
  copyFileSync,
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { readSafetensors } from '@editable/torch';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const command = join(root, 'packages/cli/bin/editable.js');
const folder = mkdtempSync(join(tmpdir(), 'editable-cli-'));
const at = (...path: string[]): string => join(folder, ...path);

interface Outcome {
  readonly code: number | null;
  readonly out: string;
  readonly err: string;
}

function editable(words: readonly string[], env: NodeJS.ProcessEnv = {}): Outcome {
  const { status, stdout, stderr } = spawnSync(process.execPath, [command, ...words], {
    encoding: 'utf8',
    maxBuffer: 2 ** 25,
    env: { ...process.env, ...env },
  });
  return { code: status, out: stdout, err: stderr };
}

/** Runs with --json; stdout must be one document and nothing else. */
function document(words: readonly string[], code = 0): Record<string, unknown> {
  const outcome = editable([...words, '--json']);
  expect(outcome, outcome.err).toMatchObject({ code });
  return JSON.parse(outcome.out);
}

/** The one sentence of a refusal. */
function refusal(words: readonly string[], env: NodeJS.ProcessEnv = {}): string {
  const { code, out, err } = editable(words, env);
  expect({ code, out }, err).toEqual({ code: 1, out: '' });
  expect(err).toMatch(/^editable: .*[.!?]\n$/);
  expect(err).not.toContain('    at ');
  return err.trim();
}

const tiny = ['--width', '2', '--train-images', '256', '--batch-size', '64', '--epochs', '1'];
const trainPlain = ['train', ...tiny, '--objective', 'plain', '--learning-rate', '0.01', '--out', at('plain')];
// Step size and layers with which even an untrained network follows an edit.
const strong = ['--editor', 'gd', '--learning-rate', '1', '--layers', 'all', '--test-images', '200'];

const hasData = existsSync('/usr/share/datasets/fashion-mnist') || process.env.EDITABLE_DATA !== undefined;

describe.skipIf(!hasData)('editable', () => {
  beforeAll(() => {
    execFileSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'packages/cli')]);
    expect(document(trainPlain)).toMatchObject({ run: at('plain'), steps: 4, testImages: 10000, state: 'trained' });
  });

  afterAll(() => rmSync(folder, { recursive: true, force: true }));

  it('shows a finished run again, and refuses other settings in its folder', () => {
    expect(document(trainPlain)).toMatchObject({ steps: 4, state: 'finished before' });
    expect(refusal([...trainPlain, '--seed', '1'])).toContain('holds a run of other settings');
  });

  it('trains editably from another run, and a killed training continues to the same bits', async () => {
    const words = (out: string): string[] => [
      'train',
      ...tiny,
      '--epochs',
      '6',
      '--max-steps',
      '2',
      '--checkpoint-every',
      '5',
      '--from',
      at('plain'),
      '--out',
      at(out),
    ];
    document(words('whole'));
    await killedOnceItHas(words('killed'), at('killed', 'metrics.jsonl'), 12);
    expect(document(words('killed'))).toMatchObject({ steps: 24, objective: 'editable' });
    for (const file of ['model.safetensors', 'metrics.jsonl', 'editor.json']) {
      expect(readFileSync(at('killed', file)).equals(readFileSync(at('whole', file))), file).toBe(true);
    }
  });

  it('fine-tunes a run in its own normalization and model, and refuses another one', () => {
    cpSync(at('plain'), at('shifted'), { recursive: true });
    const config = JSON.parse(readFileSync(at('shifted', 'config.json'), 'utf8')) as Record<string, unknown>;
    const normalization = { mean: [0.5], std: [0.25] };
    writeFileSync(at('shifted', 'config.json'), JSON.stringify({ ...config, normalization }));
    const words = [
      'train',
      '--from',
      at('shifted'),
      '--epochs',
      '1',
      '--train-images',
      '64',
      '--batch-size',
      '64',
      '--out',
      at('tuned'),
    ];
    document([...words, '--max-steps', '1']);
    const tuned = JSON.parse(readFileSync(at('tuned', 'config.json'), 'utf8')) as Record<string, unknown>;
    expect(tuned).toMatchObject({ normalization, model: { kind: 'cifar-resnet18', width: 2 } });
    // What the network was called before; the finished run is opened as it is.
    expect(document([...words, '--max-steps', '1', '--model', 'resnet18'])).toMatchObject({ steps: 1 });
    expect(refusal([...words, '--width', '4'])).toContain('--width: expected 2, as --from');
    expect(refusal([...words, '--model', 'resnet20'])).toContain('--model: expected cifar-resnet18, as --from');
  });

  it('trains an extra layer alone, and leaves what comes before it as it was', () => {
    const words = [
      'train',
      '--from',
      at('plain'),
      '--extra-layer',
      '6',
      '--freeze-before',
      'extra',
      '--layers',
      'extra',
    ];
    const more = ['--base-loss', 'distillation', '--epochs', '1', '--train-images', '256', '--max-steps', '2'];
    const sgd = ['--optimizer', 'sgd', '--no-nesterov', '--learning-rate', '1e-5', '--added-learning-rate', '1e-3'];
    document([...words, ...more, ...sgd, '--edit-targets', 'mistakes', '--out', at('extra')]);
    expect(JSON.parse(readFileSync(at('extra', 'config.json'), 'utf8'))).toMatchObject({
      training: { optimizer: 'sgd', nesterov: false, addedLearningRate: 1e-3, editTargets: 'mistakes' },
    });
    const [before, after] = ['plain', 'extra'].map((run) => readSafetensors(at(run, 'model.safetensors')).tensors);
    for (const [name, { bytes }] of before!) {
      if (!name.startsWith('fc.')) expect(after!.get(name)!.bytes, name).toEqual(bytes);
    }
    expect(after!.get('extra.expand.weight')!.shape).toEqual([6, 16]);
    expect(after!.get('extra.contract.weight')!.bytes.some((value) => value !== 0)).toBe(true);
    expect(refusal([...words, '--extra-layer', '8', '--from', at('extra'), '--out', at('e2')])).toContain(
      '--extra-layer',
    );
    expect(refusal([...words, '--standardized-extra', '--from', at('extra'), '--out', at('e2')])).toContain(
      '--extra-layer: expected 6, which the run has already, received 6 --standardized-extra',
    );
    expect(refusal(['train', '--standardized-extra', '--out', at('e4')])).toContain('expected with --extra-layer');
    expect(refusal(['train', '--extra-layer', '6', '--extra-gain', '4', '--out', at('e4')])).toContain(
      '--extra-gain: expected with --standardized-extra',
    );
    expect(refusal(['train', '--edit-targets', 'ranks', '--out', at('e4')])).toContain('expected --from');
    expect(refusal(['train', '--freeze-before', 'layer9', '--out', at('e3')])).toContain('received "layer9"');
  });

  it('fine-tunes an imported TorchScript program into a run that is whole', () => {
    const program = join(root, 'test/torchscript/fixtures/classifier.pt');
    document(['import', program, '--dataset', 'fashion-mnist', '--out', at('script')]);
    const words = ['train', '--from', at('script'), '--epochs', '1', '--train-images', '128', '--layers', 'fc'];
    expect(document([...words, '--out', at('tuned-script')])).toMatchObject({ steps: 1, objective: 'editable' });
    expect(document(['predict', at('tuned-script'), '--index', '0'])).toMatchObject({ truth: 9 });
  });

  it('evaluates on samples, and says how many images it took', () => {
    const words = ['evaluate', at('plain'), '--edits', '4', '--precision', '0.01', ...strong.slice(0, -2)];
    const sampled = document(words);
    expect(sampled.samplingError).toBeLessThan(0.012);
    expect(sampled.meanJudged).toBeLessThan(10_000);
  });

  it('evaluates, keeps the records, and continues from them to the same numbers', () => {
    const words = ['evaluate', at('plain'), '--edits', '5', '--seed', '3', ...strong];
    const { seconds: _, ...first } = document(words);
    expect(first).toMatchObject({ edits: 5, testImages: 200, targets: 'random', seed: 3, patches: [] });
    for (const name of ['testError', 'drawdown', 'drawdownAbsolute', 'successRate', 'meanSteps', 'generality']) {
      expect(first[name], name).toBeTypeOf('number');
    }
    const file = first.recordsFile as string;
    const lines = readFileSync(file, 'utf8').split('\n');
    expect(lines).toHaveLength(7);
    writeFileSync(file, `${lines.slice(0, 3).join('\n')}\n{"index": 4`);
    const { seconds: __, ...second } = document(words);
    expect(second).toEqual(first);
    expect(readFileSync(file, 'utf8').split('\n')).toEqual(lines);
  });

  it('repairs a test image, and the patch makes predict and info follow', () => {
    const truth = 9; // Test image 0 is an ankle boot; the other half of the classes is as good.
    const before = document(['predict', at('plain'), '--index', '0']);
    expect(before).toMatchObject({ truth, index: 0 });
    expect(before.top).toHaveLength(5);
    const target = before.label === truth ? 'Bag' : 'ankle boot';
    const patch = at('fix.safetensors');
    const done = document(['edit', at('plain'), '--index', '0', '--target', target, ...strong, '--out', patch]);
    const label = target === 'Bag' ? 8 : 9;
    expect(done).toMatchObject({
      success: true,
      patch,
      testImages: 200,
      before: { label: before.label, probability: before.probability },
      after: { label },
    });
    expect(done.flips).toBe((done.changes as unknown[]).length);
    expect(document(['predict', at('plain'), '--index', '0', '--patch', patch])).toMatchObject({ label });
    expect(document(['info', patch])).toMatchObject({ editor: 'gd', layers: 'all', target: { label, index: 0 } });
    expect(refusal(['predict', at('whole'), '--index', '0', '--patch', patch])).toContain('as a patch');
  });

  it('previews an edit on a sample of the test images where a precision is given', () => {
    const { label } = document(['predict', at('plain'), '--index', '0']) as { label: number };
    const target = String((label + 1) % 10);
    const done = document([
      'edit',
      at('plain'),
      '--index',
      '0',
      '--target',
      target,
      ...strong,
      '--precision',
      '0.1',
      '--out',
      at('sampled.safetensors'),
    ]);
    expect(done).toMatchObject({ success: true, testImages: 200, after: { label: (label + 1) % 10 } });
    expect(done.judged).toBeLessThan(200);
    expect(done.standardError).toBeGreaterThan(0);
    expect(readdirSync(at('plain', 'predictions'))).toHaveLength(1);
  });

  it('exits with 2 and writes nothing where an edit does not reach its target', () => {
    const predicted = document(['predict', at('plain'), '--index', '1']).label as number;
    const words = ['edit', at('plain'), '--index', '1', '--target', String((predicted + 1) % 10), ...strong];
    const weak = [...words, '--learning-rate', '1e-7', '--max-steps', '1', '--out', at('none.safetensors')];
    expect(document(weak, 2)).toMatchObject({ success: false, steps: 1, patch: null });
    expect(existsSync(at('none.safetensors'))).toBe(false);
  });

  it('tunes on validation images, and later commands use what it found', () => {
    const tuned = document([
      'tune',
      at('plain'),
      '--editor',
      'rprop',
      '--layers',
      'fc',
      '--edits',
      '2',
      '--images',
      '50',
    ]);
    const { editor } = tuned.best as { editor: object };
    expect(JSON.parse(readFileSync(at('plain', 'editor.json'), 'utf8'))).toEqual(editor);
    const evaluated = document(['evaluate', at('plain'), '--edits', '1', '--test-images', '50']);
    expect(evaluated.editor).toMatchObject({ name: 'rprop', layers: 'fc' });
    // What was tuned, not the natural editor, is what edit takes too, whether it succeeds or not.
    const { out } = editable(['edit', at('plain'), '--index', '0', '--target', '1', '--test-images', '50', '--json']);
    expect((JSON.parse(out) as { editor: object }).editor).toMatchObject({ name: 'rprop', layers: 'fc' });
  });

  describe('in the metric of the curvature', () => {
    const judged = ['--test-images', '200'];
    const run = at('learned');

    beforeAll(() => {
      const sizes = ['--width', '4', '--train-images', '3000', '--batch-size', '64', '--epochs', '1'];
      document(['train', ...sizes, '--objective', 'plain', '--learning-rate', '0.01', '--out', run]);
    });

    it('computes the curvature once, and finds it afterwards', () => {
      const words = ['curvature', run, '--layers', 'layer3'];
      const first = document([...words, '--images', '100']);
      expect(first).toMatchObject({
        found: false,
        images: 100,
        layers: 'layer3',
        path: join(run, 'curvature.safetensors'),
      });
      expect(document(words)).toMatchObject({ found: true, images: 100, bytes: first.bytes });
      expect(editable(words).out).toMatch(/^curvature +found/);
      expect(document([...words, '--images', '60'])).toMatchObject({ found: false, images: 60 });
    });

    it('writes over the curvature of another model, which other commands refuse', () => {
      cpSync(run, at('swapped'), { recursive: true });
      const weights = readFileSync(join(run, 'model.safetensors'));
      weights[weights.length - 4]! ^= 1;
      writeFileSync(at('swapped', 'model.safetensors'), weights);
      const words = ['edit', at('swapped'), '--index', '0', '--target', '3', ...judged];
      expect(refusal(words)).toMatch(/is the curvature of another model; .*run editable curvature again/);
      expect(document(['curvature', at('swapped'), '--images', '50'])).toMatchObject({ found: false });
      expect(document(words)).toMatchObject({ success: true });
    });

    it('edits by the natural editor, with views and a margin that the patch records', () => {
      const { label } = document(['predict', run, '--index', '0']) as { label: number };
      const target = (label + 1) % 10;
      const words = ['edit', run, '--index', '0', '--target', String(target), ...judged];
      const alone = document(words);
      expect(alone).toMatchObject({ success: true, after: { label: target }, unseenViews: 16 });
      expect(alone.editor).toMatchObject({ name: 'natural', layers: 'layer3', hyperparameters: { overshoot: 0.3 } });
      const patch = at('views.safetensors');
      const combined = ['--metric', 'combined', '--settle', '4', '--control-images', '100'];
      const views = document([...words, '--views', '8', '--margin', '0.5', '--out', patch, ...combined]);
      expect(views.editor).toMatchObject({
        views: 8,
        margin: 0.5,
        metric: 'combined',
        settle: 4,
        hyperparameters: { overshoot: 3 },
      });
      expect(views.generality as number).toBeGreaterThanOrEqual(alone.generality as number);
      const made = { editor: 'natural', views: 8, margin: 0.5, metric: 'combined', settle: 4 };
      expect(document(['info', patch])).toMatchObject(made);
      expect(editable(['info', patch]).out).toMatch(/combined metric, 4 settling steps/);
      expect(editable([...words, '--views', '8']).out).toMatch(/generality +\d+ of 16 unseen views follow/);
    });

    it('evaluates the natural editor, and counts right answers that turn wrong', () => {
      const words = ['evaluate', run, '--edits', '3', ...judged];
      const natural = document([...words, '--editor', 'natural', '--views', '4']);
      expect(natural).toMatchObject({ editor: { name: 'natural', views: 4 }, successRate: 1 });
      expect(natural.negativeFlipRate).toBeTypeOf('number');
      const combined = document([...words, '--editor', 'natural', '--metric', 'combined', '--control-images', '100']);
      expect(combined).toMatchObject({ editor: { name: 'natural', metric: 'combined' }, successRate: 1 });
      expect(combined.recordsFile).not.toBe(document([...words, '--editor', 'natural']).recordsFile);
      const ekfac = document([...words, '--editor', 'natural', '--metric', 'ekfac', '--control-images', '100']);
      expect(ekfac).toMatchObject({ editor: { name: 'natural', metric: 'ekfac' }, successRate: 1 });
      expect(ekfac.recordsFile).not.toBe(combined.recordsFile);
      expect(refusal([...words, '--editor', 'gd', '--metric', 'combined'])).toMatch(
        /--metric: expected with the editor natural only, received it with gd; leave it out\./,
      );
      expect(refusal([...words, '--editor', 'gd', '--settle', '4'])).toMatch(
        /--settle: expected with the editor natural only, received it with gd; leave it out\./,
      );
      const polyak = document([...words, '--editor', 'gd', '--learning-rate', 'polyak']);
      expect(polyak.editor).toMatchObject({ hyperparameters: { learningRate: 'polyak' } });
    });

    it('repairs many mistakes in one patch, one after another and at once', () => {
      const words = ['repair', run, '--mistakes', '6', '--seed', '2', ...judged];
      const patch = at('many.safetensors');
      const done = document([...words, '--out', patch]);
      expect(done).toMatchObject({ repairs: 6, inForce: 1, notInForce: [], conflicts: [], testImages: 200, patch });
      for (const name of ['errorBefore', 'errorAfter', 'negativeFlips', 'meanSteps', 'seconds', 'generality']) {
        expect(done[name], name).toBeTypeOf('number');
      }
      const curve = done.curve as { repairs: number; error: number; inForce: number }[];
      expect(curve.map(({ repairs }) => repairs)).toEqual([1, 2, 5, 6]);
      const [{ index, target }] = done.records as [{ index: number; target: number }];
      expect(document(['predict', run, '--index', String(index), '--patch', patch])).toMatchObject({ label: target });
      expect((document(['info', patch]).repairs as unknown[])[0]).toMatchObject({ index, label: target });
      expect(document([...words, '--at-once'])).toMatchObject({ inForce: 1, atOnce: true });
      expect(editable(words).out).toMatch(/│ Repairs │ In force │ Error on others │/);
    });

    it('lists mistakes, and repairs from the list', () => {
      const list = at('mistakes.jsonl');
      const found = document(['mistakes', run, '--out', list]);
      const mistakes = found.mistakes as { index: number; suspect: boolean; probability: number; truth: object }[];
      expect(found).toMatchObject({ split: 'test', images: 10_000, error: mistakes.length / 10_000, out: list });
      expect(mistakes[0]!.probability).toBeGreaterThanOrEqual(mistakes.at(-1)!.probability);
      const lines = readFileSync(list, 'utf8').trim().split('\n');
      const suspects = new Set(mistakes.flatMap(({ index, suspect }) => (suspect ? [index] : [])));
      expect(lines.length).toBe(found.groups);
      expect(lines.filter((line) => suspects.has((JSON.parse(line) as { index: number }).index))).toEqual([]);
      writeFileSync(list, lines.slice(0, 3).join('\n'));
      expect(document(['repair', run, '--file', list, ...judged])).toMatchObject({ repairs: 3, inForce: 1 });
    });

    it('shows the surest mistakes on validation images, which repair does not take by number', () => {
      const words = ['mistakes', run, '--split', 'validation', '--limit', '2'];
      expect(editable(words).out).toMatch(
        /^[\d,]+ mistakes on 5,000 validation images [\s\S]*│ Image │ Labelled +│ The model says │ How sure │/,
      );
      expect(refusal([...words, '--out', at('validation.jsonl')])).toContain('--out: expected test images');
    });

    it('repairs what a file lists, and says what cannot hold together', () => {
      writeFileSync(
        at('list.jsonl'),
        '{"index": 0, "target": "Bag"}\n\n{"index": 5, "target": 1}\n{"index": 0, "target": "Sneaker"}\n',
      );
      const { code, out } = editable(['repair', run, '--file', at('list.jsonl'), ...judged]);
      expect(code).toBe(2);
      expect(out).toContain('test image 0 cannot be Bag and Sneaker at once.');
      expect(out).toContain('Not in force');
    });

    it.each([
      ['no list', [], /expected one of --mistakes N, --indices A,B,C and --file FILE/],
      ['an index out of range', ['--indices', '1,10000'], /--indices: expected a whole number from 0 to 9999/],
      ['too many mistakes', ['--mistakes', '10001'], /--mistakes: expected at most \d+, as the model makes no more/],
      ['another editor', ['--mistakes', '1', '--editor', 'gd'], /--editor: expected one of natural, received "gd"/],
      ['a margin below 0', ['--mistakes', '1', '--margin', '-1'], /--margin: expected a number of at least 0/],
    ] as const)('refuses %s in one sentence', (_, words, message) => {
      expect(refusal(['repair', run, ...words])).toMatch(message);
    });

    it.each([
      ['{"indx": 5, "target": 6}', /bad\.jsonl, line 2: expected \{"image": FILE.* received \{"indx": 5/],
      ['{"index": 10000, "target": 6}', /bad\.jsonl, line 2: index: expected a whole number from 0 to 9999/],
      ['{"index": 1, "target": "Boat"}', /bad\.jsonl, line 2: target: expected a class by number or name/],
      ['{"image": "none.png", "target": 1}', /bad\.jsonl, line 2: .*none\.png/],
    ])('names the line %s of a file', (line, message) => {
      writeFileSync(at('bad.jsonl'), `{"index": 0, "target": 9}\n${line}\n`);
      expect(refusal(['repair', run, '--file', at('bad.jsonl')])).toMatch(message);
    });

    it('says where an editor has no learning rate, and that no such editor is there', () => {
      const words = ['edit', run, '--index', '0', '--target', '1'];
      expect(refusal([...words, '--learning-rate', 'polyak'])).toContain('the editor natural has none');
      expect(refusal([...words, '--editor', 'newton'])).toMatch(/--editor: expected one of gd, .*, natural, received/);
    });

    it('says that the curvature of a TorchScript program is not kept', () => {
      const program = join(root, 'test/torchscript/fixtures/classifier.pt');
      document(['import', program, '--dataset', 'fashion-mnist', '--out', at('program')]);
      expect(document(['curvature', at('program')])).toMatchObject({ path: null, found: false });
      expect(editable(['curvature', at('program')]).out).toMatch(
        /^This run is a TorchScript program, .* single images.*\.\n$/,
      );
      const words = [
        'edit',
        at('program'),
        '--index',
        '0',
        '--target',
        '1',
        '--editor',
        'natural',
        '--metric',
        'ekfac',
      ];
      expect(refusal(words)).toMatch(
        /--metric: expected a network whose layers are known, received ekfac .*; leave it out/,
      );
    });
  });

  it('imports a checkpoint to a run that predicts the same', () => {
    const checkpoint = at('plain', 'model.safetensors');
    const words = ['import', checkpoint, '--model', 'resnet18', '--dataset', 'fashion-mnist', '--out', at('imported')];
    expect(document(words)).toMatchObject({ model: { kind: 'cifar-resnet18', width: 2 }, testImages: 10000 });
    const { top } = document(['predict', at('plain'), '--index', '7']);
    expect(document(['predict', at('imported'), '--index', '7']).top).toEqual(top);
    expect(refusal(words)).toContain('which holds one');
  });

  describe('refuses in one sentence', () => {
    it.each([
      ['an unknown command', ['trian'], /unknown command 'trian'/],
      ['an unknown option', ['predict', 'x', '--indx', '1'], /unknown option '--indx' \(Did you mean --index\?\)/],
      [
        'a value out of range',
        ['edit', 'x', '--target', '1', '--beta', '2'],
        /--beta: expected a number from 0 to 1, received "2"/,
      ],
      ['a folder that is no run', ['predict', folder, '--index', '0'], /is not a run: it holds no config\.json/],
      ['no picture', ['predict', at('plain')], /expected one of --image FILE and --index N/],
      [
        'an index out of range',
        ['predict', at('plain'), '--index', '10000'],
        /--index: expected a whole number from 0 to 9999, received "10000"/,
      ],
      [
        'a label out of range',
        ['edit', at('plain'), '--index', '0', '--target', '10'],
        /--target: expected a class by number or name \(0 T-shirt\/top, .*\), received "10"/,
      ],
      [
        'unknown layers',
        ['edit', at('plain'), '--index', '0', '--target', '1', '--layers', 'layer9'],
        /layers: "layer9" selects no parameter/,
      ],
      [
        'a β that the editor lacks',
        ['edit', at('plain'), '--index', '0', '--target', '1', '--editor', 'gd', '--beta', '0.5'],
        /--beta: the editor gd has none/,
      ],
      [
        'a missing data folder',
        ['predict', at('plain'), '--index', '0', '--data-dir', at('nowhere')],
        /The data folder .* does not exist/,
      ],
      [
        'a patch in a folder that does not exist',
        ['edit', at('plain'), '--index', '0', '--target', '1', '--out', at('no', 'p.safetensors')],
        /--out: expected a file in a folder that exists/,
      ],
      ['a run where no folder can be made', ['train', ...tiny, '--out', '/dev/null/run'], /cannot make the folder/],
      [
        'a checkpoint of another model',
        [
          'import',
          at('plain', 'model.safetensors'),
          '--model',
          'resnet20',
          '--dataset',
          'fashion-mnist',
          '--out',
          at('other'),
        ],
        /is a checkpoint of another model/,
      ],
      [
        'a GPU that is not there',
        ['predict', at('plain'), '--index', '0', '--device', 'cuda:7'],
        /--device: expected cpu/,
      ],
    ] as const)('%s', (_, words, message) => {
      expect(refusal(words)).toMatch(message);
    });

    it('a corrupt picture', () => {
      const file = at('corrupt.png');
      writeFileSync(file, Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex'));
      expect(refusal(['predict', at('plain'), '--image', file])).toMatch(/Cannot decode .*corrupt\.png/);
    });

    it('a damaged patch and damaged weights', () => {
      const patch = at('cut.safetensors');
      copyFileSync(at('plain', 'model.safetensors'), patch);
      truncateSync(patch, 1000);
      expect(refusal(['predict', at('plain'), '--index', '0', '--patch', patch])).toContain(
        'cut.safetensors as a patch',
      );
      mkdirSync(at('broken'));
      copyFileSync(at('plain', 'config.json'), at('broken', 'config.json'));
      copyFileSync(patch, at('broken', 'model.safetensors'));
      expect(refusal(['predict', at('broken'), '--index', '0'])).toContain('model.safetensors');
    });

    it('a machine without libtorch, in commands only: help needs none', () => {
      const without = { EDITABLE_TORCH_ADDON: at('torch.node') };
      expect(refusal(['predict', at('plain'), '--index', '0'], without)).toContain('the libtorch addon is not built');
      expect(editable(['train', '--help'], without)).toMatchObject({ code: 0, err: '' });
    });

    it('leaving no files behind', () => {
      expect(readdirSync(folder).filter((name) => /other|no$|\.tmp$/.test(name))).toEqual([]);
    });
  });

  it('shows the stack with --debug', () => {
    expect(editable(['predict', folder, '--index', '0', '--debug']).err).toContain('    at ');
  });
});

/** Starts a command and kills it as soon as a file has so many lines. */
async function killedOnceItHas(words: readonly string[], file: string, lines: number): Promise<void> {
  const child = spawn(process.execPath, [command, ...words], { stdio: 'ignore' });
  const ended = new Promise((resolve) => child.once('exit', resolve));
  while (child.exitCode === null) {
    if (existsSync(file) && readFileSync(file, 'utf8').split('\n').length > lines) child.kill('SIGKILL');
    await new Promise((resolve) => setTimeout(resolve, 5));
    if (child.killed) break;
  }
  await ended;
  expect(child.signalCode).toBe('SIGKILL');
  appendFileSync(file, '{"step": 9'); // What a kill in the middle of a write leaves.
}
