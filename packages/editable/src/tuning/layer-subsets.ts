/** Which sets of layers a card compares: each stage of the model alone, and everything (section 4.1, table 2). */
import type { nn } from '@editable/torch';

/** Names as `selectParameters` takes them; a model of one stage is divided by its outermost modules. */
export function layerSubsets(model: nn.Model): string[] {
  const stages = model.stages.filter(({ parameters }) => parameters.length > 0).map(({ name }) => name);
  const parts = stages.length > 1 ? stages : [...new Set([...model.parameters.keys()].map(outermost))];
  return parts.length > 1 ? [...parts, 'all'] : ['all'];
}

const outermost = (parameter: string): string => parameter.split('.')[0] as string;
