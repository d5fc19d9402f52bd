import { Command } from 'commander';
import { describe, expect, it } from 'vitest';
import { commandGroups, commands } from '../commands/index.js';
import { choice, number, numbers, paths, toggle, wholeNumber, words } from './kinds.js';
import { commanderOptions, type OptionTable, optionName } from './table.js';

interface Flags {
  readonly epochs: number;
  readonly learningRate: number | undefined;
  readonly editor: 'gd' | 'adam';
  readonly layers: readonly string[] | undefined;
  readonly mean: readonly number[] | undefined;
  readonly patch: readonly string[] | undefined;
  readonly augment: boolean;
  readonly firstOrder: boolean;
}

const table: OptionTable<Flags> = {
  epochs: { kind: wholeNumber({ min: 1, max: 100 }), default: 10, description: '' },
  learningRate: { kind: number({ above: 0 }), description: '' },
  editor: { kind: choice(['gd', 'adam']), default: 'gd', description: '' },
  layers: { kind: words('names', 'names with commas between'), description: '' },
  mean: { kind: numbers('numbers with commas between'), description: '' },
  patch: { kind: paths('file'), description: '' },
  augment: { kind: toggle, default: true, description: '' },
  firstOrder: { kind: toggle, default: false, description: '' },
};

function parse(...argv: string[]): object {
  const parser = new Command().exitOverride();
  for (const option of commanderOptions(table)) parser.addOption(option);
  return parser.parse(argv, { from: 'user' }).opts();
}

describe('commanderOptions', () => {
  it('gives the defaults where nothing is said', () => {
    expect(parse()).toEqual({ epochs: 10, editor: 'gd', augment: true, firstOrder: false });
  });

  it('reads every kind of value', () => {
    const words =
      '--epochs 3 --learning-rate 1e-3 --editor adam --layers layer3,fc --mean 0.5,-0.25 --patch a b --no-augment';
    expect(parse(...words.split(' '), '--first-order')).toEqual({
      epochs: 3,
      learningRate: 0.001,
      editor: 'adam',
      layers: ['layer3', 'fc'],
      mean: [0.5, -0.25],
      patch: ['a', 'b'],
      augment: false,
      firstOrder: true,
    });
  });

  it('lets an option that takes several words be given several times', () => {
    expect(parse('--patch', 'a', '--patch', 'b')).toMatchObject({ patch: ['a', 'b'] });
  });

  it.each([
    ['--epochs', '0', '--epochs: expected a whole number from 1 to 100, received "0".'],
    ['--epochs', '1.5', '--epochs: expected a whole number from 1 to 100, received "1.5".'],
    ['--epochs', 'ten', '--epochs: expected a whole number from 1 to 100, received "ten".'],
    ['--learning-rate', '0', '--learning-rate: expected a number above 0, received "0".'],
    ['--learning-rate', 'NaN', '--learning-rate: expected a number above 0, received "NaN".'],
    ['--learning-rate', 'Infinity', '--learning-rate: expected a number above 0, received "Infinity".'],
    ['--editor', 'sgd', '--editor: expected one of gd, adam, received "sgd".'],
    ['--layers', 'a,,b', '--layers: expected names with commas between, received "a,,b".'],
    ['--mean', '0.5,x', '--mean: expected numbers with commas between, received "0.5,x".'],
  ])('refuses %s %s in one sentence', (option, value, message) => {
    expect(() => parse(option, value)).toThrow(message);
  });
});

describe('commands', () => {
  const all = [...commands, ...commandGroups.flatMap((group) => group.commands)];

  it('describe every option', () => {
    for (const { options } of all) {
      for (const [name, { description }] of Object.entries(options)) expect(description, optionName(name)).not.toBe('');
    }
  });

  it('can all print a JSON document', () => {
    // What launch prints is what the command prints that it starts.
    const own = all.filter(({ name }) => name !== 'launch');
    for (const { name, options } of own) expect(Object.keys(options), name).toContain('json');
  });
});
