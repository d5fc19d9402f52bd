/** One model of several checkpoints of a training: the mean of each tensor (Vaswani et al., 2017, section 6.1). */
import { type nn, noGrad, scope, type Tensor } from '@editable/torch';
import { EditableError } from '../errors.js';

/**
 * The mean of each tensor over the checkpoints, which are left as they were. They are asked for one by one, so that they
 * can be read when they are needed. Sums are in float64.
 *
 * @throws EditableError INVALID_ARGUMENT for no checkpoint, or for those of different models
 */
export function averageWeights(checkpoints: Iterable<nn.NamedTensors>): nn.NamedTensors {
  return noGrad(() =>
    scope(() => {
      let first: nn.NamedTensors = new Map();
      let sums: nn.NamedTensors = new Map();
      let count = 0;
      for (const tensors of checkpoints) {
        if (count === 0) first = tensors;
        requireSame(first, tensors, count);
        sums = scope(() => new Map([...tensors].map(([name, value]) => [name, plus(sums.get(name), value)])));
        count += 1;
      }
      if (count === 0) throw refused('at least one checkpoint, received none');
      const mean = (name: string, sum: Tensor): Tensor => sum.div(count).to((first.get(name) as Tensor).dtype);
      return new Map([...sums].map(([name, sum]) => [name, mean(name, sum)]));
    }),
  );
}

function plus(sum: Tensor | undefined, value: Tensor): Tensor {
  const own = value.detach().to('float64');
  return sum === undefined ? own.clone() : sum.add(own);
}

function requireSame(first: nn.NamedTensors, tensors: nn.NamedTensors, at: number): void {
  const shapeOf = (value: Tensor | undefined): string => value?.shape.join() ?? 'none';
  const other = [...first.keys(), ...tensors.keys()].find(
    (name) => shapeOf(first.get(name)) !== shapeOf(tensors.get(name)),
  );
  if (other === undefined) return;
  throw refused(
    `checkpoints of one model, but ${other} of the first and of checkpoint ${at + 1} have different shapes`,
  );
}

const refused = (expected: string): EditableError =>
  new EditableError('INVALID_ARGUMENT', `averageWeights: expected ${expected}.`);
