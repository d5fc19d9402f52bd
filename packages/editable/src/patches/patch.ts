/**
 * A repair as a small file: the new values of the tensors that an edit changed, in safetensors, with what it is for.
 * Models are values, so a patch is reverted by using the model that it was applied to.
 */
import {
  type DType,
  fromHost,
  type HostTensors,
  isFloating,
  type nn,
  parseSafetensors,
  readFileOrExplain,
  type SafetensorsFile,
  scope,
  type Tensor,
  TorchError,
  type Tree,
  writeSafetensors,
} from '@editable/torch';
import { EditableError } from '../errors.js';
import { modelHash } from './model-hash.js';
import { decodePatchInfo, encodePatchInfo, type PatchInfo } from './patch-info.js';

/** What the caller of savePatch knows about the edit; the rest is computed. */
export type PatchDetails = Omit<PatchInfo, 'baseHash' | 'resultHash' | 'createdAt'> & { readonly createdAt?: string };

/** A model as the values it has. */
type Valued = Pick<nn.Model, 'parameters' | 'buffers'>;

export interface PatchDescription extends PatchInfo {
  readonly tensors: readonly { readonly name: string; readonly dtype: DType; readonly shape: readonly number[] }[];
  /** Size of the tensors. */
  readonly bytes: number;
}

/**
 * Writes the tensors named by `changed` with their values in `edited`, whole or not at all.
 *
 * @throws EditableError INVALID_ARGUMENT where `edited` differs from `base` elsewhere too, or details cannot be stored;
 * NOT_FINITE for values that are NaN or infinite; TorchError INVALID_FILE where the file cannot be written.
 */
export function savePatch(
  path: string,
  base: Valued,
  edited: Valued,
  changed: readonly string[],
  details: PatchDetails,
): PatchInfo {
  requireOnlyChanged(base, edited, new Set(changed));
  const after = tensorsOf(edited);
  const values = new Map(changed.map((name) => [name, after.get(name) as Tensor]));
  requireFinite(values, 'savePatch: the edited model');
  const given: PatchInfo = {
    createdAt: new Date().toISOString(),
    ...details,
    baseHash: modelHash(base),
    resultHash: modelHash(edited),
  };
  const info = decodePatchInfo(encodePatchInfo(given));
  if (typeof info === 'string') {
    throw new EditableError('INVALID_ARGUMENT', `savePatch: the patch cannot be described: ${info}.`);
  }
  const metadata = new Map([...marks, ['patch', encodePatchInfo(info)]]);
  writeSafetensors(path, new Map([...values].map(([name, value]) => [name, value.toHost()])), metadata);
  return info;
}

/**
 * The model with the patch's values; it equals the saved one to the bit. The given model is left as it was.
 *
 * @throws EditableError INVALID_PATCH where the file is no patch, is damaged, or was made for another model; NOT_FINITE;
 * TorchError INVALID_FILE where it cannot be read.
 */
export function applyPatch<Input extends Tree = Tensor, State extends Tree = Input>(
  model: nn.Model<Input, State>,
  path: string,
): { readonly model: nn.Model<Input, State>; readonly info: PatchInfo } {
  const { info, tensors } = readPatch(path);
  requireFitting(tensorsOf(model), tensors, path);
  requireHash(modelHash(model), info.baseHash, path);
  return scope(() => {
    const values = onTheirDevices(tensorsOf(model), tensors);
    requireFinite(values, path);
    const patched = model.with({
      parameters: only(values, model.parameters),
      buffers: only(values, model.buffers),
    });
    if (modelHash(patched) !== info.resultHash) {
      throw refusal(path, 'its tensors do not give the model that it was saved from; it is damaged. Make it again');
    }
    return { model: patched, info };
  });
}

/** What a patch is and holds, without a model. @throws as applyPatch does for files that are no patches. */
export function describePatch(path: string): PatchDescription {
  const { info, tensors } = readPatch(path);
  const listed = [...tensors].map(([name, { dtype, shape }]) => ({ name, dtype, shape }));
  return { ...info, tensors: listed, bytes: [...tensors.values()].reduce((sum, { bytes }) => sum + bytes.length, 0) };
}

const marks = [
  ['format', 'editable-patch'],
  ['version', '1'],
] as const;

const refusal = (path: string, problem: string, options?: ErrorOptions): EditableError =>
  new EditableError('INVALID_PATCH', `cannot use ${path} as a patch: ${problem}.`, options);

function readPatch(path: string): { info: PatchInfo; tensors: HostTensors } {
  const { tensors, metadata } = parse(readFileOrExplain(path), path);
  if (metadata.get('format') !== 'editable-patch') {
    throw refusal(path, 'it is a safetensors file, but not one that `editable edit` wrote');
  }
  if (metadata.get('version') !== '1') {
    throw refusal(path, 'it is of a newer version than this program reads (1); update the program');
  }
  const info = decodePatchInfo(metadata.get('patch') ?? '');
  if (typeof info === 'string') throw refusal(path, `${info}; the file is damaged`);
  return { info, tensors };
}

function parse(bytes: Uint8Array, path: string): SafetensorsFile {
  try {
    return parseSafetensors(bytes, path);
  } catch (cause) {
    if (!(cause instanceof TorchError)) throw cause;
    throw refusal(path, cause.message.replace(`cannot read ${path}: `, ''), { cause });
  }
}

const tensorsOf = (model: Valued): nn.NamedTensors => new Map([...model.parameters, ...model.buffers]);

const only = (values: nn.NamedTensors, known: nn.NamedTensors): nn.NamedTensors =>
  new Map([...values].filter(([name]) => known.has(name)));

const onTheirDevices = (own: nn.NamedTensors, tensors: HostTensors): nn.NamedTensors =>
  new Map([...tensors].map(([name, host]) => [name, fromHost(host, { device: (own.get(name) as Tensor).device })]));

function requireFitting(own: nn.NamedTensors, tensors: HostTensors, path: string): void {
  for (const [name, { dtype, shape }] of tensors) {
    const mine = own.get(name);
    const quoted = JSON.stringify(name.slice(0, 80));
    if (mine === undefined) throw refusal(path, `it is of another model: this one has no tensor ${quoted}`);
    if (mine.shape.join() === shape.join() && mine.dtype === dtype) continue;
    const [expected, received] = [`${mine.dtype}[${mine.shape.join(', ')}]`, `${dtype}[${shape.join(', ')}]`];
    throw refusal(path, `it is of another model: expected ${quoted} as ${expected}, received ${received}`);
  }
}

function requireHash(own: string, base: string, path: string): void {
  if (own === base) return;
  throw refusal(
    path,
    `it was made for the model ${base.slice(0, 12)}…, and this one is ${own.slice(0, 12)}…; apply patches to the model that they were made for, in the order they were made`,
  );
}

function requireFinite(values: nn.NamedTensors, source: string): void {
  for (const [name, value] of values) {
    if (!isFloating(value.dtype) || scope(() => value.isfinite().all().item())) continue;
    throw new EditableError('NOT_FINITE', `${source}: ${name} has values that are NaN or infinite; the edit diverged.`);
  }
}

function requireOnlyChanged(base: Valued, edited: Valued, changed: ReadonlySet<string>): void {
  const before = tensorsOf(base);
  const after = tensorsOf(edited);
  const unknown = [...changed, ...after.keys()].find((name) => !before.has(name) || !after.has(name));
  const other = unknown ?? [...before.keys()].find((name) => !changed.has(name) && !same(before, after, name));
  if (other === undefined) return;
  const problem =
    unknown === undefined ? 'differs from the base, and is not named as changed' : 'is not in both models';
  throw new EditableError('INVALID_ARGUMENT', `savePatch: tensor ${JSON.stringify(other)} ${problem}.`);
}

/** Equal to the bit; the same tensor, as after an edit, without looking at its values. */
function same(before: nn.NamedTensors, after: nn.NamedTensors, name: string): boolean {
  const [a, b] = [before.get(name), after.get(name)];
  if (a === undefined || b === undefined || a === b) return a === b;
  const [x, y] = [a.toHost(), b.toHost()];
  return x.dtype === y.dtype && x.shape.join() === y.shape.join() && Buffer.compare(x.bytes, y.bytes) === 0;
}
