/** Operators are data: a listed name, resolved on first use against the installed libtorch, and one dispatcher call. */
import { dtypes } from './dtype.js';
import { TorchError } from './errors.js';
import { type NativeOperator, native } from './native.js';
import { type Functions, schemas } from './operators.generated.js';
import { describeTensor, handleOf, Tensor } from './tensor.js';

type OperatorFunction = (...args: unknown[]) => unknown;
type Options = Readonly<Record<string, unknown>>;

interface Overload {
  readonly native: NativeOperator;
  readonly required: number;
  readonly returnsTensor: boolean;
  /** Position of each optional argument by its camelCase name. */
  readonly options: ReadonlyMap<string, number>;
  /** What the addon takes for each argument's value. */
  readonly encoders: readonly Encoder[];
}

type Encoder = (value: unknown) => unknown;

/** c10::MemoryFormat's numbers, under PyTorch's names. */
const memoryFormats: Readonly<Record<string, number>> = { contiguous: 0, preserve: 1, channelsLast: 2 };

/**
 * The function behind one exported operator. `names` are its overloads in order of preference ("add.Tensor").
 * Required arguments are positional; the others come in one options object at the end.
 */
export function operator(names: readonly string[]): OperatorFunction {
  let overloads: readonly Overload[] | undefined;
  return (...args) => {
    overloads ??= names.map(resolve);
    const overload = overloads.length === 1 ? (overloads[0] as Overload) : select(overloads, args);
    return invoke(overload, args);
  };
}

/** PyTorch's name in camelCase: log_softmax → logSoftmax; a leading or closing underscore stays. */
export const camelCase = (name: string): string =>
  name.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter: string) => letter.toUpperCase());

function resolve(name: string): Overload {
  const [base = '', overload = ''] = name.split('.');
  const found = native.resolve(`aten::${base}`, overload);
  if (found === null) {
    throw new TorchError(
      'OPERATOR_FAILED',
      `${camelCase(base)}: this libtorch (${native.versions().torch}) has no operator aten::${name}.`,
    );
  }
  return {
    native: found,
    required: found.arguments.filter((argument) => argument.required).length,
    returnsTensor: found.returns.length === 1 && found.returns[0] === 'Tensor',
    options: new Map(
      found.arguments.flatMap((a, i) => (a.required || hidden.has(a.name) ? [] : [[camelCase(a.name), i] as const])),
    ),
    encoders: found.arguments.map(({ name: argument, kind }) => encoderOf(argument, kind)),
  };
}

/** Dense tensors and the default generators only: libtorch believes any number given for these. */
const hidden: ReadonlySet<string> = new Set(['layout', 'pin_memory', 'generator']);

/**
 * Tensors and enumerations reach the addon as numbers, so they are told apart from plain numbers here: libtorch would
 * take any number for a handle or a memory format, and could crash on it.
 */
function encoderOf(name: string, kind: string): Encoder {
  const expect =
    (what: string, encode: Encoder): Encoder =>
    (value) => {
      if (value === null || value === undefined) return value;
      const encoded = encode(value);
      if (encoded !== undefined) return encoded;
      throw new TorchError('INVALID_ARGUMENT', `${camelCase(name)} must be ${what}`);
    };
  const tensor: Encoder = (value) => (value instanceof Tensor ? handleOf(value) : undefined);
  const listOf =
    (item: Encoder): Encoder =>
    (value) => {
      const handles = Array.isArray(value) ? value.map(item) : [undefined];
      return handles.includes(undefined) ? undefined : handles;
    };
  if (kind === 'Tensor') {
    const other = expect('a Tensor', tensor);
    return (value) => (value instanceof Tensor ? handleOf(value) : other(value)); // the hot path, without a detour
  }
  if (kind === 'Tensor[]') return expect('an array of Tensors', listOf(tensor));
  if (kind === 'Tensor?[]')
    return expect(
      'an array of Tensors or null',
      listOf((v) => (v === null ? v : tensor(v))),
    );
  if (kind === 'bool') return expect('true or false', (v) => (typeof v === 'boolean' ? v : undefined));
  if (kind === 'str' || kind === 'Device') return expect('a text', (v) => (typeof v === 'string' ? v : undefined));
  if (name === 'dtype') return expect('a dtype', (v) => own(dtypes, v)?.code);
  if (name === 'memory_format') return expect('a memory format', (v) => own(memoryFormats, v));
  const other = expect('a number or an array of them', (v) => (v instanceof Tensor ? undefined : v));
  return (value) => (typeof value === 'number' ? value : other(value));
}

const own = <Value>(table: Readonly<Record<string, Value>>, key: unknown): Value | undefined =>
  typeof key === 'string' && Object.hasOwn(table, key) ? table[key] : undefined;

const isOptions = (value: unknown): value is Options =>
  typeof value === 'object' && value !== null && !(value instanceof Tensor) && !Array.isArray(value);

function select(overloads: readonly Overload[], args: readonly unknown[]): Overload {
  const positional = isOptions(args.at(-1)) ? args.length - 1 : args.length;
  const fits = (overload: Overload): boolean =>
    overload.required === positional &&
    args.slice(0, positional).every((arg, i) => accepts(overload.native.arguments[i]?.kind, arg));
  const found = overloads.find(fits);
  if (found !== undefined) return found;
  const schemas = overloads.map(({ native: { schema } }) => schema.replace(/^aten::/, '')).join(' or ');
  throw new TorchError(
    'INVALID_ARGUMENT',
    `${nameOf(overloads[0] as Overload)}: received (${describeArguments(args)}), expected ${schemas}.`,
  );
}

function accepts(kind: string | undefined, value: unknown): boolean {
  if (value === null || value === undefined) return true;
  if (kind === 'Tensor') return value instanceof Tensor;
  if (kind === 'Tensor[]' || kind === 'Tensor?[]') return Array.isArray(value);
  if (kind?.endsWith('[]')) return typeof value === 'number' || Array.isArray(value);
  if (kind === 'str' || kind === 'Device') return typeof value === 'string';
  if (kind === 'int' && typeof value === 'string') return value in dtypes || value in memoryFormats;
  return typeof value === 'number' || typeof value === 'boolean' || typeof value === 'bigint';
}

function invoke(overload: Overload, args: readonly unknown[]): unknown {
  const { index } = overload.native;
  const { encoders, required } = overload;
  let result: unknown;
  try {
    if (args.length === required && required === 1) {
      result = native.call(index, (encoders[0] as Encoder)(args[0]));
    } else if (args.length === required && required === 2) {
      result = native.call(index, (encoders[0] as Encoder)(args[0]), (encoders[1] as Encoder)(args[1]));
    } else {
      result = native.call(index, ...encodeAll(overload, args));
    }
  } catch (cause) {
    throw explain(overload, args, cause);
  }
  return overload.returnsTensor ? new Tensor(result as number) : wrapResults(overload, result);
}

function encodeAll(overload: Overload, args: readonly unknown[]): unknown[] {
  const options = args.length > overload.required ? args[overload.required] : undefined;
  if (
    args.length < overload.required ||
    args.length > overload.required + 1 ||
    (options !== undefined && !isOptions(options))
  ) {
    throw new TorchError('INVALID_ARGUMENT', `expected ${overload.required} arguments and an options object`);
  }
  const values = args.slice(0, overload.required).map((value, i) => (overload.encoders[i] as Encoder)(value));
  if (options === undefined) return values;
  for (const [name, value] of Object.entries(options)) {
    if (value === undefined) continue;
    const position = overload.options.get(name);
    if (position === undefined) {
      throw new TorchError(
        'INVALID_ARGUMENT',
        `no option named ${name}; known: ${[...overload.options.keys()].join(', ') || 'none'}`,
      );
    }
    while (values.length <= position) values.push(undefined);
    values[position] = (overload.encoders[position] as Encoder)(value);
  }
  return values;
}

function wrapResults({ native: { returns } }: Overload, result: unknown): unknown {
  if (returns.length === 0) return undefined;
  if (returns.length === 1) return wrapResult(returns[0], result);
  return (result as unknown[]).map((item, i) => wrapResult(returns[i], item));
}

function wrapResult(kind: string | undefined, result: unknown): unknown {
  if (kind === 'Tensor') return result === null ? null : new Tensor(result as number);
  if (kind === 'Tensor[]') return (result as number[]).map((handle) => new Tensor(handle));
  return result;
}

const nameOf = (overload: Overload): string => camelCase(/^aten::([^.(]+)/.exec(overload.native.schema)?.[1] ?? '');

function explain(overload: Overload, args: readonly unknown[], cause: unknown): TorchError {
  if (cause instanceof TorchError && cause.code === 'TENSOR_FREED') {
    return new TorchError('TENSOR_FREED', `${nameOf(overload)}: ${cause.message}`, { cause });
  }
  const reason = (cause instanceof Error ? cause.message : String(cause)).split('\n')[0]?.replace(/\.$/, '');
  const code = cause instanceof TorchError ? cause.code : 'OPERATOR_FAILED';
  const schema = overload.native.schema.replace(/^aten::/, '');
  return new TorchError(
    code,
    `${nameOf(overload)}: ${reason}. Received (${describeArguments(args)}); expected ${schema}.`,
    { cause },
  );
}

const describeArguments = (args: readonly unknown[]): string => args.map((arg) => describeArgument(arg)).join(', ');

function describeArgument(value: unknown, depth = 0): string {
  if (value instanceof Tensor) return describeTensor(value);
  if (typeof value !== 'object' || value === null) return String(value);
  if (depth > 2) return '…';
  if (Array.isArray(value)) {
    const items = value.slice(0, 8).map((item) => describeArgument(item, depth + 1));
    return `[${items.join(', ')}${value.length > 8 ? ', …' : ''}]`;
  }
  const entries = Object.entries(value).map(([name, item]) => `${name}: ${describeArgument(item, depth + 1)}`);
  return `{ ${entries.join(', ')} }`;
}

const overloadName = (schema: string): string => /^aten::([^(]+)/.exec(schema)?.[1] ?? '';

/** Every listed operator as a function, by its camelCase name. */
export const operatorFunctions: Functions<Tensor> = Object.fromEntries(
  Object.entries(schemas).map(([name, overloads]) => [name, operator(overloads.map(overloadName))]),
) as unknown as Functions<Tensor>;

for (const [name, [schema = '']] of Object.entries(schemas)) {
  if (!/^[^(]+\(Tensor(\([^)]*\))? self\b/.test(schema)) continue;
  const run = (operatorFunctions as unknown as Record<string, OperatorFunction>)[name] as OperatorFunction;
  Object.defineProperty(Tensor.prototype, name, {
    value(this: Tensor, ...args: unknown[]): unknown {
      return run(this, ...args);
    },
  });
}
