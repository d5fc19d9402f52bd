/** Which sets of layers a card compares: each stage or group of stages alone, and everything (section 4.1, table 2). */
import type { nn } from '@editable/torch';

/** Names as `selectParameters` takes them; a model of one stage is divided by its outermost modules. */
export function layerSubsets(model: nn.Model): string[] {
  const stages = model.stages.filter(({ parameters }) => parameters.length > 0);
  const parts = unique(
    stages.length > 1 ? stages.map(({ name, group }) => group ?? name) : [...model.parameters.keys()].map(outermost),
  );
  return parts.length > 1 ? [...parts, 'all'] : ['all'];
}

const unique = (names: readonly string[]): string[] => [...new Set(names)];

const outermost = (parameter: string): string => parameter.split('.')[0] as string;
