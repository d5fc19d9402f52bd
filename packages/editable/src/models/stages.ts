/** Stages that networks have in common: those of a sequence of features, and the last ones with the extra layer in them. */
import type { nn, Tensor } from '@editable/torch';
import type { ExtraLayer } from './extra-layer.js';

/** The mean over all positions: [batch, channels, height, width] → [batch, channels]. */
export const pooled = (input: Tensor): Tensor => input.mean([2, 3]);

/**
 * Stages of modules that run one after another, named by their path: each that has tensors, with those without that
 * follow. `groups`: of the modules that begin one, its name.
 */
export function sequenceStages(
  path: string,
  modules: Readonly<Record<string, nn.Module>>,
  groups: Readonly<Record<string, string>> = {},
): nn.Stage[] {
  const stages: { readonly name: string; readonly group: string | undefined; readonly parts: nn.Module[] }[] = [];
  for (const [child, module] of Object.entries(modules)) {
    const last = stages.at(-1);
    if (last !== undefined && module.slots().size === 0) last.parts.push(module);
    else stages.push({ name: `${path}.${child}`, group: groups[child] ?? last?.group, parts: [module] });
  }
  return stages.map(({ name, group, parts }) => ({
    name,
    ...(group === undefined ? {} : { group }),
    children: [name],
    forward: (input, context) => parts.reduce((value, part) => part.forward(value, context), input),
  }));
}

/** The last layer, which is the child `child`, and the extra layer before it; `reduce` makes what the first of them takes. */
export function headStages(
  child: string,
  head: nn.Module,
  { reduce, extra }: { readonly reduce: (features: Tensor) => Tensor; readonly extra: ExtraLayer | undefined },
): nn.Stage[] {
  const last = (before: (input: Tensor) => Tensor): nn.Stage => ({
    name: 'head',
    children: [child],
    forward: (input, context) => head.forward(before(input), context),
  });
  return extra === undefined ? [last(reduce)] : [extraStage(extra, reduce), last((input) => input)];
}

export const extraStage = (extra: ExtraLayer, reduce: (features: Tensor) => Tensor): nn.Stage => ({
  name: 'extra',
  children: ['extra'],
  forward: (input, context) => extra.forward(reduce(input), context),
});
