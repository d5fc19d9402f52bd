import { checkTraining, defaultTraining } from 'editable';
import { describe, expect, it } from 'vitest';
import { table4 } from '../table-4/experiment.js';
import { table5 } from '../table-5/experiment.js';
import { trainingName } from './models.js';
import { photographScales } from './photograph-scales.js';

const scales = Object.values(photographScales.scales);

describe('photographScales', () => {
  it.each(scales.map((scale) => [scale.name, scale] as const))('%s has trainings that can be made', (_, scale) => {
    for (const { from, training } of [...scale.editable, ...scale.controls.map(({ of }) => of)])
      checkTraining({ ...defaultTraining, from: from === null ? null : trainingName(from), ...training });
  });

  it('has the rows of the paper, with its figures, for both of its networks', () => {
    const [resnet, densenet] = (['paper', 'paper-densenet169'] as const).map((name) =>
      table4.plans(photographScales.scales[name]!).filter(({ paper }) => paper !== null),
    );
    const names = ['pretrained-chain3', 'pretrained-extra', 'distilled-extra', 'editable-extra', 'editable-chain3'];
    expect(resnet!.map(({ name }) => name)).toEqual(names);
    expect(densenet!.map(({ name }) => name)).toEqual(names);
    expect(resnet![0]!.paper).not.toEqual(densenet![0]!.paper);
    expect(table5.plans(photographScales.scales.paper!).filter(({ paper }) => paper !== null)).toHaveLength(5);
  });
});
