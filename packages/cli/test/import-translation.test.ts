/** A translation model of somebody else's: checkpoint, byte pairs and dictionaries in fairseq's and subword-nmt's forms, as typed. */
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { countSymbols, Vocabulary } from '@editable/text';
import { writeSafetensors } from '@editable/torch';
import {
  createTransformer,
  openTranslationRun,
  SentenceCodec,
  saveCodec,
  type TextSettings,
  translate,
} from 'editable';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';

const root = fileURLToPath(new URL('../../..', import.meta.url));
const folder = mkdtempSync(join(tmpdir(), 'editable-import-translation-'));
afterAll(() => rmSync(folder, { recursive: true }));
const at = (...names: readonly string[]): string => join(folder, ...names);

const settings: TextSettings = { source: 'xx', target: 'yy', tokenization: 'none', lowercase: true, merges: 12 };
const sentences = ['a1 a2 a3', 'a4 a4 a5', 'a9 a8 a7 a6', 'a0 a1'];
const pairs = sentences.map((source) => ({ source, target: source.replaceAll('a', 'b') }));

function editableOn(input: string, ...words: readonly string[]) {
  const command = [join(root, 'packages/cli/bin/editable.js'), ...words];
  const { status, stdout, stderr } = spawnSync(process.execPath, command, { encoding: 'utf8', input });
  return { status, stdout, stderr };
}

const imported = (file: string, out: string, ...words: readonly string[]) =>
  editableOn(
    '',
    ...['import', file, '--task', 'translation', '--dataset', at('data'), '--source', 'xx', '--target', 'yy'],
    ...['--tokenization', 'none', '--heads', '2', '--out', out, ...words],
  );

/** What somebody has: a checkpoint by fairseq's names beside codes and dictionaries. */
function somebodys(name: string, codec: SentenceCodec, tied: 'all' | 'decoder') {
  mkdirSync(at(name));
  saveCodec(at(name), codec);
  const { source, target } = codec.vocabularies;
  const sizes = { dim: 8, feedForward: 8, heads: 2, encoderLayers: 1, decoderLayers: 1 };
  const spec = {
    ...({ kind: 'transformer_iwslt_de_en', ...sizes, tied } as const),
    ...{ sourceVocabulary: source.size, targetVocabulary: target.size },
  };
  const model = createTransformer(spec, { seed: 3 });
  const file = at(name, 'checkpoint.safetensors');
  // As in a state dict of PyTorch's, a tied tensor stands under each of its names.
  const aliases = [...(model.aliases ?? [])].map(([alias, first]) => [alias, model.parameters.get(first)!] as const);
  writeSafetensors(file, new Map([...model.parameters, ...aliases].map(([key, value]) => [key, value.toHost()])));
  const lines = translate({ model, spec, codec }, sentences, { beam: 5 }).map(({ text }) => text);
  return { file, lines };
}

let joined: ReturnType<typeof somebodys>;
let apart: ReturnType<typeof somebodys>;
beforeAll(() => {
  spawnSync(process.execPath, [join(root, 'node_modules/typescript/bin/tsc'), '-b', join(root, 'packages/cli')]);
  mkdirSync(at('data'));
  for (const split of ['train', 'val', 'test'])
    for (const side of ['source', 'target'] as const)
      writeFileSync(at('data', `${split}.${settings[side]}`), pairs.map((pair) => `${pair[side]}\n`).join(''));
  const codec = SentenceCodec.learn(settings, pairs);
  joined = somebodys('joined', codec, 'all');
  const own = (side: 'source' | 'target', more: string): Vocabulary =>
    Vocabulary.ofCounts(
      countSymbols([
        ...pairs.map((pair) => codec.vocabularies[side].decode(codec.encode(pair[side], side)).join(' ')),
        more,
      ]),
    );
  const vocabularies = { source: own('source', 'a'), target: own('target', 'b c d') };
  apart = somebodys('apart', new SentenceCodec(settings, codec.merges, vocabularies), 'decoder');
});

describe('import --task translation', () => {
  it('takes one dictionary, and translates as the model did', () => {
    const own = ['--codes', at('joined', 'bpe.codes'), '--dictionary', at('joined', 'dict.txt')];
    const { stdout, stderr, status } = imported(joined.file, at('one'), ...own, '--json');
    expect({ stderr, status }).toEqual({ stderr: '', status: 0 });
    expect(JSON.parse(stdout)).toMatchObject({
      run: at('one'),
      testSentences: 4,
      beam: 5,
      model: { tied: 'all', dim: 8 },
    });
    expect(editableOn(`${sentences.join('\n')}\n`, 'translate', at('one')).stdout).toBe(`${joined.lines.join('\n')}\n`);
    expect(imported(joined.file, at('one'), ...own).stderr).toMatch(/--out: expected a folder without a run/);
  });

  it('takes a dictionary a language, and translates as the model did', () => {
    const own = [
      ...['--codes', at('apart', 'bpe.codes')],
      ...['--dictionary', at('apart', 'dict.xx.txt'), '--dictionary', at('apart', 'dict.yy.txt')],
    ];
    expect(imported(apart.file, at('two'), ...own)).toMatchObject({ stderr: '', status: 0 });
    const { codec } = openTranslationRun(at('two'));
    expect(codec.joined).toBe(false);
    expect(codec.vocabularies.target.size).not.toBe(codec.vocabularies.source.size);
    expect(editableOn(`${sentences.join('\n')}\n`, 'translate', at('two')).stdout).toBe(`${apart.lines.join('\n')}\n`);
    // What is built on a run takes it like any other.
    const edit = editableOn(
      '',
      'edit',
      at('two'),
      '--source',
      'a1 a2',
      '--target',
      'b2 b1',
      '--editor',
      'rmsprop',
      '--json',
    );
    expect(JSON.parse(edit.stdout)).toMatchObject({ source: 'a1 a2', target: 'b2 b1', sentences: 4 });
  });

  it('refuses in one sentence what does not fit, and leaves nothing', () => {
    const codes = ['--codes', at('joined', 'bpe.codes')];
    const dictionary = ['--dictionary', at('joined', 'dict.txt')];
    for (const [words, message] of [
      [dictionary, /^editable: --codes: expected with --task translation\.\n$/],
      [codes, /^editable: --dictionary: expected with --task translation\.\n$/],
      [
        [...codes, '--dictionary', at('apart', 'dict.xx.txt')],
        /--dictionary: expected \d+ symbols for the source, .* received \d+\.\n$/,
      ],
      [
        [...codes, ...dictionary, ...dictionary],
        /--dictionary: expected one file, as this checkpoint has one embedding/,
      ],
      [[...codes, ...dictionary, '--heads', '3'], /a dim that 3 heads divide evenly/],
      [[...codes, ...dictionary, '--width', '4'], /--width: expected for runs of image classification only/],
      [
        [...dictionary, '--codes', at('joined', 'dict.txt')],
        /--codes: expected the byte pairs that the dictionary was made with; of its \d+ longer symbols these make 0/,
      ],
    ] as const) {
      const { status, stderr } = imported(joined.file, at('none'), ...words);
      expect(stderr).toMatch(message);
      expect(stderr.trim().split('\n')).toHaveLength(1);
      expect(status).toBeGreaterThan(0);
      expect(existsSync(at('none'))).toBe(false);
    }
    writeFileSync(at('text.pt'), 'no checkpoint');
    expect(
      imported(at('text.pt'), at('none'), ...codes, ...dictionary)
        .stderr.trim()
        .split('\n'),
    ).toHaveLength(1);
    const images = editableOn('', 'import', joined.file, '--dataset', 'cifar-10', '--out', at('none'), ...codes);
    expect(images.stderr).toBe('editable: --codes: expected for runs of translation only; leave it out.\n');
    expect(existsSync(at('none'))).toBe(false);
  });
});
