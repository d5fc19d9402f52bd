/** The last stages of a model as a model of its own: what comes before is then computed apart, and does not change. */
import type { nn, Tensor } from '@editable/torch';
import { EditableError } from '../errors.js';
import { moduleName } from './module-name.js';

/**
 * The stages from `stage` (a stage's or a group's name) on; the input is what that stage receives.
 *
 * @throws EditableError UNKNOWN_LAYER where there is no such stage.
 */
export function tailOf(model: nn.Model, stage: string): nn.Model {
  return new Tail(model, stageNamed(model, stage));
}

/** The number of the stage of that name, or of the first one of that group. @throws EditableError UNKNOWN_LAYER */
export function stageNamed(model: nn.Model, name: string): number {
  const found = model.stages.findIndex((stage) => stage.name === name || stage.group === name);
  if (found >= 0) return found;
  const known = model.stages.map((stage) => stage.name).join(', ');
  throw new EditableError('UNKNOWN_LAYER', `expected a stage of the model (${known}), received "${name}".`);
}

class Tail implements nn.Model {
  readonly parameters: nn.NamedTensors;
  readonly buffers: nn.NamedTensors;
  readonly stages: readonly nn.ModelStage[];
  readonly #whole: nn.Model;
  readonly #from: number;

  constructor(whole: nn.Model, from: number) {
    this.#whole = whole;
    this.#from = from;
    this.stages = whole.stages.slice(from);
    const names = new Set(this.stages.flatMap((stage) => stage.parameters));
    const modules = new Set([...names].map(moduleName));
    this.parameters = new Map([...whole.parameters].filter(([name]) => names.has(name)));
    const belongs = (name: string): boolean => {
      const module = moduleName(name);
      return modules.has(module) || [...modules].some((each) => each.startsWith(`${module}.`));
    };
    this.buffers = new Map([...whole.buffers].filter(([name]) => belongs(name)));
  }

  get layers(): readonly nn.ModelLayer[] {
    return this.#whole.layers.filter(({ parameters }) =>
      [...parameters.values()].some((name) => this.parameters.has(name)),
    );
  }

  call(input: Tensor, { from = 0, to = this.stages.length, ...rest }: nn.CallOptions = {}): nn.CallResult {
    return this.#whole.call(input, { ...rest, from: this.#from + from, to: this.#from + to });
  }

  with(changes: Parameters<nn.Model['with']>[0]): nn.Model {
    return new Tail(this.#whole.with(changes), this.#from);
  }
}
