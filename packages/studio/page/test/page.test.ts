/** What the page reckons by itself: groups of mistakes, what is chosen, the measured curve. */
import { describe, expect, it } from 'vitest';
import { choiceIn, noChoice, repairAddress, toggled } from '../src/mistakes/choice.js';
import { classesIn, groupsOf, type Mistake } from '../src/mistakes/groups.js';
import { naturalPoints } from '../src/repair/natural-points.js';
import { percentInterval, signedPercent } from '../src/words.js';

const mistake = (index: number, group: number, truth: number, predicted: number, suspect = false): Mistake => ({
  index,
  group,
  suspect,
  probability: 1 - index / 100,
  truth: { label: truth, name: `class ${truth}` },
  predicted: { label: predicted, name: `class ${predicted}` },
});

const mistakes = [mistake(1, 0, 3, 4), mistake(2, 1, 3, 5), mistake(3, 0, 3, 4), mistake(4, 2, 6, 4, true)];

describe('groupsOf', () => {
  const indices = (filter: Parameters<typeof groupsOf>[1]): number[][] =>
    groupsOf(mistakes, filter).map((group) => group.map(({ index }) => index));

  it('puts near-duplicates together, the surest first, and suspected label errors apart', () => {
    expect(indices({ suspects: false, truth: null, predicted: null })).toEqual([[1, 3], [2]]);
    expect(indices({ suspects: true, truth: null, predicted: null })).toEqual([[4]]);
  });

  it('filters by what a picture is and by what the network says', () => {
    expect(indices({ suspects: false, truth: 3, predicted: 5 })).toEqual([[2]]);
    expect(indices({ suspects: false, truth: 6, predicted: null })).toEqual([]);
  });
});

describe('classesIn', () => {
  it('counts them, the most frequent first', () => {
    expect(classesIn(mistakes, 'truth')).toEqual([
      { label: 3, name: 'class 3', number: 3 },
      { label: 6, name: 'class 6', number: 1 },
    ]);
  });
});

describe('a choice', () => {
  it('goes into an address and comes back from it', () => {
    const choice = toggled(toggled(toggled(noChoice, 'test', 7), 'test', 9), 'feedback', 2);
    const address = repairAddress(choice);
    expect(address).toBe('/repair?test=7.9&feedback=2');
    expect(choiceIn(new URLSearchParams(address.split('?')[1]))).toEqual(choice);
    expect(toggled(choice, 'test', 7).test).toEqual([9]);
  });

  it('takes numbers only', () => {
    expect(choiceIn(new URLSearchParams('test=1.x.-2.%3Cb%3E.33')).test).toEqual([1, 33]);
  });
});

describe('naturalPoints', () => {
  const evaluation = (views: number | undefined, edits: number, drawdown: number, name = 'natural') =>
    ({
      file: '',
      editor: { name, layers: 'layer3', ...(views === undefined ? {} : { views }) },
      targets: 'random',
      edits,
      testError: 0.1,
      drawdown,
      drawdownInterval: [0, 1],
      generality: 0.5,
      successRate: 1,
      meanSteps: 2,
      records: [],
    }) as unknown as Parameters<typeof naturalPoints>[0][number];

  it('has one point a number of views, of the evaluation with the most edits, in order', () => {
    const points = naturalPoints([
      evaluation(4, 100, 0.02),
      evaluation(undefined, 10, 0.001),
      evaluation(undefined, 100, 0.003),
      evaluation(0, 100, 0.5, 'rmsprop'),
    ]);
    expect(points.map(({ views, drawdown }) => [views, drawdown])).toEqual([
      [0, 0.003],
      [4, 0.02],
    ]);
  });
});

describe('words', () => {
  it('write minus as a minus', () => {
    expect(signedPercent(-0.004)).toBe('−0.40 %');
    expect(percentInterval([-0.001, 0.05])).toBe('−0.10 to 5.00 %');
  });
});
