/** A checkpoint's tensors put into a model: all of them, each where it belongs, or one sentence that says what is wrong. */
import {
  type Device,
  type DType,
  fromHost,
  type HostTensor,
  isFloating,
  type nn,
  scope,
  Tensor,
  type Tree,
} from '@editable/torch';
import { EditableError } from '../errors.js';

/** Tensors as files hold them, or as libtorch does. */
export type Weights = ReadonlyMap<string, HostTensor | Tensor>;

/**
 * The model with the checkpoint's values as its own, in its own dtypes and on its device, detached. Every parameter and
 * buffer must be there with its shape and nothing be left over; only `num_batches_tracked`, which checkpoints of before
 * PyTorch 0.4.1 lack, may be missing and keeps the model's value.
 *
 * @param source names the checkpoint in errors.
 * @throws EditableError INVALID_FILE for a checkpoint of another model; NOT_FINITE for one with NaN or infinite values.
 */
export function withWeights<Input extends Tree = Tensor, State extends Tree = Input>(
  model: nn.Model<Input, State>,
  weights: Weights,
  source: string,
): nn.Model<Input, State> {
  const own = new Map([...model.parameters, ...model.buffers]);
  const ownName = (name: string): string => (own.has(name) ? name : name.replace(earlierDenseNet, '$1'));
  const given = new Map([...weights].map(([name, value]) => [model.aliases?.get(name) ?? ownName(name), value]));
  requireSameModel(own, given, source);
  return scope(() => {
    const load = (tensors: nn.NamedTensors): nn.NamedTensors =>
      new Map([...tensors].map(([name, value]) => [name, loaded(name, value, given.get(name), source)]));
    return model.with({ parameters: load(model.parameters), buffers: load(model.buffers) });
  });
}

/** `norm.1` for `norm1`: how the files of DenseNets that torchvision publishes still name their layers' children. */
const earlierDenseNet = /(\.denselayer\d+\.(?:norm|conv))\.(?=[12]\.)/;

const mayBeMissing = /(^|\.)num_batches_tracked$/;
const shownProblems = 3;

function requireSameModel(own: nn.NamedTensors, weights: Weights, source: string): void {
  const problems = [...own].flatMap(([name, value]) => problemOf(name, value, weights.get(name)));
  const known = [...weights.keys()].filter((name) => !own.has(name));
  problems.push(...known.map((name) => `${JSON.stringify(name.slice(0, 80))}, which it has, is not in the model`));
  if (problems.length === 0) return;
  const more = problems.length - shownProblems;
  const shown = problems.slice(0, shownProblems).join('; ') + (more > 0 ? `; and ${more} more` : '');
  throw new EditableError(
    'INVALID_FILE',
    `${source} is a checkpoint of another model: ${shown}. Check the model's name, width, channels and classes.`,
  );
}

function problemOf(name: string, own: Tensor, given: HostTensor | Tensor | undefined): string[] {
  if (given === undefined) return mayBeMissing.test(name) ? [] : [`expected ${describe(name, own)}, which is missing`];
  if (own.shape.join() !== given.shape.join()) return [`expected ${describe(name, own)}, received ${shapeOf(given)}`];
  if (isFloating(own.dtype) === isFloating(given.dtype)) return [];
  return [`expected ${describe(name, own)} in ${own.dtype}, received ${given.dtype}`];
}

const shapeOf = ({ shape }: HostTensor | Tensor): string => `[${shape.join(', ')}]`;

const describe = (name: string, own: Tensor): string => `${name} ${shapeOf(own)}`;

function loaded(name: string, own: Tensor, given: HostTensor | Tensor | undefined, source: string): Tensor {
  if (given === undefined) return own;
  const value = inPlaceOf(own, given instanceof Tensor ? given.detach() : fromHost(given));
  if (isFloating(value.dtype) && !value.isfinite().all().item()) {
    throw new EditableError(
      'NOT_FINITE',
      `${source}: ${name} has values that are NaN or infinite; the training that made it diverged, or the file is damaged.`,
    );
  }
  return value;
}

function inPlaceOf({ dtype, device }: { readonly dtype: DType; readonly device: Device }, value: Tensor): Tensor {
  return value.dtype === dtype && value.device === device ? value : value.to({ dtype, device });
}
