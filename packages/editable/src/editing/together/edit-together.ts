/**
 * Many repairs in force together. Each step is a projection in the metric of the curvature: the least Δᵀ F Δ that meets
 * the linearised constraints near or past violation, all at once. Solved from the base, the result is a function of the
 * base and the set of constraints: neither their order nor their history matters.
 */
import { type nn, noGrad, scope, type Tensor, type Tree, withThreads } from '@editable/torch';
import { EditableError } from '../../errors.js';
import type { Constraint } from '../constraint.js';
import type { Curvature } from '../curvature/curvature.js';
import type { Editor } from '../editor.js';
import { firstStageOf } from '../layers.js';
import { named } from '../named.js';
import { threadsFor } from '../threads.js';
import { canonicalOrder } from './canonical-order.js';
import { ConstraintRows } from './constraint-rows.js';
import { type ProjectedStep, Projection, type ProjectionOptions } from './projection.js';
import { settle } from './settle.js';

export interface EditTogetherOptions<Input extends Tree = Tensor, State extends Tree = Input> {
  /** An editor with a curvature: `natural`. What it is of is what may change. */
  readonly editor: Editor;
  /** Steps for the whole set; default 30. */
  readonly maxSteps?: number;
  /** Start from these parameters, those of a smaller set perhaps, instead of the base's; the result then depends on them. */
  readonly start?: nn.Model<Input, State>;
  /** The constraints' inputs are what the first edited stage receives: a set that is kept needs no more of them. */
  readonly received?: boolean;
  /**
   * Whether what the curvature says of settling is done: 'no', for a set that will grow before it is used; 'anyway', also
   * where every constraint holds from the start. Default: once steps were made.
   */
  readonly settling?: 'no' | 'anyway';
}

export interface EditTogetherResult<Input extends Tree = Tensor, State extends Tree = Input> {
  /** Shares every tensor that the repairs do not change with the base. */
  readonly model: nn.Model<Input, State>;
  /** Every constraint holds. */
  readonly success: boolean;
  /** Those that led to the result; not those before a contradiction was found. */
  readonly steps: number;
  /** For each constraint as given: it holds. */
  readonly held: readonly boolean[];
  /** l_e of each. */
  readonly losses: readonly number[];
  /** Pairs that pull in opposite directions: they cannot hold together, and neither was solved for. */
  readonly conflicts: readonly (readonly [number, number])[];
  /** Those that held at the start and failed at some step on the way. */
  readonly disturbed: readonly number[];
  /** Names of the changed parameters; none if every constraint held from the start. */
  readonly changed: readonly string[];
}

/**
 * The base with every constraint in force.
 *
 * @throws EditableError INVALID_ARGUMENT for an editor without a curvature or an empty set; NOT_FINITE where the model's own
 * output is not finite.
 * @example editTogether(model, mistakes.map(({ image, label }) => classification(image, label)), { editor: natural({ curvature }) })
 */
export function editTogether<Input extends Tree = Tensor, State extends Tree = Input>(
  base: nn.Model<Input, State>,
  constraints: readonly Constraint<Input | State>[],
  { editor, maxSteps = 30, start = base, received = false, settling }: EditTogetherOptions<Input, State>,
): EditTogetherResult<Input, State> {
  const { curvature } = editor;
  if (curvature === undefined || constraints.length === 0) {
    throw new EditableError(
      'INVALID_ARGUMENT',
      `editTogether: expected an editor with a curvature and at least one constraint, received ${editor.name} and ${constraints.length}.`,
    );
  }
  const names = curvature.parameters;
  return scope(() => {
    const order = canonicalOrder(constraints);
    const from = firstStageOf(base, names);
    const inputs = order.map((at) => constraints[at] as Constraint<Input | State>);
    const rows = new ConstraintRows(
      base,
      received ? inputs : inputs.map((each) => receivedBy(base, each, from)),
      names,
    );
    const problem = { base, start, curvature, overshoot: overshootOf(editor), maxSteps, settling };
    const edited = names.map((name) => base.parameters.get(name) as Tensor);
    const solved = withThreads(threadsFor(edited, rows.all.length), () => solve(rows, problem));
    const place = (i: number): number => order[i] as number;
    const held: boolean[] = [];
    const losses: number[] = [];
    for (const [i, { holds, loss }] of rows.judge(solved.theta, solved.residuals).entries()) {
      held[place(i)] = holds;
      losses[place(i)] = loss;
    }
    const { origin, steps, moved } = solved;
    return {
      model: moved ? start.with({ parameters: named(names, solved.theta) }) : origin,
      success: held.every(Boolean),
      steps,
      held,
      losses,
      disturbed: solved.disturbed.map(place).sort((a, b) => a - b),
      conflicts: solved.conflicts.map(([a, b]) => [place(a), place(b)] as const).map(ascending),
      changed: !moved && origin === base ? [] : names,
    };
  });
}

/** The constraint with what the stage `from` receives in place of its input: all that a later solution needs of it. */
export const receivedBy = <Input extends Tree, State extends Tree>(
  model: nn.Model<Input, State>,
  constraint: Constraint<Input | State>,
  from: number,
): Constraint<State> => ({
  ...constraint,
  // A class's methods are not its objects' own properties.
  loss: (output) => constraint.loss(output),
  ...(constraint.residuals && { residuals: (output) => constraint.residuals!(output) }),
  ...(constraint.ranking && { ranking: constraint.ranking }),
  ...(constraint.holds && { holds: (output) => constraint.holds!(output) }),
  input: noGrad(() => scope(() => model.call(constraint.input, { to: from }).output)),
});

interface Problem<Input extends Tree, State extends Tree> {
  readonly base: nn.Model<Input, State>;
  readonly start: nn.Model<Input, State>;
  readonly curvature: Curvature;
  readonly overshoot: number;
  readonly maxSteps: number;
  readonly settling: EditTogetherOptions['settling'];
}

interface Solution<Input extends Tree, State extends Tree> {
  readonly theta: readonly Tensor[];
  /** At theta. */
  readonly residuals: Float64Array;
  /** The model that the steps were made from. */
  readonly origin: nn.Model<Input, State>;
  readonly steps: number;
  /** theta is not that of `origin`. */
  readonly moved: boolean;
  readonly conflicts: readonly (readonly [number, number])[];
  readonly disturbed: readonly number[];
}

/** Rows this close to violation, in nats, take part in a step, so that it does not push them over: */
const near = 0.5;
/** while all together are so many. In a larger set only those take part that a step would push over, found by trying it. */
const mostNear = 100;
/** How often such a step is made, each time with the rows that the last one pushed over. */
const mostTries = 4;

function solve<Input extends Tree, State extends Tree>(
  rows: ConstraintRows,
  problem: Problem<Input, State>,
): Solution<Input, State> {
  const { base, start, curvature, overshoot, maxSteps } = problem;
  const initial = (model: nn.Model<Tree>): readonly Tensor[] =>
    curvature.parameters.map((name) => model.parameters.get(name) as Tensor);
  const conflicts: (readonly [number, number])[] = [];
  const dropped = new Set<number>();
  const disturbed = new Set<number>();
  let failedAtFirst: ReadonlySet<number> = new Set();
  let recurring = new Recurring();
  let origin = start;
  let theta = initial(start);
  let residuals = rows.residuals(theta);
  rows.checkFinite(residuals);
  for (let steps = 0; ; steps++) {
    const failing = failingIn(rows, residuals);
    if (steps === 0) failedAtFirst = failing;
    for (const at of failing) if (!failedAtFirst.has(at)) disturbed.add(at);
    const open = rows.all.filter((row) => !dropped.has(rows.constraintOf(row)));
    const violated = open.filter((row) => fails(residuals, row));
    if (violated.length === 0 || steps === maxSteps) {
      const found = { origin, steps, conflicts, disturbed: [...disturbed] };
      const { settling } = curvature;
      const settles = problem.settling !== 'no' && (problem.settling === 'anyway' || steps > 0);
      if (settling === undefined || violated.length > 0 || !settles)
        return { ...found, theta, residuals, moved: steps > 0 };
      const place = settle(rows, { theta, residuals, open, curvature, overshoot }, settling);
      return { ...found, ...place, moved: steps > 0 || place.theta !== theta };
    }
    recurring.see(residuals);
    const [before, again] = [residuals, recurring];
    const close = open.filter((row) => again.has(row) || !((before[row] as number) <= -near));
    const few = close.length <= mostNear;
    const active = few ? close : close.filter((row) => again.has(row) || fails(before, row));
    const options = { open, active, tries: few ? 1 : mostTries, theta, residuals: before, curvature, overshoot };
    const step = scope(() => stepOf(rows, options));
    ({ theta, residuals } = step);
    for (const row of step.pushed) disturbed.add(rows.constraintOf(row));
    if (step.contradictions.length === 0) continue;
    for (const [a, b] of step.contradictions) {
      conflicts.push([a, b]);
      dropped.add(a).add(b);
    }
    // As if they had never been asked for.
    origin = base;
    theta = initial(base);
    residuals = rows.residuals(theta);
    recurring = new Recurring();
    steps = -1;
  }
}

interface Step extends ProjectedStep {
  /** Of all rows, at the step's `theta`. */
  readonly residuals: Float64Array;
  /** Rows that a step without them would have pushed over. */
  readonly pushed: readonly number[];
}

interface StepOptions extends ProjectionOptions {
  /** Rows that shall hold. */
  readonly open: readonly number[];
  /** Those that take part in the first try. */
  readonly active: readonly number[];
  readonly tries: number;
}

/** A step for the active rows, and for those that it would push over otherwise. */
function stepOf(rows: ConstraintRows, { open, active, tries, ...options }: StepOptions): Step {
  const projection = new Projection(rows, options);
  const pushed: number[] = [];
  let adding = active;
  for (let done = 1; ; done++) {
    projection.add(adding);
    const step = projection.step();
    if (step.contradictions.length > 0) return { ...step, residuals: options.residuals, pushed };
    const residuals = rows.residuals(step.theta);
    adding = open.filter((row) => fails(residuals, row) && !projection.has(row));
    if (adding.length === 0 || done === tries) return { ...step, residuals, pushed };
    pushed.push(...adding);
  }
}

const fails = (residuals: Float64Array, row: number): boolean => !((residuals[row] as number) <= 0);

/**
 * Rows that held once and failed later. Where each of two constraints is met by a step that breaks the other, they are never
 * near violation together; once both have failed again they take part in every step, and the contradiction shows.
 */
class Recurring {
  readonly #held = new Set<number>();
  readonly #again = new Set<number>();

  see(residuals: Float64Array): void {
    for (const [row, residual] of residuals.entries()) {
      if (residual <= 0) this.#held.add(row);
      else if (this.#held.has(row)) this.#again.add(row);
    }
  }

  has(row: number): boolean {
    return this.#again.has(row);
  }
}

/** Constraints with a row past violation. */
const failingIn = (rows: ConstraintRows, residuals: Float64Array): ReadonlySet<number> =>
  new Set(rows.all.filter((row) => fails(residuals, row)).map((row) => rows.constraintOf(row)));

const overshootOf = ({ hyperparameters: { overshoot = 0 } }: Editor): number =>
  typeof overshoot === 'object' ? overshoot.item() : Number(overshoot);

const ascending = ([a, b]: readonly [number, number]): readonly [number, number] => (a < b ? [a, b] : [b, a]);
