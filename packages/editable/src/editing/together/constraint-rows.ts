/**
 * Constraints as rows, one an example of their inputs, or one for each that the first shall outscore: what a row lacks at given
 * parameters, and its gradient.
 */
import {
  batchSizeOf,
  cat,
  catTrees,
  enableGrad,
  grad,
  mapTree,
  type nn,
  noGrad,
  scope,
  type Tensor,
  type Tree,
  tensor,
} from '@editable/torch';
import { EditableError } from '../../errors.js';
import { type Constraint, exampleShape, type Ranking } from '../constraint.js';
import { type ExampleGradients, exampleGradients } from '../curvature/example-gradients.js';
import { firstStageOf } from '../layers.js';
import { named } from '../named.js';

/** Rows that go through the edited stages at once. */
const forwardRows = 250;
const gradientRows = 64;

const roundingMargin = 1e-3;
const held = { holds: true, loss: 0 } as const;

/** Of some rows that ran together. */
export type RowGradients = Pick<ExampleGradients, 'gradients' | 'factored'>;

interface Row {
  readonly constraint: number;
  /** What it is of: one example, one that a ranking's first shall outscore, or the whole constraint. */
  readonly kind: 'example' | 'rival' | 'whole';
  /** In the constraint's input; of a whole constraint, none. */
  readonly example: number;
}

export class ConstraintRows {
  readonly all: readonly number[];
  readonly #model: nn.Model<Tree>;
  readonly #names: readonly string[];
  readonly #from: number;
  readonly #constraints: readonly Constraint<Tree>[];
  readonly #rows: readonly Row[];

  /** The constraints' inputs are what the first edited stage receives. */
  constructor(model: nn.Model<Tree>, constraints: readonly Constraint<Tree>[], names: readonly string[]) {
    this.#model = model;
    this.#names = names;
    this.#from = firstStageOf(model, names);
    this.#constraints = constraints;
    this.#rows = constraints.flatMap(({ input, residuals, ranking }, constraint): Row[] => {
      if (residuals === undefined && ranking === undefined) return [{ constraint, kind: 'whole', example: -1 }];
      const examples = examplesOf(input);
      return ranking === undefined
        ? examples.map((example) => ({ constraint, kind: 'example', example }))
        : examples.slice(1).map((example) => ({ constraint, kind: 'rival', example }));
    });
    this.all = [...this.#rows.keys()];
  }

  constraintOf(row: number): number {
    return (this.#rows[row] as Row).constraint;
  }

  /** What every row lacks: above 0 where it fails. */
  residuals(theta: readonly Tensor[]): Float64Array {
    const found = new Float64Array(this.#rows.length);
    for (const group of this.#groups(this.all, forwardRows)) {
      scope(() =>
        noGrad(() => {
          const output = this.#run(this.#inputs(group), theta);
          const values = this.#values(output, group).to('float64').data() as Float64Array;
          for (const [i, row] of group.entries()) found[row] = values[i] as number;
        }),
      );
    }
    return found;
  }

  /** Gradients of what the rows lack, in their order, group by group: a tensor [rows, ...shape] for each parameter. */
  gradients(rows: readonly number[], theta: readonly Tensor[]): readonly RowGradients[] {
    return this.#groups(rows, gradientRows).map((group) => this.#gradientsOf(group, theta));
  }

  /** Whether each constraint holds, and its loss; only those whose residuals leave it open are run again. */
  judge(
    theta: readonly Tensor[],
    residuals: Float64Array,
  ): readonly { readonly holds: boolean; readonly loss: number }[] {
    const clear = this.#constraints.map(({ residuals: rows, ranking }) => (rows ?? ranking) !== undefined);
    for (const row of this.all) {
      // Rows that run together round otherwise than alone.
      if (!((residuals[row] as number) <= -roundingMargin)) clear[this.constraintOf(row)] = false;
    }
    return this.#constraints.map((constraint, at) => (clear[at] ? held : this.#judgeAlone(constraint, theta)));
  }

  #judgeAlone(
    constraint: Constraint<Tree>,
    theta: readonly Tensor[],
  ): { readonly holds: boolean; readonly loss: number } {
    return scope(() =>
      noGrad(() => {
        const output = this.#run(constraint.input, theta);
        const loss = constraint.loss(output).item();
        return { holds: constraint.holds?.(output) ?? loss <= 0, loss };
      }),
    );
  }

  /** @throws EditableError NOT_FINITE */
  checkFinite(residuals: Float64Array): void {
    if (residuals.every((value) => !Number.isNaN(value))) return;
    throw new EditableError(
      'NOT_FINITE',
      'edit: the model gives NaN on this input; its weights or the input are not finite.',
    );
  }

  #gradientsOf(group: readonly number[], theta: readonly Tensor[]): RowGradients {
    const { kind } = this.#rows[group[0] as number] as Row;
    if (kind === 'rival') return this.#rivalGradients(group, theta);
    const input = this.#inputs(group);
    if (kind === 'example') {
      const values = (output: Tensor): Tensor => this.#values(output, group);
      return exampleGradients(this.#model, input, { names: this.#names, theta, values });
    }
    return scope(() => {
      const leaves = theta.map((each) => each.detach().requiresGrad_());
      const loss = enableGrad(() => this.#values(this.#run(input, leaves), group).sum());
      const gradients = grad(loss, leaves, { allowUnused: true }).map((each) => each.unsqueeze(0));
      return { gradients, factored: [] };
    });
  }

  /** Of each rival's score minus the first example's: the difference of the two gradients. */
  #rivalGradients(group: readonly number[], theta: readonly Tensor[]): RowGradients {
    const { input, ranking } = this.#constraint(this.constraintOf(group[0] as number));
    const examples = [0, ...this.#examplesOf(group)];
    return scope(() => {
      const values = (output: Tensor): Tensor => (ranking as Ranking).scores(output, examples);
      const found = exampleGradients(this.#model, pick(input, examples), { names: this.#names, theta, values });
      return noGrad(() => overFirst(found));
    });
  }

  #run(input: Tree, theta: readonly Tensor[]): Tensor {
    return this.#model.call(input, { from: this.#from, parameters: named(this.#names, theta) }).output;
  }

  /** Rows that can run together: of one shape, of one ranking, or a single whole constraint. */
  #groups(rows: readonly number[], most: number): readonly (readonly number[])[] {
    const groups: number[][] = [];
    let shape = '';
    for (const row of rows) {
      const { constraint, kind } = this.#rows[row] as Row;
      const own = kind === 'example' ? exampleShape(this.#constraint(constraint).input) : `constraint ${constraint}`;
      const last = groups.at(-1);
      if (last !== undefined && own === shape && last.length < most) last.push(row);
      else groups.push([row]);
      shape = own;
    }
    return groups;
  }

  #inputs(group: readonly number[]): Tree {
    const { constraint, kind } = this.#rows[group[0] as number] as Row;
    if (kind !== 'example') return this.#constraint(constraint).input;
    return catTrees(
      runs(group.map((row) => this.#rows[row] as Row)).map(({ constraint: of, examples }) =>
        pick(this.#constraint(of).input, examples),
      ),
    );
  }

  #examplesOf(group: readonly number[]): readonly number[] {
    return group.map((row) => (this.#rows[row] as Row).example);
  }

  #constraint(at: number): Constraint<Tree> {
    return this.#constraints[at] as Constraint<Tree>;
  }

  /** [rows of the group] */
  #values(output: Tensor, group: readonly number[]): Tensor {
    const first = this.#rows[group[0] as number] as Row;
    if (first.kind === 'whole') return this.#constraint(first.constraint).loss(output).reshape([1]);
    if (first.kind === 'rival') {
      const { input, ranking } = this.#constraint(first.constraint);
      const { scores, margin } = ranking as Ranking;
      const all = scores(output, examplesOf(input));
      return pick(all, this.#examplesOf(group)).sub(all.select(0, 0)).add(margin);
    }
    let offset = 0;
    const parts = runs(group.map((row) => this.#rows[row] as Row)).map(({ constraint: of, examples }) => {
      const constraint = this.#constraint(of);
      const size = batchSizeOf(constraint.input);
      const own = output.narrow(0, offset, examples.length);
      offset += examples.length;
      // Residuals are of the whole input: the examples left out are given any output, and not asked for.
      if (examples.length === size) return constraint.residuals!(own);
      const index = Array.from({ length: size }, (_, i) => Math.max(0, examples.indexOf(i)));
      return pick(constraint.residuals!(at(own, index)), examples);
    });
    return cat(parts);
  }
}

/** What each of the others has more than the first example. As sums over positions: its own, and the first's taken off. */
function overFirst({ gradients, factored }: RowGradients): RowGradients {
  const others = (each: Tensor): Tensor => each.narrow(0, 1, (each.shape[0] as number) - 1);
  const first = (each: Tensor): Tensor => each.narrow(0, 0, 1);
  const both = (each: Tensor, ofFirst: Tensor): Tensor => {
    const own = others(each);
    return cat([own, ofFirst.expand([...own.shape])], { dim: 2 });
  };
  return {
    gradients: gradients.map((each) => others(each).sub(first(each))),
    factored: factored
      .filter(({ outputs }) => 2 * (outputs.shape[2] as number) < (outputs.shape[3] as number))
      .map(({ layer, inputs, outputs }) => ({
        layer,
        inputs: both(inputs, first(inputs)),
        outputs: both(outputs, first(outputs).neg()),
      })),
  };
}

interface Run {
  readonly constraint: number;
  readonly examples: readonly number[];
}

/** Neighbours of one constraint together. */
function runs(rows: readonly Row[]): readonly Run[] {
  const found: { constraint: number; examples: number[] }[] = [];
  for (const { constraint, example } of rows) {
    const last = found.at(-1);
    if (last?.constraint === constraint) last.examples.push(example);
    else found.push({ constraint, examples: [example] });
  }
  return found;
}

const examplesOf = (input: Tree): readonly number[] => [...Array(batchSizeOf(input)).keys()];

const pick = <Form extends Tree>(value: Form, rows: readonly number[]): Form =>
  rows.length === batchSizeOf(value) ? value : at(value, rows);

const at = <Form extends Tree>(value: Form, rows: readonly number[]): Form =>
  mapTree(value, (leaf) => leaf.indexSelect(0, tensor(BigInt64Array.from(rows, BigInt), { device: leaf.device })));
