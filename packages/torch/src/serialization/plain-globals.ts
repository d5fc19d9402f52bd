/** The Python and NumPy names, all of them plain data, that checkpoints hold beside their tensors. */
import { MalformedFile, quoted } from './file-error.js';
import { PickleFunction, type Unpickling } from './pickle.js';

/** The stand-in for a Python global; undefined for the many that are not on the list. */
export const findPlainGlobal = (name: string): PickleFunction | undefined =>
  functions.get(name.replace(/^__builtin__\./, 'builtins.').replace(/^numpy\._core\./, 'numpy.core.'));

type Call = PickleFunction['call'];

const itemsOf = (name: string, items: unknown, unpickling: Unpickling): unknown[] => {
  if (items !== undefined && !Array.isArray(items)) throw new MalformedFile(`its pickle makes a ${name} of no list`);
  unpickling.spend(items?.length ?? 0);
  return items ?? [];
};

const list: Call = ([items], unpickling) => [...itemsOf('list', items, unpickling)];

const set: Call = ([items], unpickling) => new Set(itemsOf('set', items, unpickling));

const dictionary: Call = ([pairs], unpickling) => {
  const map = new Map<unknown, unknown>();
  for (const pair of itemsOf('dictionary', pairs, unpickling)) {
    if (!Array.isArray(pair)) throw new MalformedFile('its pickle makes a dictionary of no pairs');
    map.set(pair[0], pair[1]);
  }
  return map;
};

/** argparse's result: an object whose attributes come later, all at once. */
const namespace: Call = (_, unpickling) => {
  const attributes = new Map<unknown, unknown>();
  unpickling.onBuild(attributes, (state) => {
    if (!(state instanceof Map)) return;
    unpickling.spend(state.size);
    for (const [name, value] of state) attributes.set(name, value);
  });
  return attributes;
};

/** How protocols 0 to 2 write bytes: as text whose characters are the bytes. */
const encode: Call = ([text, encoding], unpickling) => {
  if (typeof text !== 'string') throw new MalformedFile('its pickle encodes something that is not a text');
  unpickling.spend(text.length);
  return Uint8Array.from(Buffer.from(text, encoding === 'latin1' ? 'latin1' : 'utf8'));
};

/** A NumPy element type; `read` takes one element from little-endian bytes. */
class NumpyType {
  readonly read: (view: DataView) => unknown;

  constructor(read: (view: DataView) => unknown) {
    this.read = read;
  }
}

const numpyReaders: ReadonlyMap<unknown, (view: DataView) => unknown> = new Map<unknown, (view: DataView) => unknown>([
  ['f8', (view) => view.getFloat64(0, true)],
  ['f4', (view) => view.getFloat32(0, true)],
  ['i8', (view) => view.getBigInt64(0, true)],
  ['i4', (view) => view.getInt32(0, true)],
  ['i2', (view) => view.getInt16(0, true)],
  ['i1', (view) => view.getInt8(0)],
  ['u1', (view) => view.getUint8(0)],
  ['b1', (view) => view.getUint8(0) !== 0],
]);

const numpyType: Call = ([code], unpickling) => {
  const read = numpyReaders.get(code);
  if (read === undefined) throw new MalformedFile(`it holds NumPy values of type ${quoted(code)}; leave them out`);
  const type = new NumpyType(read);
  unpickling.onBuild(type, (state) => {
    if (Array.isArray(state) && state[1] === '>')
      throw new MalformedFile('it holds big-endian NumPy values; leave them out');
  });
  return type;
};

const numpyScalar: Call = ([type, contents]) => {
  const bytes = typeof contents === 'string' ? Buffer.from(contents, 'latin1') : contents;
  if (!(type instanceof NumpyType) || !(bytes instanceof Uint8Array))
    throw new MalformedFile('it holds a damaged NumPy value');
  // Eight bytes are the longest element; shorter ones would read past the end.
  const padded = new Uint8Array(8);
  padded.set(bytes.subarray(0, 8));
  return type.read(new DataView(padded.buffer));
};

const functions: ReadonlyMap<string, PickleFunction> = new Map(
  Object.entries<Call>({
    'collections.OrderedDict': dictionary,
    'collections.defaultdict': (_, unpickling) => dictionary([], unpickling),
    'collections.Counter': ([counts]) => (counts instanceof Map ? counts : new Map()),
    'builtins.dict': dictionary,
    'builtins.set': set,
    'builtins.frozenset': set,
    'builtins.list': list,
    'builtins.tuple': list,
    'builtins.int': ([value]) => value ?? 0,
    'builtins.float': ([value]) => value ?? 0,
    'builtins.bool': ([value]) => value ?? false,
    'builtins.bytes': ([value]) => value ?? new Uint8Array(),
    'builtins.bytearray': ([value]) => value ?? new Uint8Array(),
    'argparse.Namespace': namespace,
    '_codecs.encode': encode,
    'numpy.dtype': numpyType,
    'numpy.core.multiarray.scalar': numpyScalar,
  }).map(([name, call]) => [name, new PickleFunction(name, call)]),
);
