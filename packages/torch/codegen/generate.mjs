// Writes src/operators.generated.ts from operators.txt and the schemas of the installed libtorch.
// `--check` only compares, and fails where the file is stale.
import { readFileSync, writeFileSync } from 'node:fs';
import { createRequire } from 'node:module';

const here = new URL('.', import.meta.url);
const target = new URL('../src/operators.generated.ts', here);
const native = createRequire(import.meta.url)('../build/torch.node');

const camelCase = (name) => name.replace(/(?<=[a-z0-9])_([a-z0-9])/g, (_, letter) => letter.toUpperCase());

/** Splits at commas outside brackets and quotes. */
const splitArguments = (text) =>
  text.match(/(?:\[[^\]]*\]|\([^)]*\)|"[^"]*"|[^,])+/g)?.map((part) => part.trim()) ?? [];

function parseSchema(schema) {
  const [, args, returns] = /^[^(]+\((.*)\) -> (.*)$/.exec(schema);
  const parsed = splitArguments(args)
    .filter((part) => part !== '*')
    .map((part) => {
      const [, type, name, , fallback] = /^(.*?) (\w+)(=(.*))?$/.exec(part);
      return { type, name: camelCase(name), required: fallback === undefined, fallback };
    });
  return { args: parsed, returns: returns.startsWith('(') ? splitArguments(returns.slice(1, -1)) : [returns] };
}

/** Enumerations travel as int in the schemas; their argument names tell them. */
function typeOf({ type, name }) {
  const optional = type.endsWith('?');
  const plain = type.replace(/\?$/, '').replace(/\([^)]*\)/, '');
  const typed = {
    Tensor: 'Tensor',
    'Tensor[]': 'readonly Tensor[]',
    'Tensor?[]': 'readonly (Tensor | null)[]',
    int: 'number',
    float: 'number',
    bool: 'boolean',
    Scalar: 'number | boolean',
    str: 'string',
    Device: 'Device',
    'int[]': 'readonly number[]',
    'float[]': 'readonly number[]',
    ScalarType: 'DType',
    MemoryFormat: 'MemoryFormat',
    Layout: 'number',
    Generator: 'never',
    'bool[]': 'readonly boolean[]',
  };
  let result =
    typed[plain] ??
    (/^(Sym)?[iI]nt\[\d+\]$/.test(plain)
      ? 'number | readonly number[]'
      : /^bool\[\d+\]$/.test(plain)
        ? 'readonly boolean[]'
        : undefined);
  if (plain === 'int' && name === 'dtype') result = 'DType';
  if (plain === 'int' && name === 'memoryFormat') result = 'MemoryFormat';
  if (result === undefined) throw new Error(`no TypeScript type for ${type} ${name}`);
  return optional ? `${result} | null` : result;
}

const returnType = (returns) => {
  const single = (type) =>
    ({ Tensor: 'Tensor', 'Tensor[]': 'Tensor[]', bool: 'boolean', Scalar: 'number', '': 'void' })[
      type.replace(/\([^)]*\)/g, '').split(' ')[0]
    ];
  return returns.length === 1 ? single(returns[0]) : `[${returns.map(single).join(', ')}]`;
};

const signature = ({ positional, optional, returns }) => {
  const parts = positional.map(({ name, type }) => `${name}: ${type}`);
  if (optional.length > 0)
    parts.push(`options?: { ${optional.map(({ name, type }) => `${name}?: ${type} | undefined`).join('; ')} }`);
  return `(${parts.join(', ')}): ${returns}`;
};

function shapeOf({ args, returns }, { method }) {
  const typed = args.map((argument) => ({ ...argument, type: typeOf(argument) }));
  return {
    positional: typed.filter((argument) => argument.required).slice(method ? 1 : 0),
    optional: typed.filter(({ name, required }) => !required && !['generator', 'layout', 'pinMemory'].includes(name)),
    returns: returnType(returns),
  };
}

/** add(Tensor, Tensor) and add(Tensor, number) become one signature that takes either, so that unions can be passed. */
function signatures(schemas, options) {
  const merged = [];
  for (const shape of schemas.map((schema) => shapeOf(schema, options))) {
    const same = merged.find(
      (other) =>
        other.returns === shape.returns &&
        other.positional.length === shape.positional.length &&
        JSON.stringify(other.optional) === JSON.stringify(shape.optional) &&
        other.positional.every(({ name }, i) => name === shape.positional[i].name),
    );
    if (same === undefined) merged.push(shape);
    else same.positional = same.positional.map((a, i) => ({ ...a, type: unionOf(a.type, shape.positional[i].type) }));
  }
  return merged.map(signature);
}

const unionOf = (...types) => [...new Set(types.flatMap((type) => type.split(' | ')))].join(' | ');

/** name → overloads, grouped by base name in the order of the list. */
function readList() {
  const groups = new Map();
  for (const line of readFileSync(new URL('operators.txt', here), 'utf8').split('\n')) {
    if (line.startsWith('#')) continue;
    for (const word of line.split(/\s+/).filter(Boolean)) {
      const [alias, full] = word.includes('=') ? word.split('=') : [word.split('.')[0], word];
      groups.set(alias, [...(groups.get(alias) ?? []), full]);
    }
  }
  return groups;
}

function schemaOf(full) {
  const [base, overload] = full.split('.');
  const found = native.resolve(`aten::${base}`, overload ?? '');
  if (found === null) throw new Error(`libtorch has no aten::${full}`);
  return found.schema.replaceAll('SymInt', 'int'); // 2.x spells sizes SymInt, and so do some operators of 1.13
}

const functions = [];
const methods = [];
const exported = [];
const table = [];
for (const [alias, overloads] of [...readList()].sort(([a], [b]) => (a < b ? -1 : 1))) {
  const name = camelCase(alias);
  const schemas = overloads.map(schemaOf);
  const parsed = schemas.map(parseSchema);
  const isMethod = parsed[0].args[0]?.name === 'self';
  table.push(`  ${name}: [\n${schemas.map((schema) => `    ${JSON.stringify(schema)},\n`).join('')}  ],`);
  if (alias !== '_to') {
    functions.push(...signatures(parsed, { method: false }).map((text) => `  ${name}${text};`));
    // `var` is a reserved word, yet a legal export name.
    exported.push(
      name === 'var'
        ? `const variance: Functions<Tensor>['var'] = operatorFunctions.var;\nexport { variance as var };`
        : `export const ${name}: Functions<Tensor>['${name}'] = operatorFunctions.${name};`,
    );
  }
  if (isMethod) methods.push(...signatures(parsed, { method: true }).map((text) => `  ${name}${text};`));
}

const text = `// Generated by codegen/generate.mjs from codegen/operators.txt. DO NOT EDIT BY HAND.
import type { Device } from './device.js';
import type { DType } from './dtype.js';

export type MemoryFormat = 'contiguous' | 'preserve' | 'channelsLast';

/** The schemas these signatures were made from, as libtorch ${native.versions().torch} prints them. */
export const schemas: Readonly<Record<string, readonly string[]>> = {
${table.join('\n')}
};

/** A parameter, since tensor.ts, which has the type itself, imports this file. */
export interface TensorMethods<Tensor> {
${methods.join('\n')}
}

export interface Functions<Tensor> {
${functions.join('\n')}
}
`;
const functionsFile = `// Generated by codegen/generate.mjs from codegen/operators.txt. DO NOT EDIT BY HAND.
import type { Functions } from './operators.generated.js';
import { operatorFunctions } from './operators.js';
import type { Tensor } from './tensor.js';

${exported.join('\n')}
`;

const outputs = [
  [target, text],
  [new URL('../src/functions.generated.ts', here), functionsFile],
];
const stale = outputs.filter(([file, content]) => {
  try {
    return readFileSync(file, 'utf8') !== content;
  } catch {
    return true;
  }
});
if (process.argv.includes('--check')) {
  if (stale.length > 0) {
    console.error(`stale: run npm run generate`);
    process.exit(1);
  }
} else {
  for (const [file, content] of stale) writeFileSync(file, content);
  console.error(`${exported.length} operators`);
}
