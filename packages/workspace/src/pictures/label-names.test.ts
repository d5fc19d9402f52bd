import { describe, expect, it } from 'vitest';
import { labelNamed } from './label-names.js';

const classes = ['crane', 'tench, Tinca tinca', 'crane, lifting machine', 'heron, grey bird', 'goose, grey bird'];

describe('labelNamed', () => {
  it('takes a number, a whole name, or one of its synonyms', () => {
    expect(['3', 'Crane', 'tench', 'tinca TINCA', 'lifting machine'].map((word) => labelNamed(word, classes))).toEqual([
      3, 0, 1, 1, 2,
    ]);
  });

  it('refuses what no class or several are called, naming a few of many', () => {
    for (const word of ['grey bird', '5', 'swan'])
      expect(() => labelNamed(word, classes)).toThrow(`received "${word}"`);
    const many = Array.from({ length: 1000 }, (_, i) => `class ${i}`);
    expect(() => labelNamed('swan', many)).toThrow(
      '(0 class 0, 1 class 1, 2 class 2 … 999 class 999), received "swan"',
    );
  });
});
