/**
 * Editor steps without their graph: only what each step started from is kept, and on the way back every step is computed
 * again, the last one first (gradient checkpointing; Chen et al., 2016). One step's graph is held at a time.
 */
import { enableGrad, grad, isFloating, leavesOf, mapTree, noGrad, scope, Tensor, type Tree } from '@editable/torch';
import type { Editor, Hyperparameters } from '../editing/editor.js';

export interface CheckpointedOptions<State extends Tree> {
  readonly editor: Editor;
  readonly maxSteps: number;
  readonly firstOrder: boolean;
  /** What reaches the first edited stage for the edited input. */
  readonly prefix: State;
  /** Tensors besides θ and the prefix that the loss depends on. */
  readonly others: readonly Tensor[];
}

/** l_e of edited parameters, from what reaches the first of their stages. */
export type LossFrom<State extends Tree> = (theta: readonly Tensor[], prefix: State) => Tensor;

interface Start {
  readonly theta: readonly Tensor[];
  readonly state: unknown;
}

export class CheckpointedSteps<State extends Tree> {
  /** θ̂: leaves of a graph, so that gradients can be asked for them. */
  readonly theta: readonly Tensor[];
  readonly steps: number;
  readonly #lossFrom: LossFrom<State>;
  readonly #options: CheckpointedOptions<State>;
  readonly #starts: readonly Start[];

  /** Takes the steps of `editLoop`: up to `maxSteps`, ending as soon as the loss is 0 or NaN. */
  constructor(lossFrom: LossFrom<State>, initial: readonly Tensor[], options: CheckpointedOptions<State>) {
    this.#lossFrom = lossFrom;
    this.#options = options;
    const { editor, maxSteps } = options;
    const starts: Start[] = [];
    let now: Start = { theta: asLeaves(initial), state: editor.init() };
    while (starts.length < maxSteps) {
      const next = scope(() => this.#advance(now));
      if (next === undefined) break;
      starts.push(now);
      now = next;
    }
    this.theta = now.theta;
    this.steps = starts.length;
    this.#starts = starts;
  }

  /** From the gradient of an objective in θ̂ to its gradients in everything that the steps depend on. */
  gradients(upstream: readonly Tensor[]): StepGradients {
    const { editor, prefix, others } = this.#options;
    const learned = Object.entries(editor.hyperparameters).filter(([, value]) => value instanceof Tensor);
    const fixed: Fixed<State> = {
      prefix: mapTree(prefix, asFloatLeaf),
      names: learned.map(([name]) => name),
      hyperparameters: learned.map(([, value]) => asLeaf(value as Tensor)),
      others,
    };
    let back: Back = {
      theta: upstream,
      state: [],
      fixed: inputsOf(fixed).map((each) => each.zerosLike()),
    };
    for (const start of [...this.#starts].reverse()) {
      const earlier = scope(() => this.#stepBack(start, back, fixed));
      for (const each of [...(back.theta === upstream ? [] : back.theta), ...back.state, ...back.fixed]) each.dispose();
      back = earlier;
    }
    const received = floatsOf(prefix).length;
    const rest = back.fixed.slice(received);
    return {
      theta: back.theta,
      prefix: back.fixed.slice(0, received),
      hyperparameters: rest.slice(0, learned.length),
      others: rest.slice(learned.length),
    };
  }

  #advance({ theta, state }: Start): Start | undefined {
    const { editor, prefix } = this.#options;
    const loss = enableGrad(() =>
      this.#lossFrom(
        theta,
        mapTree(prefix, (each) => each.detach()),
      ),
    );
    if (!(loss.item() > 0)) return undefined;
    const gradients = grad(loss, theta, { allowUnused: true });
    const next = noGrad(() => editor.update({ theta, gradients, loss }, state));
    return { theta: asLeaves(next.theta), state: mapTensors(next.state, (each) => each.detach()) };
  }

  /** The step again, this time with its graph, and the gradients through it. */
  #stepBack({ theta, state }: Start, after: Back, fixed: Fixed<State>): Back {
    const { editor, firstOrder } = this.#options;
    const from = mapTensors(state, asLeaf);
    const own = editor.with(Object.fromEntries(fixed.names.map((name, i) => [name, fixed.hyperparameters[i]!])));
    const next = enableGrad(() => {
      const loss = this.#lossFrom(theta, fixed.prefix);
      const gradients = grad(loss, theta, {
        createGraph: !firstOrder,
        retainGraph: true,
        allowUnused: true,
      });
      return own.update({ theta, gradients, loss }, from);
    });
    const stateBefore = tensorsOf(from);
    const stateAfter = after.state.length === 0 ? [] : tensorsOf(next.state);
    const inputs = [...theta, ...stateBefore, ...inputsOf(fixed)];
    const upstream = [...after.theta, ...after.state];
    // Without second order, a state may depend on nothing that is learned.
    const outputs = [...next.theta, ...stateAfter].map((value, i) => ({ value, seed: upstream[i] as Tensor }));
    const reached = outputs.filter(({ value }) => value.requiresGrad);
    const gradients = grad(
      reached.map(({ value }) => value),
      inputs,
      { gradOutputs: reached.map(({ seed }) => seed), allowUnused: true },
    );
    const [n, m] = [theta.length, theta.length + stateBefore.length];
    return {
      theta: gradients.slice(0, n),
      state: gradients.slice(n, m),
      fixed: gradients.slice(m).map((each, i) => each.add(after.fixed[i] as Tensor)),
    };
  }
}

export interface StepGradients {
  /** In the parameters before the first step. */
  readonly theta: readonly Tensor[];
  /** In the tensors of the prefix that are of real numbers. */
  readonly prefix: readonly Tensor[];
  /** In the editor's hyperparameters that are tensors, in their order. */
  readonly hyperparameters: readonly Tensor[];
  readonly others: readonly Tensor[];
}

/** What all steps share, cut off from what it came from. */
interface Fixed<State extends Tree> {
  readonly prefix: State;
  readonly names: readonly (keyof Hyperparameters & string)[];
  readonly hyperparameters: readonly Tensor[];
  readonly others: readonly Tensor[];
}

/** Gradients at one point of the way back; `fixed` adds up over the steps. */
interface Back {
  readonly theta: readonly Tensor[];
  /** Empty after the last step: nothing depends on its state. */
  readonly state: readonly Tensor[];
  readonly fixed: readonly Tensor[];
}

const inputsOf = ({ prefix, hyperparameters, others }: Fixed<Tree>): readonly Tensor[] => [
  ...floatsOf(prefix),
  ...hyperparameters,
  ...others,
];

/** Those of a tree's tensors that have gradients: not masks or tokens. */
export const floatsOf = (tree: Tree): Tensor[] => leavesOf(tree).filter(({ dtype }) => isFloating(dtype));

const asFloatLeaf = (value: Tensor): Tensor => (isFloating(value.dtype) ? asLeaf(value) : value);

const asLeaf = (value: Tensor): Tensor => value.detach().requiresGrad_();

const asLeaves = (values: readonly Tensor[]): Tensor[] => values.map(asLeaf);

/** The tensors of an editor's state, whatever its form, in one order. */
function tensorsOf(state: unknown): Tensor[] {
  const found: Tensor[] = [];
  mapTensors(state, (each) => {
    found.push(each);
    return each;
  });
  return found;
}

/** The same state with other tensors. */
function mapTensors(state: unknown, change: (value: Tensor) => Tensor): unknown {
  if (state instanceof Tensor) return change(state);
  if (Array.isArray(state)) return state.map((each) => mapTensors(each, change));
  if (state === null || typeof state !== 'object') return state;
  return Object.fromEntries(Object.entries(state).map(([name, value]) => [name, mapTensors(value, change)]));
}
