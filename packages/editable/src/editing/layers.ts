/** Which parameters an edit may change: by stage, by chain, by name, or by a predicate. */
import type { nn, Tree } from '@editable/torch';
import { EditableError } from '../errors.js';

/**
 * `'all'`, a chain's number (3 is `chain-3`), names of stages, groups of them, modules or parameters (`'layer3'`,
 * `'chain-3'`, `'layer3.0.conv1'`), or a predicate on parameter names. Where no group has the name, `chain-3` is `layer3`.
 */
export type LayerSelection = 'all' | number | string | readonly string[] | ((parameter: string) => boolean);

/**
 * The selected parameters' names, in the model's order.
 *
 * @throws EditableError UNKNOWN_LAYER where a name selects nothing.
 */
export function selectParameters(model: nn.Model<Tree>, layers: LayerSelection): string[] {
  const names = [...model.parameters.keys()];
  if (layers === 'all') return names;
  if (typeof layers === 'function') return [...nonEmpty(names.filter(layers), 'the predicate', model)];
  const wanted = Array.isArray(layers)
    ? (layers as string[])
    : [typeof layers === 'number' ? `chain-${layers}` : (layers as string)];
  const selected = new Set(wanted.flatMap((name) => nonEmpty(parametersOf(model, name), `"${name}"`, model)));
  return names.filter((name) => selected.has(name));
}

/** The first stage that holds one of the parameters: what comes before is not touched by the edit. */
export function firstStageOf(model: nn.Model<Tree>, parameters: readonly string[]): number {
  const edited = new Set(parameters);
  const first = model.stages.findIndex((stage) => stage.parameters.some((name) => edited.has(name)));
  return Math.max(first, 0);
}

function parametersOf(model: nn.Model<Tree>, name: string): readonly string[] {
  if (name === 'all') return [...model.parameters.keys()];
  const chain = /^chain-?(\d+)$/.exec(name)?.[1];
  const group = chain === undefined ? name : `chain-${chain}`;
  const together = model.stages.filter((stage) => stage.group === group);
  if (together.length > 0) return together.flatMap(({ parameters }) => parameters);
  const prefix = chain === undefined ? name : `layer${chain}`;
  const stage = model.stages.find((each) => each.name === prefix);
  if (stage !== undefined) return stage.parameters;
  return [...model.parameters.keys()].filter((parameter) => parameter === prefix || parameter.startsWith(`${prefix}.`));
}

function nonEmpty(parameters: readonly string[], what: string, model: nn.Model<Tree>): readonly string[] {
  if (parameters.length > 0) return parameters;
  const groups = model.stages.flatMap(({ group }) => group ?? []);
  const modules = [...model.parameters.keys()].map((name) => name.split('.')[0]);
  throw new EditableError(
    'UNKNOWN_LAYER',
    `layers: ${what} selects no parameter of this model; it has ${[...new Set([...groups, ...modules])].join(', ')}, or use "all".`,
  );
}
