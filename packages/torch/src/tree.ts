/** Trees of tensors: what models take that need more than one, as a pair of token sequences. */
import { cat } from './functions.generated.js';
import { Tensor } from './tensor.js';

/** A tensor, a list of trees, or an object of them; what is undefined is left out. */
export type Tree = Tensor | readonly Tree[] | { readonly [name: string]: Tree | undefined };

/**
 * The same form with other tensors.
 * @example mapTree({ source, target }, (each) => each.narrow(0, 0, 8))
 */
export const mapTree = <Form extends Tree>(tree: Form, change: (leaf: Tensor) => Tensor): Form =>
  mapped(tree, change) as Form;

/** A tree's tensors, in one order: a list's, and an object's by its keys. */
export function leavesOf(tree: Tree): Tensor[] {
  const found: Tensor[] = [];
  mapTree(tree, (leaf) => {
    found.push(leaf);
    return leaf;
  });
  return found;
}

/** Trees of one form as one, leaf by leaf along dimension 0. */
export function catTrees<Form extends Tree>(trees: readonly Form[]): Form {
  const [first] = trees as readonly [Form];
  if (trees.length === 1) return first;
  const leaves = trees.map(leavesOf);
  let at = 0;
  return mapTree(first, () => {
    const joined = cat(leaves.map((each) => each[at] as Tensor));
    at += 1;
    return joined;
  });
}

/** Length of dimension 0, which a tree's tensors share where it stands for a batch. */
export const batchSizeOf = (tree: Tree): number => leavesOf(tree)[0]?.shape[0] ?? 0;

function mapped(tree: unknown, change: (leaf: Tensor) => Tensor): unknown {
  if (tree instanceof Tensor) return change(tree);
  if (Array.isArray(tree)) return tree.map((each) => mapped(each, change));
  if (tree === null || typeof tree !== 'object') return tree;
  return Object.fromEntries(Object.entries(tree).map(([name, value]) => [name, mapped(value, change)]));
}
