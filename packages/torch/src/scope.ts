/**
 * Memory is a scope: `scope(() => …)` frees every tensor made inside but those it returns.
 * Tensors made outside any scope are freed by the garbage collector, which is told of their native bytes.
 */
import { TorchError } from './errors.js';
import { type Handle, native } from './native.js';

/** What a scope keeps track of: anything that holds a native handle and can lose it. */
export interface Tracked {
  handle: Handle;
}

const stack: Tracked[][] = [];
let current: Tracked[] | undefined;

const forgotten = new FinalizationRegistry<{ handle: Handle; bytes: number }>((held) => {
  if (held.handle === 0) return;
  native.release(held.handle);
  native.adjustExternalMemory(-held.bytes);
});
const heldByCollector = new WeakMap<Tracked, { handle: Handle; bytes: number }>();

/** Called for every new tensor. */
export function track(tensor: Tracked): void {
  if (current !== undefined) current.push(tensor);
  else giveToCollector(tensor);
}

/** Frees one tensor now; a second call does nothing. */
export function release(tensor: Tracked): void {
  if (tensor.handle === 0) return;
  native.release(tensor.handle);
  tensor.handle = 0;
  const held = heldByCollector.get(tensor);
  if (held === undefined) return;
  held.handle = 0;
  native.adjustExternalMemory(-held.bytes);
  heldByCollector.delete(tensor);
  forgotten.unregister(tensor);
}

/**
 * Runs `body` and frees every tensor made inside it, but those reachable from its result (through arrays, maps, sets
 * and own properties of objects). They go to the enclosing scope. On a throw everything made inside is freed.
 *
 * @throws TorchError SCOPE_MISUSE if `body` returns a promise: the scope would end before the work does.
 * @example const y = scope(() => x.mul(2).add(1));
 */
export function scope<Result>(body: () => Result): Result {
  const made = enter();
  let kept: ReadonlySet<unknown> = new Set();
  try {
    const result = body();
    if (result instanceof Promise) {
      throw new TorchError(
        'SCOPE_MISUSE',
        'scope: the function returned a Promise; use scopes only around synchronous work.',
      );
    }
    kept = reachable(result);
    return result;
  } finally {
    leave(made, kept);
  }
}

/** Takes a tensor out of every scope: from here on it lives until disposed or collected. Returns it. */
export function keep<Kept extends Tracked>(tensor: Kept): Kept {
  for (const made of stack) {
    const at = made.indexOf(tensor);
    if (at >= 0) made.splice(at, 1);
  }
  if (!heldByCollector.has(tensor)) giveToCollector(tensor);
  return tensor;
}

/** A scope for `using`: everything made until the end of the block is freed there. */
export function openScope(): Disposable {
  const made = enter();
  return { [Symbol.dispose]: () => leave(made, new Set()) };
}

function enter(): Tracked[] {
  const made: Tracked[] = [];
  stack.push(made);
  current = made;
  return made;
}

let batch: Uint32Array = new Uint32Array(1024);

function leave(made: Tracked[], kept: ReadonlySet<unknown>): void {
  if (stack.pop() !== made)
    throw new TorchError('SCOPE_MISUSE', 'scope: scopes must end in the reverse order of their beginning.');
  current = stack.at(-1);
  if (batch.length < made.length) batch = new Uint32Array(made.length * 2);
  let count = 0;
  for (const tensor of made) {
    if (tensor.handle === 0) continue;
    if (kept.has(tensor)) {
      track(tensor);
    } else {
      batch[count++] = tensor.handle;
      tensor.handle = 0;
    }
  }
  native.release(batch, count);
}

function giveToCollector(tensor: Tracked): void {
  const held = { handle: tensor.handle, bytes: native.nbytes(tensor.handle) };
  heldByCollector.set(tensor, held);
  forgotten.register(tensor, held, tensor);
  native.adjustExternalMemory(held.bytes);
}

function reachable(root: unknown): ReadonlySet<unknown> {
  const seen = new Set<unknown>();
  const pending: unknown[] = [root];
  while (pending.length > 0) {
    const value = pending.pop();
    if (typeof value !== 'object' || value === null || ArrayBuffer.isView(value) || seen.has(value)) continue;
    seen.add(value);
    if (isTracked(value)) continue;
    if (value instanceof Map) pending.push(...value.keys(), ...value.values());
    else if (value instanceof Set || Array.isArray(value)) for (const item of value) pending.push(item);
    else pending.push(...Object.values(value));
  }
  return seen;
}

const isTracked = (value: object): value is Tracked => typeof (value as Partial<Tracked>).handle === 'number';
