/** F as one block a layer: its inverse is that of each block, applied to the layer's part of a vector. */
import type { Tensor } from '@editable/torch';
import type { FactoredGradient } from './curvature.js';
import { type LayerBlock, matricesOf, parametersOf, vectorsOf } from './layer-blocks.js';

/** One layer's part of some vectors. */
export interface BlockVectors {
  /** As `matricesOf` has it; put together when it is asked for. */
  matrices(): Tensor;
  /** The same as sums over few positions, where that is known. */
  readonly factored: FactoredGradient | undefined;
}

/** `parameters`: what the vectors are of, in order; `inverse` applies a layer's, giving matrices as `matricesOf` has them. */
export function blockwise<Layer extends { readonly block: LayerBlock }>(
  { parameters, layers }: { readonly parameters: readonly string[]; readonly layers: readonly Layer[] },
  vectors: readonly Tensor[],
  factored: readonly FactoredGradient[],
  inverse: (layer: Layer, own: BlockVectors) => Tensor,
): Tensor[] {
  const solved = new Map<string, Tensor>();
  const given = (name: string | undefined): Tensor | undefined =>
    name === undefined ? undefined : (vectors[parameters.indexOf(name)] as Tensor);
  for (const layer of layers) {
    const { block } = layer;
    const product = inverse(layer, {
      matrices: () => matricesOf(block, given(block.weight), given(block.bias)),
      factored: factored.find((each) => each.layer === block.layer),
    });
    const names = parametersOf(block);
    for (const [i, part] of vectorsOf(block, product).entries()) solved.set(names[i] as string, part);
  }
  return parameters.map((name) => solved.get(name) as Tensor);
}

/** G M A for each vector's M, [vectors, groups, outputs, inputs]. One group's factor is not copied. */
export function between(g: Tensor, matrices: Tensor, a: Tensor): Tensor {
  if (a.shape[0] !== 1) return g.matmul(matrices.matmul(a));
  return g
    .squeeze(0)
    .matmul(matrices.squeeze(1).matmul(a.squeeze(0)))
    .unsqueeze(1);
}
