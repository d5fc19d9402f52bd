/** One pass over a batch, seen layer by layer: what each edited layer received, and the gradients of what it gave. */
import { enableGrad, grad, type nn, noGrad, type Tensor, type Tree } from '@editable/torch';
import { EditableError } from '../../errors.js';
import type { Answers } from './answers.js';
import { type LayerBlock, parametersOf, positionInputs } from './layer-blocks.js';
import { type ObservedCall, observe } from './observed-calls.js';

/** One layer's calls in a pass, most often one, and their inputs as the factors have them. */
export interface LayerRuns {
  readonly block: LayerBlock;
  readonly outputs: readonly Tensor[];
  readonly inputs: readonly Tensor[];
}

/** Gradients of the log-probability of one answer of each example. */
export interface AnswerGradients {
  /** Of each layer's outputs, call by call. */
  readonly deltas: readonly (readonly Tensor[])[];
  /** What the answer counts, of each example: [examples] */
  readonly weight: Tensor;
}

export interface BatchRuns {
  /** One for each block. */
  readonly runs: readonly LayerRuns[];
  /** Answer after answer; to be gone through once. */
  readonly answers: Iterable<AnswerGradients>;
}

/**
 * Runs the edited stages with recording on. `batch`: what the first edited stage receives.
 *
 * @throws EditableError NO_CURVATURE for a layer that does not run
 */
export function runLayers(
  model: nn.Model<Tree>,
  batch: Tree,
  blocks: readonly LayerBlock[],
  { names, answers }: { readonly names: readonly string[]; readonly answers: Answers },
): BatchRuns {
  const theta = names.map((name) => (model.parameters.get(name) as Tensor).detach().requiresGrad_());
  const { output, calls } = observe(model, batch, { names, theta });
  const runs = blocks.map((block) => runsOf(block, calls));
  return { runs, answers: gradientsOf(runs, output, answers) };
}

function* gradientsOf(runs: readonly LayerRuns[], output: Tensor, answers: Answers): Generator<AnswerGradients> {
  const { logProbabilities, weights } = answers.of(output);
  const outputs = runs.flatMap((each) => each.outputs);
  for (let rank = 0; rank < (weights.shape[1] as number); rank++) {
    const found = grad(
      enableGrad(() => logProbabilities.select(1, rank).sum()),
      outputs,
      { retainGraph: true, allowUnused: true },
    );
    const deltas = runs.map((each) => found.splice(0, each.outputs.length));
    yield { deltas, weight: weights.select(1, rank) };
  }
}

function runsOf(block: LayerBlock, calls: readonly ObservedCall[]): LayerRuns {
  const own = calls.filter((call) => call.block.layer === block.layer);
  if (own.length === 0) {
    throw new EditableError(
      'NO_CURVATURE',
      `curvature: the layer of ${parametersOf(block).join(', ')} does not run on the control inputs; edit other layers.`,
    );
  }
  const inputs = noGrad(() => own.map(({ input }) => (block.kind === 'dense' ? input : positionInputs(block, input))));
  return { block, inputs, outputs: own.map(({ output }) => output) };
}
