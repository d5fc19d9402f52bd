/**
 * A reader of Python pickles, protocols 0 to 5, that builds plain data and never runs code: the only functions a file
 * can call are those that the caller's `findGlobal` hands out.
 */
import { ByteReader } from './byte-reader.js';
import { allowance, MalformedFile } from './file-error.js';
import { decodeLong, decodeStringRepr, decodeUnicodeEscapes, parseInteger } from './pickle-numbers.js';

/** What a pickle may do beside building data, for the functions it calls. */
export interface Unpickling {
  /** Counts work that a call costs, in items, against the whole pickle's allowance. */
  spend(items: number): void;
  /** Says how an object takes the state that a later BUILD gives it. */
  onBuild(value: object, build: (state: unknown) => void): void;
}

/** The harmless stand-in for a Python function or class that a pickle may name and call. */
export class PickleFunction {
  readonly name: string;
  readonly call: (args: readonly unknown[], unpickling: Unpickling) => unknown;

  constructor(name: string, call: (args: readonly unknown[], unpickling: Unpickling) => unknown) {
    this.name = name;
    this.call = call;
  }
}

export interface PickleOptions {
  /** Where in the bytes the pickle starts. */
  readonly start?: number;
  /** The value that stands for `module.name`; undefined refuses the file. */
  readonly findGlobal: (name: string) => unknown;
  /** The value of an object kept outside the pickle. */
  readonly persistentLoad?: (id: unknown) => unknown;
}

/**
 * Reads one pickle: lists and tuples become arrays, dictionaries Maps, sets Sets, bytes Uint8Arrays, None null, and
 * integers beyond 2^53 bigints. `end` is the position behind it. Throws `MalformedFile`.
 */
export const unpickle = (bytes: Uint8Array, options: PickleOptions): { value: unknown; end: number } => {
  const machine = new Machine(bytes, options);
  const value = machine.run();
  return { value, end: machine.reader.offset };
};

// Real checkpoints need some ten thousand; each can cost a few hundred bytes of memory.
const mostOperations = 5_000_000;

class Machine implements Unpickling {
  readonly reader: ByteReader;
  readonly options: PickleOptions;
  readonly memo = new Map<number, unknown>();
  readonly stack: unknown[] = [];
  readonly spend: (items: number) => void = allowance(mostOperations, 'its pickle is too large to be a checkpoint');
  private readonly marks: number[] = [];
  private readonly builders = new WeakMap<object, (state: unknown) => void>();

  constructor(bytes: Uint8Array, options: PickleOptions) {
    this.reader = new ByteReader(bytes, options.start);
    this.options = options;
  }

  run(): unknown {
    for (;;) {
      this.spend(1);
      const code = this.reader.uint8();
      if (code === stop) return this.pop();
      const operation = operations[code];
      if (operation === undefined) throw new MalformedFile(`its pickle has the unknown code 0x${code.toString(16)}`);
      operation(this);
    }
  }

  push(value: unknown): void {
    this.stack.push(value);
  }

  pop(): unknown {
    this.requireItem();
    return this.stack.pop();
  }

  top(): unknown {
    this.requireItem();
    return this.stack.at(-1);
  }

  mark(): void {
    this.marks.push(this.stack.length);
  }

  /** Everything above the last mark. */
  popMark(): unknown[] {
    const start = this.marks.pop();
    if (start === undefined) throw new MalformedFile('its pickle is damaged: it closes a group it never opened');
    return this.stack.splice(start);
  }

  /** `count` items, in the order they were pushed. */
  popMany(count: number): unknown[] {
    return Array.from({ length: count }, () => this.pop()).reverse();
  }

  get(index: number): void {
    if (!this.memo.has(index))
      throw new MalformedFile(`its pickle is damaged: it refers to item ${index} before it exists`);
    this.push(this.memo.get(index));
  }

  put(index: number): void {
    this.memo.set(index, this.top());
  }

  global(module: unknown, name: unknown): void {
    if (typeof module !== 'string' || typeof name !== 'string') throw damaged('a name of a function is not a text');
    const value = this.options.findGlobal(`${module}.${name}`);
    if (value === undefined) throw refused(`${module}.${name}`);
    this.push(value);
  }

  call(target: unknown, args: unknown): void {
    if (!(target instanceof PickleFunction)) throw damaged('it calls something that is not a function');
    if (!Array.isArray(args)) throw damaged(`the arguments of ${target.name} are not a tuple`);
    this.push(target.call(args, this));
  }

  onBuild(value: object, build: (state: unknown) => void): void {
    this.builders.set(value, build);
  }

  build(): void {
    const state = this.pop();
    const target = this.top();
    const builder = typeof target === 'object' && target !== null ? this.builders.get(target) : undefined;
    if (builder !== undefined) builder(state);
    // The attributes of a dictionary (`_metadata` of a state dict) say nothing about its entries.
    else if (!(target instanceof Map)) throw damaged('it gives attributes to something that has none');
  }

  persistent(id: unknown): void {
    if (this.options.persistentLoad === undefined) throw damaged('it refers to an object outside of it');
    this.push(this.options.persistentLoad(id));
  }

  private requireItem(): void {
    if (this.stack.length <= (this.marks.at(-1) ?? 0)) throw damaged('it takes more items than it made');
  }
}

const damaged = (problem: string): MalformedFile => new MalformedFile(`its pickle is damaged: ${problem}`);

const refused = (name: string): MalformedFile =>
  new MalformedFile(
    `it asks for Python's ${printable(name)}, which is not on the list of plain data; loading it could run code, so it was refused; ` +
      'save the weights alone with torch.save(model.state_dict(), …), or as safetensors',
  );

const printable = (text: string): string => text.slice(0, 100).replace(/[^\x21-\x7e]/g, '?');

const appendTo = (target: unknown, items: readonly unknown[]): void => {
  if (!Array.isArray(target)) throw damaged('it appends to something that is not a list');
  for (const item of items) target.push(item);
};

const setIn = (target: unknown, items: readonly unknown[]): void => {
  if (!(target instanceof Map)) throw damaged('it sets an entry of something that is not a dictionary');
  if (items.length % 2 !== 0) throw damaged('a key of a dictionary has no value');
  for (let i = 0; i < items.length; i += 2) target.set(items[i], items[i + 1]);
};

const mapOf = (items: readonly unknown[]): Map<unknown, unknown> => {
  const map = new Map<unknown, unknown>();
  setIn(map, items);
  return map;
};

const addTo = (target: unknown, items: readonly unknown[]): void => {
  if (!(target instanceof Set)) throw damaged('it adds to something that is not a set');
  for (const item of items) target.add(item);
};

/** INST and OBJ: a class, then its arguments, all above a mark. */
const instantiate = (machine: Machine, [target, ...args]: unknown[]): void => machine.call(target, args);

const python2String = (machine: Machine, length: number): string => {
  const start = machine.reader.offset;
  const text = machine.reader.utf8(length);
  if (!text.includes('\ufffd')) return text;
  machine.reader.offset = start;
  return machine.reader.latin1(length);
};

const stop = 0x2e;

type Operation = (machine: Machine) => void;

/** By the names of Python's pickletools. What is absent (EXT1…, NEXT_BUFFER) needs things that no file holds. */
const operations: Readonly<Record<number, Operation>> = {
  /* PROTO            */ 128: (m) => m.reader.take(1),
  /* FRAME            */ 149: (m) => m.reader.take(8),
  /* MARK             */ 40: (m) => m.mark(),
  /* POP              */ 48: (m) => m.pop(),
  /* POP_MARK         */ 49: (m) => m.popMark(),
  /* DUP              */ 50: (m) => m.push(m.top()),

  /* NONE             */ 78: (m) => m.push(null),
  /* NEWTRUE          */ 136: (m) => m.push(true),
  /* NEWFALSE         */ 137: (m) => m.push(false),
  /* INT              */ 73: (m) => m.push(parseInteger(m.reader.line())),
  /* LONG             */ 76: (m) => m.push(parseInteger(m.reader.line())),
  /* BININT           */ 74: (m) => m.push(m.reader.int32()),
  /* BININT1          */ 75: (m) => m.push(m.reader.uint8()),
  /* BININT2          */ 77: (m) => m.push(m.reader.uint16()),
  /* LONG1            */ 138: (m) => m.push(decodeLong(m.reader.take(m.reader.uint8()))),
  /* LONG4            */ 139: (m) => m.push(decodeLong(m.reader.take(m.reader.int32()))),
  /* FLOAT            */ 70: (m) => m.push(Number(m.reader.line().replace('inf', 'Infinity'))),
  /* BINFLOAT         */ 71: (m) => m.push(m.reader.bigEndianFloat64()),

  /* STRING           */ 83: (m) => m.push(decodeStringRepr(m.reader.line())),
  /* BINSTRING        */ 84: (m) => m.push(python2String(m, m.reader.int32())),
  /* SHORT_BINSTRING  */ 85: (m) => m.push(python2String(m, m.reader.uint8())),
  /* UNICODE          */ 86: (m) => m.push(decodeUnicodeEscapes(m.reader.line())),
  /* SHORT_BINUNICODE */ 140: (m) => m.push(m.reader.utf8(m.reader.uint8())),
  /* BINUNICODE       */ 88: (m) => m.push(m.reader.utf8(m.reader.uint32())),
  /* BINUNICODE8      */ 141: (m) => m.push(m.reader.utf8(m.reader.uint64())),
  /* SHORT_BINBYTES   */ 67: (m) => m.push(m.reader.take(m.reader.uint8())),
  /* BINBYTES         */ 66: (m) => m.push(m.reader.take(m.reader.uint32())),
  /* BINBYTES8        */ 142: (m) => m.push(m.reader.take(m.reader.uint64())),
  /* BYTEARRAY8       */ 150: (m) => m.push(m.reader.take(m.reader.uint64())),

  /* EMPTY_LIST       */ 93: (m) => m.push([]),
  /* LIST             */ 108: (m) => m.push(m.popMark()),
  /* APPEND           */ 97: (m) => appendTo(...withTarget(m, m.popMany(1))),
  /* APPENDS          */ 101: (m) => appendTo(...withTarget(m, m.popMark())),
  /* EMPTY_TUPLE      */ 41: (m) => m.push([]),
  /* TUPLE            */ 116: (m) => m.push(m.popMark()),
  /* TUPLE1           */ 133: (m) => m.push(m.popMany(1)),
  /* TUPLE2           */ 134: (m) => m.push(m.popMany(2)),
  /* TUPLE3           */ 135: (m) => m.push(m.popMany(3)),
  /* EMPTY_DICT       */ 125: (m) => m.push(new Map()),
  /* DICT             */ 100: (m) => m.push(mapOf(m.popMark())),
  /* SETITEM          */ 115: (m) => setIn(...withTarget(m, m.popMany(2))),
  /* SETITEMS         */ 117: (m) => setIn(...withTarget(m, m.popMark())),
  /* EMPTY_SET        */ 143: (m) => m.push(new Set()),
  /* ADDITEMS         */ 144: (m) => addTo(...withTarget(m, m.popMark())),
  /* FROZENSET        */ 145: (m) => m.push(new Set(m.popMark())),

  /* PUT              */ 112: (m) => m.put(Number(m.reader.line())),
  /* BINPUT           */ 113: (m) => m.put(m.reader.uint8()),
  /* LONG_BINPUT      */ 114: (m) => m.put(m.reader.uint32()),
  /* MEMOIZE          */ 148: (m) => m.put(m.memo.size),
  /* GET              */ 103: (m) => m.get(Number(m.reader.line())),
  /* BINGET           */ 104: (m) => m.get(m.reader.uint8()),
  /* LONG_BINGET      */ 106: (m) => m.get(m.reader.uint32()),

  /* GLOBAL           */ 99: (m) => m.global(m.reader.line(), m.reader.line()),
  /* STACK_GLOBAL     */ 147: (m) => m.global(...(m.popMany(2) as [unknown, unknown])),
  /* REDUCE           */ 82: (m) => m.call(...(m.popMany(2) as [unknown, unknown])),
  /* NEWOBJ           */ 129: (m) => m.call(...(m.popMany(2) as [unknown, unknown])),
  /* NEWOBJ_EX        */ 146: (m) => m.call(...(m.popMany(3).slice(0, 2) as [unknown, unknown])),
  /* OBJ              */ 111: (m) => instantiate(m, m.popMark()),
  /* INST             */ 105: (m) => {
    m.global(m.reader.line(), m.reader.line());
    const target = m.pop();
    instantiate(m, [target, ...m.popMark()]);
  },
  /* BUILD            */ 98: (m) => m.build(),
  /* PERSID           */ 80: (m) => m.persistent(m.reader.line()),
  /* BINPERSID        */ 81: (m) => m.persistent(m.pop()),
};

const withTarget = (machine: Machine, items: unknown[]): [unknown, unknown[]] => [machine.top(), items];
